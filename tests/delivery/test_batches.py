"""Tallies made while cutting are those that settling makes."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from curator.delivery.batches import cut, measured, settle
from curator.delivery.models import Batch, Message, MessageState
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, hold

READERS = 150
COLUMNS = ("first_id", "last_id", "tally", "is_open", "measured", "not_before", "last_accepted_at")
STATES = (
    (MessageState.PENDING, None),
    (MessageState.ACCEPTED, None),
    (MessageState.REJECTED, "mailbox unknown"),
    (MessageState.DEFERRED, "relay asked to wait"),
    (MessageState.SUPPRESSED, "bounced"),
    (MessageState.UNKNOWN, "connection lost"),
)


def batches_of(session: Session) -> list[tuple[Any, ...]]:
    session.expire_all()
    columns = [getattr(Batch, name) for name in COLUMNS]
    return [tuple(row) for row in session.execute(select(*columns).order_by(Batch.first_id))]


def test_cutting_tells_what_settling_tells(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, READERS)
    for place, message in enumerate(committed.query(Message).order_by(Message.id)):
        # One kind after another, so that batches differ: some with nothing open, some only deferred.
        message.state, message.reason = STATES[place // 25]
        message.is_individual = place % 5 == 0
        message.done_at = datetime(2026, 11, 20, 12, 0, place % 60, tzinfo=UTC)
        message.not_before = datetime(2026, 11, 21, 12, 0, place % 60, tzinfo=UTC)
    committed.flush()
    committed.execute(delete(Batch))
    cut(committed, delivery.id, 25, pilot=10)
    found = batches_of(committed)
    assert sum(count for row in found for reasons in row[2].values() for count in reasons.values()) == READERS
    assert [row[0] for row in found][1] - found[0][0] == 10, "the pilot is a batch of its own"
    assert measured(committed, delivery.id) == sum(row[4] for row in found) == 5, "of 25 accepted"
    settle(committed, delivery.id)
    assert batches_of(committed) == found


def test_those_in_work_are_measured_as_they_stand(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, READERS)
    hold(committed, "host:1:a", seconds=60)
    first = committed.query(Message).order_by(Message.id).first()
    assert first is not None and measured(committed, delivery.id) == 0
    first.state, first.is_individual = MessageState.ACCEPTED, True
    assert measured(committed, delivery.id) == 1
