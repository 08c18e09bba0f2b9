"""The report of one issue: its keys, and every number told apart."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from curator.delivery.models import MessageState
from curator.errors import NotFound
from curator.events.models import Actor, EventKind
from curator.issues.models import Issue
from curator.reports.issue_report import issue_report
from tests.events.cast import add_event, send_issue


def test_people_machines_and_the_rest_stand_side_by_side(session: Session) -> None:
    sent = send_issue(session, readers=4, states=(MessageState.ACCEPTED,) * 3 + (MessageState.REJECTED,))
    add_event(session, sent, EventKind.OPEN, reader=0)
    add_event(session, sent, EventKind.OPEN, reader=0)
    add_event(session, sent, EventKind.OPEN, reader=1, actor=Actor.MACHINE)
    add_event(session, sent, EventKind.OPEN)
    add_event(session, sent, EventKind.CLICK, reader=0, link=2)
    add_event(session, sent, EventKind.CLICK, link=2)
    add_event(session, sent, EventKind.CLICK, reader=1, link=1, actor=Actor.MACHINE)
    add_event(session, sent, EventKind.UNSUBSCRIBE, reader=0)
    add_event(session, sent, EventKind.COMPLAINT, reader=2)
    add_event(session, sent, EventKind.BOUNCE, reader=2)
    report = issue_report(session, sent.issue.id)
    assert report["delivered"] == report["measured"] == 3
    assert report["opens"] == {"people": 1, "machines": 1, "aggregate": 1}
    assert report["clicks"] == {"people": 1, "machines": 1, "aggregate": 1}
    assert (report["unsubscribes"], report["complaints"], report["bounces"]) == (1, 1, 2)
    assert report["hits"] == {"opens": 4, "clicks": 3}
    assert [link["number"] for link in report["links"]] == [2, 1, 3, 4]
    assert report["links"][0] | {"address": ""} == {
        "number": 2,
        "address": "",
        "label": "Link 2",
        "people": 1,
        "machines": 0,
        "aggregate": 1,
    }
    assert json.loads(json.dumps(report)) == report


def test_hours_add_up_to_the_totals(session: Session) -> None:
    sent = send_issue(session, readers=3)
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    for reader in range(3):
        add_event(session, sent, EventKind.OPEN, reader=reader, at=noon + timedelta(hours=reader % 2))
    hours = issue_report(session, sent.issue.id)["hours"]
    assert [hour["opens"]["people"] for hour in hours] == [2, 1]
    assert hours[0]["hour"] == "2026-11-20T12:00:00+00:00"


def test_a_bounce_of_a_message_refused_at_once_is_one_bounce(session: Session) -> None:
    sent = send_issue(session, states=(MessageState.REJECTED,))
    add_event(session, sent, EventKind.BOUNCE, reader=0)
    assert issue_report(session, sent.issue.id)["bounces"] == 1


def test_an_issue_that_was_not_sent_has_zeros(session: Session) -> None:
    sent = send_issue(session)
    draft = Issue(newsletter_id=sent.newsletter.id, number=8, subject="Eight")
    session.add(draft)
    session.flush()
    report = issue_report(session, draft.id)
    assert report["delivered"] == 0 and report["links"] == [] and report["sent_at"] is None


def test_an_issue_that_does_not_exist_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        issue_report(session, 10**12)
