"""The sweep: what is due is rung for, what the dead left is named, `sent` only when the ledger says so."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import redis
from sqlalchemy import update
from sqlalchemy.orm import Session

from curator.delivery.batches import settle
from curator.delivery.claim import lock_key
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Batch, DeliveryState, Message, MessageState
from curator.delivery.sweep import sweep
from curator.issues.models import Issue, IssueState
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, hold, put

pytestmark = pytest.mark.usefixtures("redis_client")


@contextmanager
def living(settings: Settings, owner: str) -> Iterator[None]:
    """An owner that lives, and is dead for certain afterwards: by its transaction, not when a lost line is noticed."""
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (lock_key(owner),))
        yield


@pytest.mark.parametrize(
    ("values", "is_due"),
    [
        ({"state": "pending"}, True),
        ({"state": "deferred", "not_before": datetime.now(UTC) - timedelta(seconds=1)}, True),
        ({"state": "deferred", "not_before": datetime.now(UTC) + timedelta(hours=1)}, False),
        ({"state": "accepted"}, False),
    ],
)
def test_slices_are_rung_for_what_can_be_claimed(
    committed: Session, settings: Settings, values: dict[str, object], is_due: bool
) -> None:
    delivery = a_bare_delivery(committed, settings, 1)
    put(committed, **values)
    assert sweep(committed, settings) == ([("delivery.slice", delivery.id)] if is_due else [])


@pytest.mark.parametrize(("seconds", "is_due"), [(-1, True), (3600, False)])
def test_what_a_living_worker_holds_is_due_when_its_lease_is_over(
    committed: Session, settings: Settings, seconds: float, is_due: bool
) -> None:
    delivery = a_bare_delivery(committed, settings, 1)
    hold(committed, "host:1:a", seconds=seconds)
    committed.commit()
    with living(settings, "host:1:a"):
        assert sweep(committed, settings) == ([("delivery.slice", delivery.id)] if is_due else [])


def test_one_ring_at_a_time(committed: Session, settings: Settings, redis_client: "redis.Redis[bytes]") -> None:
    delivery = a_bare_delivery(committed, settings, 1)
    assert sweep(committed, settings) == [("delivery.slice", delivery.id)]
    assert sweep(committed, settings) == []
    redis_client.flushdb()
    assert sweep(committed, settings) == [("delivery.slice", delivery.id)]


def test_a_redis_that_is_away_does_not_stop_the_sweep(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 1)
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    assert sweep(committed, away) == [("delivery.slice", delivery.id)]


@pytest.mark.parametrize("state", [DeliveryState.SCHEDULED, DeliveryState.FREEZING])
def test_freezing_is_rung_for_when_it_is_due(committed: Session, settings: Settings, state: DeliveryState) -> None:
    delivery = a_bare_delivery(committed, settings, 0)
    delivery.state, delivery.expected = state, None
    committed.flush()
    assert sweep(committed, settings) == [("delivery.freeze", delivery.id)]
    delivery.state, delivery.scheduled_at = DeliveryState.SCHEDULED, datetime.now(UTC) + timedelta(hours=1)
    committed.flush()
    assert sweep(committed, settings) == []


@pytest.mark.parametrize("owner_lives", [True, False])
@pytest.mark.parametrize("holder", ["host:1:a", "host:2:b", None], ids=["its own", "taken over", "let go of"])
@pytest.mark.parametrize(
    "state", [DeliveryState.SENDING, DeliveryState.PAUSED, DeliveryState.HOLDING, DeliveryState.CANCELLED]
)
def test_only_the_dead_leave_doubt_behind(
    committed: Session, settings: Settings, state: DeliveryState, owner_lives: bool, holder: str | None
) -> None:
    delivery = a_bare_delivery(committed, settings, 2)
    put(committed, state="attempting", owner="host:1:a", marked_at=datetime.now(UTC))
    hold(committed, holder, seconds=-30)  # over, but not for longer than a reply may take
    committed.execute(update(Batch).values(is_inherited=holder != "host:1:a"))
    delivery.state = state
    committed.commit()
    with living(settings, "host:1:a") if owner_lives else nullcontext():
        sweep(committed, settings)
        committed.commit()
    found = {message.state for message in committed.query(Message).populate_existing()}
    assert found == {MessageState.ATTEMPTING if owner_lives else MessageState.UNKNOWN}
    if not owner_lives:
        assert {message.attempts for message in committed.query(Message)} == {1}
        if state is not DeliveryState.CANCELLED:
            assert delivery_status(committed, delivery.issue_id)["unknown"] == 2
        assert all(message.reason and message.done_at for message in committed.query(Message))


def test_what_the_dead_had_claimed_is_free_at_once(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 2)
    hold(committed, "host:1:a", seconds=3600)
    assert sweep(committed, settings) == [("delivery.slice", delivery.id)]
    assert {batch.owner for batch in committed.query(Batch).populate_existing()} == {None}


@pytest.mark.parametrize(
    ("states", "expected", "is_sent"),
    [
        (("accepted", "rejected", "unknown", "suppressed", "cancelled"), 5, True),
        (("accepted", "deferred"), 2, False),
        (("accepted", "attempting"), 2, False),
        (("accepted", "accepted"), 3, False),
    ],
)
def test_sent_only_when_the_ledger_says_so(
    committed: Session, settings: Settings, states: tuple[str, ...], expected: int, is_sent: bool
) -> None:
    delivery = a_bare_delivery(committed, settings, len(states))
    later = datetime.now(UTC) + timedelta(hours=1)
    with living(settings, "host:1:a"):
        for message, state in zip(committed.query(Message).order_by(Message.id), states, strict=True):
            message.state, message.not_before, message.owner = MessageState(state), later, "host:1:a"
        settle(committed, delivery.id)
        delivery.expected, delivery.reason = expected, "Relay default cannot be reached."
        committed.commit()
        sweep(committed, settings)
        committed.commit()
    committed.expire_all()
    issue = committed.get_one(Issue, delivery.issue_id)
    assert delivery.state is (DeliveryState.SENT if is_sent else DeliveryState.SENDING)
    assert (issue.state, issue.sent_at is not None) == (
        (IssueState.SENT, True) if is_sent else (IssueState.SENDING, False)
    )
    assert (delivery.finished_at is not None, delivery.reason is None) == (is_sent, is_sent)


def test_two_sweeps_at_once_do_no_harm(committed: Session, settings: Settings) -> None:
    a_bare_delivery(committed, settings, 1)
    with psycopg.connect(settings.database_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (0x73776565,))
        assert sweep(committed, settings) == []


def test_a_cancelled_delivery_ends_when_its_flights_have(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 1)
    put(committed, state="deferred", not_before=datetime.now(UTC))
    delivery.state = DeliveryState.CANCELLED
    committed.flush()
    sweep(committed, settings)
    committed.refresh(delivery)
    assert delivery.finished_at is not None
    assert {message.state for message in committed.query(Message).populate_existing()} == {MessageState.CANCELLED}
