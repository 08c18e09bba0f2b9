"""Saving words: no word is lost when two people write, and whatever was done can be undone."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound
from curator.issues.compose import add_item, get_issue, items_of, move_item, remove_item
from curator.issues.edit import edit_issue, edit_item, history, restore
from curator.issues.models import Issue, IssueState, Item
from curator.issues.sections import add_section, change_section, move_section, remove_section, sections_of
from tests.issues.rows import a_newsletter, an_article, an_issue

ANN, BEN = "ann@example.org", "ben@example.org"


@pytest.fixture
def issue(session: Session) -> Issue:
    return an_issue(session, a_newsletter(session))


@pytest.fixture
def item(session: Session, issue: Issue) -> Item:
    return add_item(session, issue.id, an_article(session, issue.newsletter).id, "Nieuws", "Blurb")


def test_a_save_cleans_raises_the_version_and_is_remembered(session: Session, issue: Issue) -> None:
    before = issue.version
    edit_issue(session, issue.id, "subject", "New\r\nsubject", before, ANN)
    fresh = get_issue(session, issue.id)
    assert (fresh.subject, fresh.version) == ("New subject", before + 1)
    change = history(session, issue.id)[0]
    assert (change.field, change.before, change.after, change.by) == ("subject", "Deze week", "New subject", ANN)


def test_the_same_field_changed_meanwhile_conflicts_with_both_texts(session: Session, issue: Issue) -> None:
    seen = issue.version
    edit_issue(session, issue.id, "intro", "Ann's words", seen, ANN)
    with pytest.raises(Conflict) as conflict:
        edit_issue(session, issue.id, "intro", "Ben's words", seen, BEN)
    facts = conflict.value.facts
    assert (facts["field"], facts["mine"], facts["theirs"], facts["by"]) == ("intro", "Ben's words", "Ann's words", ANN)
    assert get_issue(session, issue.id).intro == "Ann's words"
    edit_issue(session, issue.id, "intro", "Both", facts["version"], BEN)
    assert get_issue(session, issue.id).intro == "Both"


def test_other_fields_and_items_do_not_conflict(session: Session, issue: Issue, item: Item) -> None:
    seen, item_seen = issue.version, item.version
    edit_issue(session, issue.id, "intro", "Words", seen, ANN)
    edit_item(session, item.id, "title", "Title", item_seen, ANN)
    edit_issue(session, issue.id, "subject", "Subject", seen, BEN)
    edit_item(session, item.id, "blurb", "Other blurb", item_seen, BEN)
    assert (get_issue(session, issue.id).subject, item.title, item.blurb) == ("Subject", "Title", "Other blurb")


def test_an_item_conflicts_on_its_own_version(session: Session, item: Item) -> None:
    seen = item.version
    edit_item(session, item.id, "blurb", "One", seen, ANN)
    with pytest.raises(Conflict):
        edit_item(session, item.id, "blurb", "Two", seen, BEN)


def test_saving_what_stands_already_changes_nothing(session: Session, issue: Issue) -> None:
    edit_issue(session, issue.id, "intro", "Same", issue.version, ANN)
    version = get_issue(session, issue.id).version
    edit_issue(session, issue.id, "intro", "Same", 1, BEN)
    assert get_issue(session, issue.id).version == version


@pytest.mark.parametrize("field", ["state", "number", "newsletter_id", "version", "sent_at", ""])
def test_only_words_are_editable(session: Session, issue: Issue, item: Item, field: str) -> None:
    with pytest.raises(Invalid, match="no field"):
        edit_issue(session, issue.id, field, "9", issue.version, ANN)
    with pytest.raises(Invalid, match="no field"):
        edit_item(session, item.id, field, "9", item.version, ANN)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//example.org", "https://a b", "https://a:port/"]
)
def test_item_addresses_are_web_addresses(session: Session, item: Item, address: str) -> None:
    with pytest.raises(Invalid, match="address"):
        edit_item(session, item.id, "address", address, item.version, ANN)


def test_changing_the_address_changes_its_key(session: Session, item: Item) -> None:
    edit_item(session, item.id, "address", "https://www.other.example/story?utm_source=x", item.version, ANN)
    assert item.address_key == "other.example/story"
    edit_item(session, item.id, "address", "", item.version, ANN)
    assert (item.address, item.address_key) == (None, None)


def test_a_paste_of_five_megabytes_is_refused_and_nothing_is_lost(session: Session, item: Item) -> None:
    with pytest.raises(Invalid, match="at most 20,000"):
        edit_item(session, item.id, "blurb", "x" * 5_000_000, item.version, ANN)
    assert item.blurb == "Blurb"


def test_a_locked_issue_keeps_its_words(session: Session, issue: Issue, item: Item) -> None:
    issue.state = IssueState.SENDING
    session.flush()
    with pytest.raises(Conflict, match="cannot be changed"):
        edit_issue(session, issue.id, "subject", "Late", issue.version, ANN)
    with pytest.raises(Conflict, match="cannot be changed"):
        edit_item(session, item.id, "title", "Late", item.version, ANN)


def test_typing_in_one_go_is_one_line_of_history(session: Session, issue: Issue) -> None:
    for words in ("H", "He", "Hello"):
        edit_issue(session, issue.id, "intro", words, get_issue(session, issue.id).version, ANN)
    edit_issue(session, issue.id, "intro", "Hello there", get_issue(session, issue.id).version, BEN)
    changes = history(session, issue.id)
    assert [(c.before, c.after, c.by) for c in changes] == [("Hello", "Hello there", BEN), ("", "Hello", ANN)]
    restore(session, changes[1].revision_id, BEN)
    assert get_issue(session, issue.id).intro == ""


def test_what_was_removed_comes_back_with_its_words_and_history(session: Session, issue: Issue, item: Item) -> None:
    edit_item(session, item.id, "blurb", "Careful words", item.version, ANN)
    kept = item.id
    remove_item(session, item.id, ANN)
    restore(session, history(session, issue.id)[0].revision_id, ANN)
    back = get_issue(session, issue.id).sections[1].items
    assert [(i.id, i.blurb) for i in back] == [(kept, "Careful words")]
    with pytest.raises(Conflict, match="already"):
        restore(session, next(c for c in history(session, issue.id) if c.field == "item removed").revision_id, ANN)


def _layout(session: Session, issue_id: int) -> list[tuple[object, ...]]:
    return [
        (s.id, s.name, s.minimum, s.maximum, s.label, [i.id for i in s.items])
        for s in get_issue(session, issue_id).sections
    ]


def _actions(session: Session, issue: Issue, item: Item) -> dict[str, Callable[[], object]]:
    sections = sections_of(session, issue.id)
    article = an_article(session, issue.newsletter, "other")
    return {
        "place": lambda: add_item(session, issue.id, article.id, "Nieuws"),
        "move": lambda: move_item(session, item.id, sections[3].id, 0, ANN),
        "remove": lambda: remove_item(session, item.id, ANN),
        "add section": lambda: add_section(session, issue.id, "Extra", ANN),
        "change section": lambda: change_section(session, sections[0].id, ANN, name="Kop", maximum=2, label="Partner"),
        "move section": lambda: move_section(session, sections[3].id, 0, ANN),
        "remove section": lambda: remove_section(session, sections[2].id, ANN),
    }


@pytest.mark.parametrize(
    "name", ["place", "move", "remove", "add section", "change section", "move section", "remove section"]
)
def test_every_arrangement_can_be_undone(session: Session, issue: Issue, item: Item, name: str) -> None:
    before = _layout(session, issue.id)
    _actions(session, issue, item)[name]()
    assert _layout(session, issue.id) != before
    restore(session, history(session, issue.id)[0].revision_id, BEN)
    assert _layout(session, issue.id) == before


def test_putting_an_item_back_when_its_article_was_placed_again(session: Session, issue: Issue, item: Item) -> None:
    article_id = item.article_id
    remove_item(session, item.id, ANN)
    revision = history(session, issue.id)[0].revision_id
    assert article_id is not None
    add_item(session, issue.id, article_id, "Kort")
    with pytest.raises(Conflict, match="placed again"):
        restore(session, revision, ANN)
    assert items_of(session, get_issue(session, issue.id).sections[1].id) == []


def test_a_change_that_is_not_in_the_history(session: Session) -> None:
    with pytest.raises(NotFound):
        restore(session, 999_999_999, ANN)
