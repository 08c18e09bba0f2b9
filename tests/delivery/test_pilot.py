"""The pilot: the first few alone, a hold until what comes back is known, then everybody – by itself or by a person."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.accounts.audit import verify
from curator.accounts.models import AuditEntry
from curator.delivery.freeze import freeze
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Batch, Delivery, DeliveryState, Message
from curator.delivery.plan import cancel, pause, release, resume, send_issue
from curator.delivery.sweep import has_claimable, sweep
from curator.errors import Conflict
from curator.events.models import Actor, Event, EventKind
from curator.issues.models import Issue
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, an_issue_to_send, claimed_by, put_first

pytestmark = pytest.mark.usefixtures("redis_client")

BY = "editor@example.org"
PILOT, READERS = 40, 100


@pytest.fixture
def delivery(committed: Session, settings: Settings) -> Delivery:
    """Sending: 40 first, in two batches, then 60."""
    return a_bare_delivery(committed, settings, READERS, PILOT)


@pytest.fixture
def look(committed: Session, settings: Settings, delivery: Delivery) -> Callable[..., DeliveryState]:
    """Sweep, after a time if one is given, and tell the state."""

    def sweep_once(*, after: bool = False) -> DeliveryState:
        if after:
            committed.execute(update(Delivery).values(hold_until=func.now() - timedelta(seconds=1)))
        sweep(committed, settings)
        committed.commit()
        committed.refresh(delivery)
        return delivery.state

    return sweep_once


def came_back(session: Session, delivery: Delivery, kind: EventKind, number: int, *, of_pilot: bool = True) -> None:
    order = Message.id if of_pilot else Message.id.desc()
    for message_id in session.scalars(select(Message.id).order_by(order).limit(number)):
        session.add(Event(kind=kind, actor=Actor.PERSON, issue_id=delivery.issue_id, message_id=message_id))
    session.commit()


def test_nobody_beyond_the_pilot_can_be_claimed_before_the_release(
    committed: Session, settings: Settings, delivery: Delivery
) -> None:
    first, second = claimed_by(settings, delivery, "a"), claimed_by(settings, delivery, "b")
    assert len(first.messages) + len(second.messages) == PILOT
    assert claimed_by(settings, delivery, "c", or_none=True) is None
    assert not has_claimable(committed, delivery.id)
    release(committed, delivery.id, BY)
    committed.commit()
    assert has_claimable(committed, delivery.id)
    rest = [claimed_by(settings, delivery, name) for name in "cd"]
    assert sum(len(each.messages) for each in rest) == READERS - PILOT


def test_it_waits_once_the_pilot_is_through_and_goes_on_by_itself(
    committed: Session, settings: Settings, delivery: Delivery, look: Callable[..., DeliveryState]
) -> None:
    put_first(committed, PILOT - 1, state="accepted")
    assert look() is DeliveryState.SENDING
    assert delivery.hold_until is None, "one of the pilot is not through"
    put_first(committed, PILOT, state="accepted")
    assert look() is DeliveryState.HOLDING
    assert "40 of 40 accepted" in str(delivery.reason) and "Waiting until" in str(delivery.reason)
    assert delivery.hold_until is not None
    assert not has_claimable(committed, delivery.id)
    assert look() is DeliveryState.HOLDING
    assert look(after=True) is DeliveryState.SENDING
    assert (delivery.released_by, delivery.reason) == ("by itself", None)
    assert has_claimable(committed, delivery.id)
    entry = committed.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.detail["accepted"]) == ("by itself", "delivery.release", 40)
    assert verify(committed) == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ({"state": "rejected", "reason": "unknown user"}, "3 bounced (7.5 %, limit 5 %)"),
        ({"state": "unknown", "reason": "connection lost"}, ""),
        ({"state": "rejected", "reason": "mailbox full"}, ""),
        ({"state": "rejected", "reason": "given up after 8 tries: relay asked to wait (451)"}, ""),
    ],
)
def test_bounces_above_the_limit_wait_for_a_person(
    committed: Session, look: Callable[..., DeliveryState], delivery: Delivery, outcome: dict[str, Any], words: str
) -> None:
    put_first(committed, PILOT, state="accepted")
    put_first(committed, 3, **outcome)
    look()
    assert (words in str(delivery.reason)) and ("bounced" in str(delivery.reason)) == bool(words)
    assert look(after=not words) is (DeliveryState.HOLDING if words else DeliveryState.SENDING)


@pytest.mark.parametrize(
    ("kind", "number", "of_pilot", "holds"),
    [
        (EventKind.COMPLAINT, 1, True, True),
        (EventKind.BOUNCE, 2, True, False),
        (EventKind.BOUNCE, 3, True, True),
        (EventKind.OPEN, 9, True, False),
        (EventKind.COMPLAINT, 1, False, False),  # somebody else's, whatever it was for
    ],
)
def test_what_comes_back_counts(
    committed: Session,
    look: Callable[..., DeliveryState],
    delivery: Delivery,
    kind: EventKind,
    number: int,
    of_pilot: bool,
    holds: bool,
) -> None:
    put_first(committed, PILOT, state="accepted")
    assert look() is DeliveryState.HOLDING
    came_back(committed, delivery, kind, number, of_pilot=of_pilot)
    assert look(after=True) is (DeliveryState.HOLDING if holds else DeliveryState.SENDING)
    assert (delivery.hold_until is None) == holds, "the time does not release it any more"


def test_a_refusal_and_its_report_are_one_bounce(
    committed: Session, look: Callable[..., DeliveryState], delivery: Delivery
) -> None:
    put_first(committed, PILOT, state="accepted")
    put_first(committed, 2, state="rejected", reason="unknown user")
    came_back(committed, delivery, EventKind.BOUNCE, 2)
    assert look() is DeliveryState.HOLDING
    status = delivery_status(committed, delivery.issue_id)["pilot"]
    assert (status["bounced"], status["accepted"], status["size"]) == (2, 38, 40)
    assert look(after=True) is DeliveryState.SENDING


def test_what_the_relay_puts_off_is_tried_until_the_time_is_over(
    committed: Session, settings: Settings, look: Callable[..., DeliveryState], delivery: Delivery
) -> None:
    put_first(committed, PILOT, state="accepted")
    put_first(committed, 10, state="deferred", not_before=func.now())
    assert look() is DeliveryState.SENDING
    assert delivery.hold_until is not None
    assert has_claimable(committed, delivery.id)
    assert look(after=True) is DeliveryState.HOLDING
    assert "10 were put off" in str(delivery.reason)
    assert claimed_by(settings, delivery, "a", or_none=True) is None
    release(committed, delivery.id, BY)
    committed.commit()
    assert len(claimed_by(settings, delivery, "a").messages) == 10


def test_the_numbers_go_on_while_a_person_thinks(
    committed: Session, look: Callable[..., DeliveryState], delivery: Delivery
) -> None:
    put_first(committed, PILOT, state="accepted")
    came_back(committed, delivery, EventKind.COMPLAINT, 1)
    assert look() is DeliveryState.HOLDING
    assert "1 complained" in str(delivery.reason)
    came_back(committed, delivery, EventKind.COMPLAINT, 2)
    assert look() is DeliveryState.HOLDING
    assert "2 complained" in str(delivery.reason)


def test_a_person_releases_once(committed: Session, look: Callable[..., DeliveryState], delivery: Delivery) -> None:
    put_first(committed, PILOT, state="rejected", reason="unknown user")
    assert look() is DeliveryState.HOLDING
    with pytest.raises(Conflict, match="Release it"):
        resume(committed, delivery.id, BY)
    release(committed, delivery.id, BY)
    assert (delivery.state, delivery.released_by, delivery.reason) == (DeliveryState.SENDING, BY, None)
    with pytest.raises(Conflict, match="Nothing waits"):
        release(committed, delivery.id, BY)
    assert look() is DeliveryState.SENDING, "it is not held again"


def test_a_pause_during_the_hold_stops_the_release_by_itself(
    committed: Session, look: Callable[..., DeliveryState], delivery: Delivery
) -> None:
    put_first(committed, PILOT, state="accepted")
    look()
    pause(committed, delivery.id, BY)
    assert look(after=True) is DeliveryState.PAUSED
    with pytest.raises(Conflict, match="cannot be released"):
        release(committed, delivery.id, BY)
    resume(committed, delivery.id, BY)
    assert not has_claimable(committed, delivery.id)
    assert look() is DeliveryState.SENDING
    assert delivery.released_by == "by itself"


def test_a_cancel_during_the_hold_reaches_nobody_else(
    committed: Session, look: Callable[..., DeliveryState], delivery: Delivery
) -> None:
    put_first(committed, PILOT, state="accepted")
    look()
    cancel(committed, delivery.id, BY)
    assert look(after=True) is DeliveryState.CANCELLED
    status = delivery_status(committed, delivery.issue_id)
    assert (status["accepted"], status["excluded"], status["candidates"]) == (40, {"cancelled": 60}, 100)


def test_without_a_pilot_there_is_nothing_to_release(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 5)
    with pytest.raises(Conflict, match="Nothing waits"):
        release(committed, delivery.id, BY)
    assert delivery_status(committed, delivery.issue_id)["pilot"] is None


@pytest.mark.parametrize(
    ("how", "pilot"),
    [({}, 30), ({"now": True}, 0), ({"pilot": False}, 0)],
    ids=["send", "now", "no pilot wanted"],
)
def test_freezing_cuts_the_pilot_off_unless_it_is_not_wanted(
    session: Session, settings: Settings, how: dict[str, bool], pilot: int
) -> None:
    settings = settings.model_copy(update={"undo_seconds": 0, "pilot_share": 0.1, "pilot_least": 10})
    issue: Issue = an_issue_to_send(session, settings, 300, 25)
    delivery = send_issue(session, issue.id, by=BY, settings=settings, **how)
    assert freeze(session, delivery.id, settings) is delivery
    assert delivery.pilot == pilot
    batches = session.scalars(select(Batch).order_by(Batch.first_id)).all()
    assert sum(batch.tally["pending"][""] for batch in batches if batch.is_pilot) == pilot
    assert [batch.is_pilot for batch in batches] == sorted((batch.is_pilot for batch in batches), reverse=True)


def test_a_pilot_is_a_sample_and_another_one_next_time(session: Session, settings: Settings) -> None:
    """Neither the oldest readers nor the same ones always bear the risk; any order by id would fail here."""
    settings = settings.model_copy(update={"undo_seconds": 0, "pilot_share": 0.2})
    found = []
    issue = an_issue_to_send(session, settings, 500, 25)
    for _ in range(2):
        delivery = send_issue(session, issue.id, by=BY, settings=settings)
        freeze(session, delivery.id, settings)
        first = session.scalars(select(Message.subscriber_id).order_by(Message.id).limit(delivery.pilot))
        found.append({number for number in first if number is not None})
        everybody = sorted(n for n in session.scalars(select(Message.subscriber_id)) if n is not None)
        older_half = set(everybody[:250])
        assert 25 <= len(found[-1] & older_half) <= 75
        cancel(session, delivery.id, BY)
        session.expire_all()
    assert len(found[0] & found[1]) < 50
