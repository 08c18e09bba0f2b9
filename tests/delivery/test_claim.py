"""Claims: batches that nobody else holds, for as long as a lease lasts, given back counted."""

import time
from itertools import pairwise

import psycopg
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from curator.delivery import batches, claim
from curator.delivery.claim import Claim, Connection
from curator.delivery.marker import Outcome
from curator.delivery.models import Batch, Delivery, Message, MessageState
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, claimed_by, marked_by, with_connection

READERS = batches.SMALLEST * 2


@pytest.fixture
def delivery(committed: Session, settings: Settings) -> Delivery:
    """Two batches."""
    return a_bare_delivery(committed, settings, READERS)


def let_go(settings: Settings, owner: str, *claims: Claim) -> None:
    with_connection(settings, lambda c: claim.release(c, owner, [each.batch_id for each in claims]))


def test_claims_are_disjoint_and_ordered(settings: Settings, delivery: Delivery) -> None:
    first, second = claimed_by(settings, delivery, "a"), claimed_by(settings, delivery, "b")
    assert claimed_by(settings, delivery, "c", or_none=True) is None
    ids = [each.id for each in (*first.messages, *second.messages)]
    assert ids == sorted(set(ids))
    assert len(ids) == READERS
    assert {each.attempts for each in first.messages} == {0}


def test_what_is_given_back_untried_is_there_for_the_next(settings: Settings, delivery: Delivery) -> None:
    first = claimed_by(settings, delivery, "a")
    let_go(settings, "a", first)
    assert claimed_by(settings, delivery, "b") == first


def test_nobody_gives_back_what_is_anothers(committed: Session, settings: Settings, delivery: Delivery) -> None:
    late = claimed_by(settings, delivery, "a", lease=-1)
    taken = claimed_by(settings, delivery, "b")
    assert taken.batch_id == late.batch_id
    let_go(settings, "a", late)
    batch = committed.get_one(Batch, taken.batch_id)
    assert (batch.owner, batch.is_inherited) == ("b", True)
    let_go(settings, "b", taken)
    committed.refresh(batch)
    assert (batch.owner, batch.is_inherited) == (None, False), "nobody has anything in flight in it"


def test_a_finished_batch_is_counted_and_closed(committed: Session, settings: Settings, delivery: Delivery) -> None:
    found = claimed_by(settings, delivery, "a")
    outcomes = [Outcome(each.id, 0, MessageState.REJECTED, "unknown user") for each in found.messages]
    marked_by(settings, "a", [], outcomes, delivery)
    let_go(settings, "a", found)
    batch = committed.get_one(Batch, found.batch_id)
    assert (batch.is_open, batch.tally) == (False, {"rejected": {"unknown user": batches.SMALLEST}})


def test_deferred_messages_come_back_when_they_are_due(
    committed: Session, settings: Settings, delivery: Delivery
) -> None:
    found = claimed_by(settings, delivery, "a")
    soon, late, *rest = found.messages
    outcomes = [
        Outcome(soon.id, 0, MessageState.DEFERRED, wait=-1.0),
        Outcome(late.id, 0, MessageState.DEFERRED, wait=60.0),
        *(Outcome(each.id, 0, MessageState.REJECTED) for each in rest),
    ]
    marked_by(settings, "a", [], outcomes, delivery)
    let_go(settings, "a", found)
    again = claimed_by(settings, delivery, "b")
    assert [(each.id, each.attempts) for each in again.messages] == [(soon.id, 1)]
    marked_by(settings, "b", [], [Outcome(soon.id, 1, MessageState.REJECTED)], delivery)
    let_go(settings, "b", again)
    assert claimed_by(settings, delivery, "c").batch_id != found.batch_id
    batch = committed.get_one(Batch, found.batch_id)
    due = committed.scalar(select(Message.not_before).where(Message.id == late.id))
    assert (batch.is_open, batch.not_before) == (True, due)


def test_a_batch_with_nothing_but_flights_is_left_alone_for_a_while(
    committed: Session, settings: Settings, delivery: Delivery
) -> None:
    committed.execute(update(Message).values(state="attempting", owner="a"))
    committed.commit()
    found = claimed_by(settings, delivery, "b")
    assert found.messages == []
    let_go(settings, "b", found)
    assert claimed_by(settings, delivery, "b").batch_id != found.batch_id
    assert committed.get_one(Batch, found.batch_id).is_open


def test_a_renewed_lease_keeps_others_away(settings: Settings, delivery: Delivery) -> None:
    held = [claimed_by(settings, delivery, "a", lease=-1)]
    with_connection(settings, lambda c: claim.renew(c, delivery.id, "b", 60))
    assert claimed_by(settings, delivery, "c", lease=-1).batch_id == held[0].batch_id, "nobody renews another's"
    with_connection(settings, lambda c: claim.renew(c, delivery.id, "c", 60))
    assert claimed_by(settings, delivery, "d").batch_id != held[0].batch_id
    assert with_connection(settings, lambda c: claim.held(c, delivery.id, "c")) == [held[0].batch_id]


@pytest.mark.parametrize(
    ("mailed", "pilot", "sizes"),
    [(70, 0, [32, 32, 6]), (70, 5, [5, 32, 32, 1]), (3, 5, [3]), (5000, 50, [50, *([79] * 62), 52])],
)
def test_how_a_ledger_is_cut(committed: Session, settings: Settings, mailed: int, pilot: int, sizes: list[int]) -> None:
    delivery = a_bare_delivery(committed, settings, 0)
    excluded = mailed // 5
    rows = [{"delivery_id": delivery.id, "address": "a@example.org", "state": "pending"}] * mailed
    rows[3:3] = [{**rows[0], "state": "suppressed", "reason": "bounced"}] * excluded
    committed.bulk_insert_mappings(Message, rows)  # type: ignore[arg-type]
    batches.cut(committed, delivery.id, mailed, pilot)
    cut = committed.scalars(select(Batch).order_by(Batch.first_id)).all()
    assert [batch.tally["pending"][""] for batch in cut] == sizes
    assert sum(count.messages for count in batches.count(committed, delivery.id)) == mailed + excluded
    assert all(before.last_id + 1 == after.first_id for before, after in pairwise(cut))


def test_an_owner_lives_as_long_as_its_connection(settings: Settings) -> None:
    def is_free() -> bool:
        with psycopg.connect(settings.database_url) as other:
            row = other.execute("SELECT pg_try_advisory_xact_lock(%s)", (claim.lock_key("x"),)).fetchone()
            return bool(row and row[0])

    async def act(connection: Connection) -> bool:
        await claim.take_ownership(connection, "x")
        return is_free()

    assert with_connection(settings, act) is False
    ends_at = time.monotonic() + 20  # the server hears of the end a moment later
    while not is_free():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
