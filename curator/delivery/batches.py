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

SAMPLE = 40
"""Of so many batches at most the messages are read for an estimate, however many there are: `:sample`."""


def sampled(where: str) -> str:
    """The batches of a condition as `wanted`, and as `batch` those of them that stand for all; see `TO_ALL`."""
    return f"""
        wanted AS MATERIALIZED (SELECT id, delivery_id, first_id, last_id FROM batch WHERE {where}),
        batch AS MATERIALIZED (SELECT * FROM wanted ORDER BY (id * 7919) % 1009 LIMIT :sample)
    """  # noqa: S608 - our own constants


TO_ALL = "(SELECT count(*) FROM wanted) / greatest((SELECT count(*) FROM batch), 1)::float8"
"""What a number found in the sample is multiplied with."""

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

# From `counted`, messages of a batch by state and reason, to what is kept of the batch.
_TALLIED = """
by_state AS (
    SELECT batch, state, jsonb_object_agg(reason, messages) AS reasons, min(due) AS due, max(done_at) AS done_at,
        sum(individual) AS individual, min(first_id) AS first_id, max(last_id) AS last_id
    FROM counted GROUP BY batch, state
), tallied AS (
    SELECT batch, min(first_id) AS first_id, max(last_id) AS last_id, jsonb_object_agg(state, reasons) AS tally,
        bool_or(state IN ('pending', 'deferred', 'attempting')) AS is_open,
        bool_or(state = 'attempting') AS is_in_flight,
        max(done_at) FILTER (WHERE state = 'accepted') AS last_accepted_at,
        coalesce(sum(individual) FILTER (WHERE state = 'accepted'), 0) AS measured,
        CASE WHEN bool_or(state = 'pending') THEN NULL
             ELSE coalesce(min(due) FILTER (WHERE state = 'deferred'),
                           CASE WHEN bool_or(state = 'attempting') THEN clock_timestamp() + interval '5 seconds' END)
        END AS not_before
    FROM by_state GROUP BY batch
)
"""
_GROUPED = """
    coalesce(message.reason, '') AS reason, count(*) AS messages, min(message.not_before) AS due,
    count(*) FILTER (WHERE message.is_individual) AS individual,
    max(message.done_at) AS done_at, min(message.id) AS first_id, max(message.id) AS last_id
"""

# Smallest id first. The first `pilot` messages that are mailed are batches of their own, numbered below 0. One pass for
# all tallies.
_CUT = f"""
WITH counted AS (
    SELECT CASE WHEN mailed_before < %(pilot)s THEN -1 - mailed_before / %(size)s
                ELSE (mailed_before - %(pilot)s) / %(size)s END AS batch, message.state, {_GROUPED}
    FROM (
        SELECT id, state, reason, not_before, done_at, is_individual,
            count(*) FILTER (WHERE state = 'pending') OVER (ORDER BY id ROWS UNBOUNDED PRECEDING)
            - (state = 'pending')::int AS mailed_before
        FROM message WHERE delivery_id = %(delivery)s
    ) AS message GROUP BY 1, message.state, message.reason
), {_TALLIED}
INSERT INTO batch (delivery_id, is_pilot, first_id, last_id, tally, is_open, measured, last_accepted_at, not_before)
SELECT %(delivery)s, batch < 0, first_id, last_id, tally, is_open, measured, last_accepted_at, not_before
FROM tallied ORDER BY first_id
"""  # noqa: S608 - our own constants

LOCK_OWNED = "SELECT id FROM batch WHERE owner = %(owner)s AND id = ANY(%(ids)s::bigint[]) ORDER BY id FOR UPDATE"
_LOCK_FREE = "SELECT id FROM batch WHERE delivery_id = %(delivery)s AND owner IS NULL ORDER BY id FOR UPDATE"
_LOCK_OF_OWNER = "SELECT id FROM batch WHERE delivery_id = %(delivery)s AND owner = %(owner)s ORDER BY id FOR UPDATE"

# Batch by batch: without statistics on a million new rows, a plan for all batches at once took minutes.
SETTLE = f"""
WITH counted AS (
    SELECT batch.id AS batch, part.* FROM batch CROSS JOIN LATERAL (
        SELECT message.state, {_GROUPED} FROM message WHERE {IN_BATCH} GROUP BY message.state, message.reason
    ) AS part WHERE batch.id = ANY(%(ids)s::bigint[])
), {_TALLIED}
UPDATE batch SET tally = tallied.tally, is_open = tallied.is_open, measured = tallied.measured,
    last_accepted_at = tallied.last_accepted_at, not_before = tallied.not_before,
    owner = NULL, lease_until = NULL, is_inherited = batch.is_inherited AND tallied.is_in_flight
FROM tallied WHERE batch.id = tallied.batch
"""  # noqa: S608 - our own constants

_COUNT = f"""
SELECT state, reason, sum(messages)::bigint, max(last_at) FROM (
    SELECT states.key AS state, reasons.key AS reason, reasons.value::bigint AS messages,
        CASE WHEN states.key = 'accepted' THEN batch.last_accepted_at END AS last_at
    FROM batch, jsonb_each(tally) AS states, jsonb_each(states.value) AS reasons
    WHERE delivery_id = %(delivery)s AND owner IS NULL AND (is_pilot OR NOT %(pilot_only)s)
    UNION ALL
    SELECT part.* FROM batch CROSS JOIN LATERAL (
        SELECT CASE message.state WHEN 'pending' THEN 'claimed' ELSE message.state END, coalesce(message.reason, ''),
            count(*), max(greatest(message.marked_at, message.done_at))
        FROM message WHERE {IN_BATCH} GROUP BY 1, 2
    ) AS part
    WHERE batch.delivery_id = %(delivery)s AND batch.owner IS NOT NULL AND (is_pilot OR NOT %(pilot_only)s)
) AS counted GROUP BY state, reason
"""  # noqa: S608 - our own constants

# Who was measured when the batch was settled, and in batches in work who is by now.
_MEASURED = f"""
SELECT coalesce(sum(CASE WHEN owner IS NULL THEN measured ELSE
    (SELECT count(*) FROM message WHERE {IN_BATCH} AND message.state = 'accepted' AND message.is_individual) END), 0)
FROM batch WHERE delivery_id = %(delivery)s
"""  # noqa: S608 - our own constants


class Count(NamedTuple):
    """Messages of one state and reason. `last_at`: the last one accepted or, of batches in work, marked or done."""

    state: MessageState
    reason: str | None
    messages: int
    last_at: datetime | None


def cut(session: Session, delivery_id: int, mailed: int, pilot: int = 0) -> None:
    """Cut the whole ledger of a delivery into batches with their tallies. `mailed`: how many are to be sent."""
    size = min(max(-(-mailed // PER_DELIVERY), SMALLEST), LARGEST)
    _run(session, _CUT, delivery=delivery_id, pilot=pilot, size=size)


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


def measured(session: Session, delivery_id: int) -> int:
    """How many accepted messages have links and a pixel of their own."""
    return int(_run(session, _MEASURED, delivery=delivery_id)[0][0])


def _settle(session: Session, locked: list[Any]) -> None:
    if locked:
        _run(session, SETTLE, ids=[row[0] for row in locked])


def _run(session: Session, statement: str, **values: Any) -> list[Any]:
    session.flush()
    result = session.connection().exec_driver_sql(statement, values)
    return list(result.all()) if result.returns_rows else []
