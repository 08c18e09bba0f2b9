"""Sections of an issue: unique names, bounds, order, and none removed with items in it."""

import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid
from curator.issues.compose import add_item, move_item
from curator.issues.edit import restore
from curator.issues.revisions import latest_revision
from curator.issues.sections import (
    add_section,
    change_section,
    move_section,
    remove_section,
    rename_section,
    sections_of,
)
from tests.issues.rows import a_newsletter, an_article, an_issue


def test_sections_are_added_renamed_moved_and_removed(session: Session) -> None:
    issue = an_issue(session, a_newsletter(session))
    short = issue.sections[3].id
    partner = add_section(session, issue.id, "Partner", maximum=1, label="Advertentie")
    move_section(session, partner.id, 1)
    rename_section(session, short, "Tot slot")
    assert [s.name for s in sections_of(session, issue.id)] == [
        "Hoofdverhaal", "Partner", "Nieuws", "Achtergrond", "Tot slot",
    ]  # fmt: skip
    remove_section(session, partner.id)
    assert [s.position for s in sections_of(session, issue.id)] == [0, 1, 2, 3]


def test_a_sponsored_section_has_a_label_and_a_limit_that_holds(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    for given in ({"maximum": 1}, {"label": "Advertentie"}, {"maximum": 1, "label": "  "}):
        with pytest.raises(Invalid, match="is sponsored"):
            add_section(session, issue.id, "Partner", is_sponsored=True, **given)  # type: ignore[arg-type]
    partner = add_section(session, issue.id, "Partner", maximum=1, label="Advertentie", is_sponsored=True)
    for fields in ({"label": ""}, {"maximum": ""}):
        with pytest.raises(Invalid, match="is sponsored"):
            change_section(session, partner.id, **fields)  # type: ignore[arg-type]
    first, second = (an_article(session, newsletter, name) for name in ("one", "two"))
    add_item(session, issue.id, first.id, "Partner")
    with pytest.raises(Conflict, match="holds 1 at most"):
        add_item(session, issue.id, second.id, "Partner")
    item = add_item(session, issue.id, second.id, "Kort")
    with pytest.raises(Conflict, match="holds 1 at most"):
        move_item(session, item.id, partner.id, None)
    change_section(session, partner.id, is_sponsored=False, label="", maximum="")
    move_item(session, item.id, partner.id, 0)
    assert latest_revision(session, issue.id) is not None


def test_undoing_a_change_brings_the_sponsor_back(session: Session) -> None:
    issue = an_issue(session, a_newsletter(session))
    partner = add_section(session, issue.id, "Partner", maximum=1, label="Advertentie", is_sponsored=True)
    change_section(session, partner.id, is_sponsored=False, label="")
    changed = latest_revision(session, issue.id)
    assert changed is not None
    restore(session, changed, "ada@example.org")
    assert (partner.is_sponsored, partner.label) == (True, "Advertentie")


def test_a_template_with_an_unlabelled_sponsor_is_refused(session: Session) -> None:
    sold = {"name": "Partner", "minimum": 0, "maximum": 1, "label": "Advertentie", "sponsored": True}
    for wrong in ({"label": ""}, {"maximum": None}):
        with pytest.raises(Invalid, match="is sponsored"):
            a_newsletter(session, section_template=[{**sold, **wrong}])
    issue = an_issue(session, a_newsletter(session, section_template=[sold]))
    assert [(section.label, section.is_sponsored) for section in issue.sections] == [("Advertentie", True)]


def test_a_name_stands_once(session: Session) -> None:
    issue = an_issue(session, a_newsletter(session))
    with pytest.raises(Invalid, match="already a section"):
        add_section(session, issue.id, "NIEUWS")
    with pytest.raises(Invalid, match="already a section"):
        rename_section(session, issue.sections[0].id, "kort")


def test_bounds_are_checked(session: Session) -> None:
    issue = an_issue(session, a_newsletter(session))
    with pytest.raises(Invalid):
        change_section(session, issue.sections[0].id, minimum=3, maximum=2)


def test_a_section_with_items_stays(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    add_item(session, issue.id, an_article(session, newsletter).id, "Kort")
    with pytest.raises(Conflict, match="still has 1 item"):
        remove_section(session, issue.sections[3].id)
    for section in issue.sections[:3]:
        remove_section(session, section.id)
    assert [s.name for s in sections_of(session, issue.id)] == ["Kort"]
