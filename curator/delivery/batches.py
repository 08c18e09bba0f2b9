"""Batches: a delivery's ledger cut into stretches of messages, each with a tally of its states and reasons.

Counting a million messages is adding up the tallies of the batches nobody holds, and looking at the few that are held.
A tally is written with its batch locked, from what is committed then: whoever changes messages of a batch that nobody
owns settles it in the same transaction, after the change.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from curator.delivery.models import MessageState

SMALLEST, LARGEST, PER_DELIVERY = 32, 512, 64
"""Messages in a batch: enough batches for many workers, few enough to be counted at a glance."""

# The difference, unlike an equality, leaves the planner one way: every stretch by the primary key. A hash join by
# delivery would hold every message against every batch, 2,000 million pairs for a million messages.
IN_BATCH = "message.id BETWEEN batch.first_id AND batch.last_id AND message.delivery_id - batch.delivery_id = 0"

# What somebody may claim now: due, held by nobody alive, of a delivery that sends and has its turn; behind a pilot
# only once it is released.
CLAIMABLE = """
    batch.is_open
    AND CASE WHEN batch.owner IS NULL THEN coalesce(batch.not_before <= clock_timestamp(), true)
             ELSE batch.lease_until < clock_timestamp() END
    AND EXISTS (SELECT FROM delivery WHERE delivery.id = batch.delivery_id AND delivery.state = 'sending'
                AND coalesce(delivery.rests_until <= clock_timestamp(), true)
                AND (batch.is_pilot OR delivery.released_at IS NOT NULL OR coalesce(delivery.pilot, 0) = 0))
"""

# Smallest id first. The first `pilot` messages that are mailed are batches of their own.
_CUT = """
INSERT INTO batch (delivery_id, is_pilot, first_id, last_id)
SELECT %(delivery)s, mailed_before < %(pilot)s, min(id), max(id)
FROM (
    SELECT id, count(*) FILTER (WHERE state = 'pending') OVER (ORDER BY id ROWS UNBOUNDED PRECEDING)
        - (state = 'pending')::int AS mailed_before
    FROM message WHERE delivery_id = %(delivery)s
) AS counted
GROUP BY mailed_before < %(pilot)s,
    CASE WHEN mailed_before < %(pilot)s THEN mailed_before ELSE mailed_before - %(pilot)s END / %(size)s
"""

LOCK_OWNED = "SELECT id FROM batch WHERE owner = %(owner)s AND id = ANY(%(ids)s::bigint[]) ORDER BY id FOR UPDATE"
_LOCK_FREE = "SELECT id FROM batch WHERE delivery_id = %(delivery)s AND owner IS NULL ORDER BY id FOR UPDATE"
_LOCK_OF_OWNER = "SELECT id FROM batch WHERE delivery_id = %(delivery)s AND owner = %(owner)s ORDER BY id FOR UPDATE"

SETTLE = f"""
WITH counted AS (
    SELECT batch.id, message.state, coalesce(message.reason, '') AS reason, count(*) AS messages,
        min(message.not_before) AS due, max(message.done_at) AS done_at
    FROM batch JOIN message ON {IN_BATCH}
    WHERE batch.id = ANY(%(ids)s::bigint[])
    GROUP BY batch.id, message.state, message.reason
), by_state AS (
    SELECT id, state, jsonb_object_agg(reason, messages) AS reasons, min(due) AS due, max(done_at) AS done_at
    FROM counted GROUP BY id, state
), tallied AS (
    SELECT id, jsonb_object_agg(state, reasons) AS tally,
        bool_or(state IN ('pending', 'deferred', 'attempting')) AS is_open,
        bool_or(state = 'pending') AS is_due,
        bool_or(state = 'attempting') AS is_in_flight,
        min(due) FILTER (WHERE state = 'deferred') AS due,
        max(done_at) FILTER (WHERE state = 'accepted') AS last_accepted_at
    FROM by_state GROUP BY id
)
UPDATE batch SET tally = tallied.tally, is_open = tallied.is_open, last_accepted_at = tallied.last_accepted_at,
    owner = NULL, lease_until = NULL, is_inherited = batch.is_inherited AND tallied.is_in_flight,
    not_before = CASE WHEN tallied.is_due THEN NULL WHEN tallied.due IS NOT NULL THEN tallied.due
                      WHEN tallied.is_in_flight THEN clock_timestamp() + interval '5 seconds' END
FROM tallied WHERE batch.id = tallied.id
"""  # noqa: S608 - our own constants

_COUNT = f"""
SELECT state, reason, sum(messages)::bigint, max(last_at) FROM (
    SELECT states.key AS state, reasons.key AS reason, reasons.value::bigint AS messages,
        CASE WHEN states.key = 'accepted' THEN batch.last_accepted_at END AS last_at
    FROM batch, jsonb_each(tally) AS states, jsonb_each(states.value) AS reasons
    WHERE delivery_id = %(delivery)s AND owner IS NULL AND (is_pilot OR NOT %(pilot_only)s)
    UNION ALL
    SELECT CASE message.state WHEN 'pending' THEN 'claimed' ELSE message.state END, coalesce(message.reason, ''),
        count(*), max(message.done_at)
    FROM batch JOIN message ON {IN_BATCH}
    WHERE batch.delivery_id = %(delivery)s AND batch.owner IS NOT NULL AND (is_pilot OR NOT %(pilot_only)s)
    GROUP BY 1, 2
) AS counted GROUP BY state, reason
"""  # noqa: S608 - our own constants


class Count(NamedTuple):
    """Messages of one state and reason. `last_at`: when the last of them was done."""

    state: MessageState
    reason: str | None
    messages: int
    last_at: datetime | None


def cut(session: Session, delivery_id: int, mailed: int, pilot: int = 0) -> None:
    """Cut the whole ledger of a delivery into batches and settle them. `mailed`: how many messages are to be sent."""
    size = min(max(-(-mailed // PER_DELIVERY), SMALLEST), LARGEST)
    _run(session, _CUT, delivery=delivery_id, pilot=pilot, size=size)
    settle(session, delivery_id)


def settle(session: Session, delivery_id: int) -> None:
    """Write the tallies of the delivery's batches that nobody owns."""
    _settle(session, _run(session, _LOCK_FREE, delivery=delivery_id))


def release(session: Session, delivery_id: int, owner: str) -> None:
    """Take the batches of an owner that is gone from it, and settle them."""
    _settle(session, _run(session, _LOCK_OF_OWNER, delivery=delivery_id, owner=owner))


def count(session: Session, delivery_id: int, *, pilot_only: bool = False) -> list[Count]:
    """All messages of a delivery by state and reason, as of now. Pending messages of a batch in work are `claimed`."""
    rows = _run(session, _COUNT, delivery=delivery_id, pilot_only=pilot_only)
    return [Count(MessageState(state), reason or None, number, last) for state, reason, number, last in rows]


def _settle(session: Session, locked: list[Any]) -> None:
    if locked:
        _run(session, SETTLE, ids=[row[0] for row in locked])


def _run(session: Session, statement: str, **values: Any) -> list[Any]:
    session.flush()
    result = session.connection().exec_driver_sql(statement, values)
    return list(result.all()) if result.returns_rows else []
