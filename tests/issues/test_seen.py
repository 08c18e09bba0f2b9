"""Seen before: only what was sent or is being sent, in this newsletter, latest issue first."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from curator.issues.compose import add_item
from curator.issues.models import Issue, IssueState
from curator.issues.seen import published_before, seen_before
from curator.sources.models import Likeness
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


def test_the_address_it_redirects_to_is_the_same_article(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    published = an_article(session, newsletter, other_keys=["sho.rt/x", KEY])
    add_item(session, issue.id, published.id, "Nieuws")
    _publish(session, issue)
    assert published_before(session, newsletter.id, ["sho.rt/x"])["sho.rt/x"].issue_number == 1
    again = an_article(session, newsletter, "again", other_keys=["sho.rt/x", "news.example.org/again"])
    unlike = an_article(session, newsletter, "unlike")
    found = seen_before(session, newsletter.id, [again, unlike])
    assert {number: (seen.issue_number, seen.by_words) for number, seen in found.items()} == {again.id: (1, False)}


def test_most_of_the_words_are_enough_until_an_editor_disagrees(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    published, copy = an_article(session, newsletter), an_article(session, newsletter, "copy")
    add_item(session, issue.id, published.id, "Nieuws")
    pair = Likeness(article_id=published.id, other_id=copy.id, shared=40)
    session.add(pair)
    assert seen_before(session, newsletter.id, [copy]) == {}
    _publish(session, issue)
    assert seen_before(session, newsletter.id, [copy])[copy.id].by_words
    assert seen_before(session, newsletter.id, [copy], except_issue_id=issue.id) == {}
    pair.apart_at = datetime(2026, 3, 2, tzinfo=UTC)
    session.flush()
    assert seen_before(session, newsletter.id, [copy]) == {}


def test_an_article_without_an_address_is_seen_too(session: Session) -> None:
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    article = an_article(session, newsletter, address=None, address_key=None, content_hash=b"x" * 32)
    add_item(session, issue.id, article.id, "Nieuws")
    _publish(session, issue)
    assert seen_before(session, newsletter.id, [article])[article.id].issue_number == 1
