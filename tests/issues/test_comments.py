"""Comments on items: said, resolved, opened again; never part of what readers get."""

import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound
from curator.issues.comments import MOST_CHARACTERS, add_comment, comments_of, last_said, settle_comment
from curator.issues.compose import add_item, create_issue, get_issue, remove_item
from curator.issues.content import load_content
from curator.issues.edit import restore
from curator.issues.models import Issue, IssueState, Item
from curator.issues.revisions import latest_revision
from tests.issues.rows import a_newsletter, an_article


@pytest.fixture
def issue(session: Session) -> Issue:
    newsletter = a_newsletter(session)
    made = create_issue(session, newsletter.id, "Subject")
    add_item(session, made.id, an_article(session, newsletter).id, "Kort")
    return get_issue(session, made.id)


@pytest.fixture
def item(issue: Issue) -> Item:
    return issue.sections[3].items[0]


def test_what_is_said_has_an_author_and_a_time_and_is_resolved_by_somebody(
    session: Session, issue: Issue, item: Item
) -> None:
    first = add_comment(session, item.id, "  Is this\r\ntrue?\x00 ", "ada@example.org")
    second = add_comment(session, item.id, "Yes.", "ben@example.org")
    assert (first.text, first.by, first.resolved_at) == ("Is this\ntrue?", "ada@example.org", None)
    session.refresh(first)
    session.refresh(second)
    assert first.at < second.at
    settle_comment(session, issue.id, first.id, "ben@example.org")
    settle_comment(session, issue.id, first.id, "eve@example.org")
    assert (first.resolved_by, second.resolved_at) == ("ben@example.org", None)
    settle_comment(session, issue.id, first.id, "ada@example.org", is_resolved=False)
    assert first.resolved_at is None
    assert comments_of(session, issue.id) == {item.id: [first, second]}


def test_comments_leave_the_version_and_the_content_as_they_were(session: Session, issue: Issue, item: Item) -> None:
    version, content = issue.version, load_content(session, issue.id)
    comment = add_comment(session, item.id, "A secret remark", "ada@example.org")
    settle_comment(session, issue.id, comment.id, "ada@example.org")
    assert (get_issue(session, issue.id).version, load_content(session, issue.id)) == (version, content)


def test_the_stamp_changes_with_everything_said(session: Session, issue: Issue, item: Item) -> None:
    stamps = [last_said(session, issue.id)]
    comment = add_comment(session, item.id, "One", "ada@example.org")
    stamps.append(last_said(session, issue.id))
    settle_comment(session, issue.id, comment.id, "ada@example.org")
    stamps.append(last_said(session, issue.id))
    assert len(set(stamps)) == 3


def test_an_item_put_back_finds_its_comments_again(session: Session, issue: Issue, item: Item) -> None:
    add_comment(session, item.id, "Keep this", "ada@example.org")
    item_id = item.id
    remove_item(session, item_id)
    removed = latest_revision(session, issue.id)
    assert removed is not None
    restore(session, removed, "ada@example.org")
    assert [comment.text for comment in comments_of(session, issue.id)[item_id]] == ["Keep this"]


def test_what_is_empty_too_long_foreign_or_too_late_is_refused(session: Session, issue: Issue, item: Item) -> None:
    for text in (" \n ", "x" * (MOST_CHARACTERS + 1)):
        with pytest.raises(Invalid):
            add_comment(session, item.id, text, "ada@example.org")
    comment = add_comment(session, item.id, "Here", "ada@example.org")
    other = create_issue(session, a_newsletter(session, "other").id, "Other")
    with pytest.raises(NotFound):
        settle_comment(session, other.id, comment.id, "ada@example.org")
    issue.state = IssueState.SENT
    session.flush()
    with pytest.raises(Conflict):
        add_comment(session, item.id, "Too late", "ada@example.org")
