"""Sections of an issue: unique names, bounds, order, and none removed with items in it."""

import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid
from curator.issues.compose import add_item
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
