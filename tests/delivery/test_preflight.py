"""The checks before Send look at what would really be sent, and at who would carry it."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from curator.db.heartbeats import Process, beat
from curator.delivery.preflight import check_issue, weigh_for_send
from curator.issues.compose import add_item
from curator.issues.models import IssueState
from curator.issues.own_designs import start_design
from curator.settings import Settings
from curator.sources.models import Likeness
from tests.delivery.cast import an_issue_to_send
from tests.issues.rows import a_newsletter, an_article, an_issue


def codes(session: Session, settings: Settings, issue_id: int) -> tuple[set[str], set[str]]:
    found = check_issue(session, issue_id, settings=settings)
    return {finding.code for finding in found.errors}, {finding.code for finding in found.warnings}


def test_a_good_issue_has_no_errors(session: Session, settings: Settings) -> None:
    issue = an_issue_to_send(session, settings, 1, 25)
    errors, warnings = codes(session, settings, issue.id)
    assert errors == set()
    assert {"no_worker", "no_beat"} <= warnings
    beat(session, Process.WORKER)
    beat(session, Process.BEAT)
    assert not {"no_worker", "no_beat"} & codes(session, settings, issue.id)[1]


def test_who_to_send_to_and_through_may_be_missing_until_send(session: Session, settings: Settings) -> None:
    issue = an_issue(session, a_newsletter(session))
    errors, warnings = codes(session, settings, issue.id)
    assert "empty_issue" in errors and not {"no_relay", "no_audience"} & errors
    assert {"no_relay", "no_audience"} <= warnings
    found = check_issue(session, issue.id, settings=settings)
    at_send = weigh_for_send(found)
    assert {"empty_issue", "no_relay", "no_audience"} <= {finding.code for finding in at_send.errors}
    assert not {"no_relay", "no_audience"} & {finding.code for finding in at_send.warnings}
    assert {*at_send.errors, *at_send.warnings} == {*found.errors, *found.warnings}, "nothing is lost on the way"


def test_what_was_published_before_is_a_warning(session: Session, settings: Settings) -> None:
    first = an_issue_to_send(session, settings, 1, 25)
    first.state = IssueState.SENT
    second = an_issue(session, first.newsletter)
    session.expire_all()
    article = first.sections[0].items[0].article_id
    assert article is not None
    add_item(session, second.id, article, second.sections[0].name)
    session.flush()
    assert "seen_before" in codes(session, settings, second.id)[1]


def test_the_same_story_at_another_address_is_named_with_issue_date_and_clicks(
    session: Session, settings: Settings
) -> None:
    first = an_issue_to_send(session, settings, 1, 25)
    first.state, first.sent_at = IssueState.SENT, datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    session.flush()
    session.expire_all()
    published = first.sections[0].items[0]
    copy, pasted = an_article(session, first.newsletter, "copy"), an_article(session, first.newsletter, "other")
    session.add(Likeness(article_id=published.article_id, other_id=copy.id, shared=40))
    second = an_issue(session, first.newsletter)
    for article in (copy, pasted):
        add_item(session, second.id, article.id, second.sections[0].name)
    session.flush()
    found = check_issue(session, second.id, settings=settings, clicks_of=lambda _, items: dict.fromkeys(items, 1118))
    (finding,) = [finding for finding in found.warnings if finding.code == "seen_before"]
    assert (finding.where, finding.field) == (copy.title, "")
    assert finding.message == (
        f"Most of its words were already published in issue {first.number} (2 March 2026, 1,118 clicks)."
    )
    first.sent_at = None
    session.flush()
    found = check_issue(session, second.id, settings=settings)
    assert any(finding.message.endswith("(on its way).") for finding in found.warnings)


def test_a_design_that_fails_is_an_error(session: Session, settings: Settings) -> None:
    issue = an_issue_to_send(session, settings, 1, 25)
    page = {"issue.html": "{% if %}"}
    start_design(session, issue.newsletter, "Ours", based_on="classic", files=page, by="owner@example.org")
    issue.newsletter.design = "Ours"
    session.flush()
    assert "template_failed" in codes(session, settings, issue.id)[0]
