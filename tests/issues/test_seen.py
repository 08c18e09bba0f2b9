"""Seen before: only what was sent or is being sent, in this newsletter, latest issue first."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from curator.issues.compose import add_item
from curator.issues.models import Issue, IssueState
from curator.issues.seen import published_before
from tests.issues.rows import a_newsletter, an_article, an_issue

KEY = "news.example.org/chips"


def _publish(session: Session, issue: Issue, state: IssueState = IssueState.SENT) -> None:
    issue.state, issue.sent_at = state, datetime(2026, 3, 1, tzinfo=UTC)
    session.flush()


def test_the_latest_issue_that_went_out_is_named(session: Session) -> None:
    newsletter = a_newsletter(session)
    article = an_article(session, newsletter)
    issues = [an_issue(session, newsletter) for _ in range(3)]
    for issue in issues:
        add_item(session, issue.id, article.id, "Nieuws")
    assert published_before(session, newsletter.id, [KEY]) == {}
    _publish(session, issues[0])
    _publish(session, issues[1], IssueState.SENDING)
    found = published_before(session, newsletter.id, [KEY, "unknown.example"])
    assert {key: seen.issue_number for key, seen in found.items()} == {KEY: 2}
    assert published_before(session, newsletter.id, [KEY], except_issue_id=issues[1].id)[KEY].issue_number == 1


def test_another_newsletter_has_not_seen_it(session: Session) -> None:
    newsletter, other = a_newsletter(session, "one"), a_newsletter(session, "two")
    issue = an_issue(session, newsletter)
    add_item(session, issue.id, an_article(session, newsletter).id, "Nieuws")
    _publish(session, issue)
    assert published_before(session, other.id, [KEY]) == {}
    assert published_before(session, newsletter.id, []) == {}
