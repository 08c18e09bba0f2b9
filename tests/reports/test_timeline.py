"""Where is my mail? Everything about one address in the order it happened."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from curator.audience.leave import leave
from curator.audience.models import Scope, Suppression
from curator.delivery.models import MessageState, Notice, NoticeKind
from curator.errors import NotFound
from curator.events.models import Actor, EventKind
from curator.reports.timeline import subscriber_view
from curator.settings import Settings
from tests.events.cast import Sent, add_event, send_issue


def _address(sent: Sent) -> str:
    return sent.messages[0].address


def test_the_whole_story_in_order(session: Session, settings: Settings) -> None:
    sent = send_issue(session)
    sent.messages[0].last_reply = "250 2.0.0 queued"
    now = datetime.now(UTC)
    add_event(session, sent, EventKind.OPEN, reader=0, actor=Actor.MACHINE, at=now - timedelta(minutes=50))
    add_event(session, sent, EventKind.OPEN, reader=0, at=now - timedelta(minutes=40))
    add_event(session, sent, EventKind.CLICK, reader=0, link=1, at=now - timedelta(minutes=39))
    add_event(session, sent, EventKind.OPEN, reader=1, at=now)
    leave(session, sent.subscriptions[0].id, form="one-click")
    view = subscriber_view(session, _address(sent).upper(), settings)
    assert [(entry["what"], entry["issue"]) for entry in view["timeline"]] == [
        ("mail accepted", 7),
        ("open by a machine", 7),
        ("open", 7),
        ("click", 7),
        ("mail withdrawn", None),
    ]
    told = view["timeline"][0]["detail"]
    assert told == f"250 2.0.0 queued; Message-ID <{sent.messages[0].message_id.hex}@example.org>"
    assert view["timeline"][3]["detail"] == "Link 1"
    assert view["subscriptions"][0]["state"] == "left"
    assert [consent["action"] for consent in view["consent"]] == ["withdrawn"]
    assert view["suppressed"] == [] and view["address"] == _address(sent)
    assert json.loads(json.dumps(view)) == view


def test_why_no_mail_came(session: Session, settings: Settings) -> None:
    sent = send_issue(session, states=(MessageState.SUPPRESSED,))
    (entry,) = subscriber_view(session, _address(sent), settings)["timeline"]
    assert entry["what"] == "mail suppressed" and entry["detail"].startswith("paused")


def test_mails_outside_an_issue_are_told_too(session: Session, settings: Settings) -> None:
    sent = send_issue(session)
    session.add(
        Notice(
            kind=NoticeKind.CONFIRMATION,
            key="k",
            newsletter_id=sent.newsletter.id,
            sender="news@example.org",
            address=_address(sent),
            content=b"",
            facts={},
        )
    )
    session.flush()
    assert "confirmation mail waiting" in [
        e["what"] for e in subscriber_view(session, _address(sent), settings)["timeline"]
    ]


def test_an_erased_address_is_only_known_to_be_suppressed(session: Session, settings: Settings) -> None:
    sent = send_issue(session)
    person = sent.subscriptions[0].subscriber
    session.add(Suppression(address_hash=person.address_hash, scope=Scope.ERASED))
    address = person.address
    session.delete(person)
    session.flush()
    view = subscriber_view(session, address, settings)
    assert view["timeline"] == [] and [found["scope"] for found in view["suppressed"]] == ["erased"]


def test_an_unknown_address_is_not_found(session: Session, settings: Settings) -> None:
    with pytest.raises(NotFound):
        subscriber_view(session, "stranger@example.org", settings)
