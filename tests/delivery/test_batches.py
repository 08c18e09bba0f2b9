"""Tallies made while cutting are those that settling makes."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from curator.delivery.batches import cut, settle
from curator.delivery.models import Batch, Message, MessageState
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery

READERS = 150
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
    columns = (Batch.first_id, Batch.last_id, Batch.tally, Batch.is_open, Batch.not_before, Batch.last_accepted_at)
    return [tuple(row) for row in session.execute(select(*columns).order_by(Batch.first_id))]


def test_cutting_tells_what_settling_tells(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, READERS)
    for place, message in enumerate(committed.query(Message).order_by(Message.id)):
        # One kind after another, so that batches differ: some with nothing open, some only deferred.
        message.state, message.reason = STATES[place // 25]
        message.done_at = datetime(2026, 11, 20, 12, 0, place % 60, tzinfo=UTC)
        message.not_before = datetime(2026, 11, 21, 12, 0, place % 60, tzinfo=UTC)
    committed.flush()
    committed.execute(delete(Batch))
    cut(committed, delivery.id, 25, pilot=10)
    found = batches_of(committed)
    assert sum(count for row in found for reasons in row[2].values() for count in reasons.values()) == READERS
    assert [row[0] for row in found][1] - found[0][0] == 10, "the pilot is a batch of its own"
    settle(committed, delivery.id)
    assert batches_of(committed) == found
