"""A fix is an ordinary change: it does what it says, the history reverses it, and it touches nothing else."""

import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict
from curator.issues.compose import add_item, get_issue
from curator.issues.edit import edit_issue, edit_item, restore
from curator.issues.fixes import Change, Fix, apply_fix
from curator.issues.models import Issue, Item
from curator.issues.revisions import latest_revision
from tests.issues.rows import a_newsletter, an_article, an_issue

BY = "editor@example.org"


@pytest.fixture
def issue(session: Session) -> Issue:
    made = an_issue(session, a_newsletter(session))
    add_item(session, made.id, an_article(session, made.newsletter).id, made.sections[0].name, by=BY)
    return get_issue(session, made.id)


def item_of(issue: Issue) -> Item:
    return issue.sections[0].items[0]


def undone(session: Session, issue: Issue) -> Issue:
    revision = latest_revision(session, issue.id)
    assert revision is not None
    restore(session, revision, BY)
    return get_issue(session, issue.id)


def test_words_are_replaced_and_come_back(session: Session, issue: Issue) -> None:
    edit_item(session, item_of(issue).id, "blurb", "Dag {name}, zie [x](https://a.test/1)", item_of(issue).version, BY)
    fix = Fix(Change.REPLACE, "", "blurb", item_of(issue).id, old="https://a.test/1", new="https://b.test/2")
    apply_fix(session, issue.id, fix, BY)
    assert item_of(get_issue(session, issue.id)).blurb == "Dag {name}, zie [x](https://b.test/2)"
    assert item_of(undone(session, issue)).blurb == "Dag {name}, zie [x](https://a.test/1)"


def test_an_address_that_begins_alike_is_left_alone(session: Session, issue: Issue) -> None:
    words = (
        "[a](https://bit.ly/a), [b](https://bit.ly/ab), [c](https://bit.ly/a?x), <https://bit.ly/a>. https://bit.ly/a."
    )
    edit_issue(session, issue.id, "intro", words, issue.version, BY)
    fix = Fix(Change.REPLACE, "", "intro", old="https://bit.ly/a", new=r"https://b.test/\1")
    apply_fix(session, issue.id, fix, BY)
    assert get_issue(session, issue.id).intro == (
        r"[a](https://b.test/\1), [b](https://bit.ly/ab), [c](https://bit.ly/a?x), <https://b.test/\1>. https://b.test/\1."
    )


def test_an_empty_field_is_written_and_comes_back(session: Session, issue: Issue) -> None:
    apply_fix(session, issue.id, Fix(Change.WRITE, "", "preheader", new="Vooruit"), BY)
    assert get_issue(session, issue.id).preheader == "Vooruit"
    assert undone(session, issue).preheader == ""


def test_words_somebody_else_wrote_meanwhile_are_kept(session: Session, issue: Issue) -> None:
    edit_issue(session, issue.id, "preheader", "Van een collega", issue.version, "other@example.org")
    with pytest.raises(Conflict):
        apply_fix(session, issue.id, Fix(Change.WRITE, "", "preheader", new="Vooruit"), BY)
    with pytest.raises(Conflict):
        apply_fix(session, issue.id, Fix(Change.REPLACE, "", "subject", old="2024", new="2026"), BY)
    assert get_issue(session, issue.id).preheader == "Van een collega"


def test_a_section_is_labelled_or_removed_and_comes_back(session: Session, issue: Issue) -> None:
    first, last = issue.sections[0].name, issue.sections[-1].name
    apply_fix(session, issue.id, Fix(Change.LABEL, "", section=first, new="Advertentie"), BY)
    assert get_issue(session, issue.id).sections[0].label == "Advertentie"
    assert undone(session, issue).sections[0].label == issue.sections[0].label
    apply_fix(session, issue.id, Fix(Change.DROP_SECTION, "", section=last), BY)
    assert last not in [section.name for section in get_issue(session, issue.id).sections]
    assert undone(session, issue).sections[-1].name == last


def test_an_item_is_removed_and_comes_back(session: Session, issue: Issue) -> None:
    item = item_of(issue)
    apply_fix(session, issue.id, Fix(Change.DROP_ITEM, "", item_id=item.id), BY)
    assert get_issue(session, issue.id).sections[0].items == []
    assert item_of(undone(session, issue)).id == item.id


def test_a_fix_reaches_no_other_issue(session: Session, issue: Issue) -> None:
    other = an_issue(session, issue.newsletter)
    fix = Fix(Change.WRITE, "", "picture_alt", item_of(issue).id, new="x")
    with pytest.raises(Conflict):
        apply_fix(session, other.id, fix, BY)
