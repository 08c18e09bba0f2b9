"""Claims and the fence, as SQL: who may send which message, decided by the database's clock and one row at a time.

A claim raises the row's epoch; every later statement names (id, epoch, owner) and does nothing to a row that moved on.
`MARK` is the last gate before the dot: it sees every pause, cancellation, unsubscription and suppression that was
committed before `marked_at`, because that is the start of the statement and its snapshot is younger.
Nothing here takes a row out of `attempting` except its own owner with an outcome, and `sweep.py` to `unknown`.
"""

import hashlib
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from curator.delivery.models import MessageState


class Claimed(NamedTuple):
    """A message this owner may send while the lease lasts. `attempts` counts the tries before this one."""

    id: int
    epoch: int
    address: str
    name: str
    message_id: UUID
    subscription_id: int
    is_individual: bool
    attempts: int
    may_mail: bool


class Outcome(NamedTuple):
    """What became of a claimed message. `wait` is seconds until the next try, for `deferred` only.

    `relay` is the one that carried it; None: the one of the slice.
    """

    id: int
    epoch: int
    state: MessageState
    reason: str | None = None
    reply: str | None = None
    wait: float | None = None
    tries: int = 1
    relay: int | None = None


def lock_key(owner: str) -> int:
    """The advisory lock that says `owner` lives: 64 bits of its name, signed."""
    return int.from_bytes(hashlib.blake2b(owner.encode(), digest_size=8).digest(), "big", signed=True)


# Why somebody may not be mailed: the rule of audience/eligible.py for single rows, in its words and order. A test holds
# the two together.
_REFUSAL = """
    CASE
        WHEN subscriber.id IS NULL OR barred.scope = 'erased' THEN 'erased'
        WHEN barred.scope = 'complaint' THEN 'complained'
        WHEN barred.scope = 'hard bounce' THEN 'bounced'
        WHEN barred.scope IS NOT NULL THEN 'suppressed'
        WHEN subscription.id IS NULL OR subscription.state = 'left' THEN 'unsubscribed'
        WHEN subscription.state = 'pending' THEN 'unconfirmed'
        WHEN subscription.paused_until > current_date THEN 'paused'
    END
"""

_PEOPLE = """
    LEFT JOIN subscriber ON subscriber.id = message.subscriber_id
    LEFT JOIN subscription ON subscription.id = message.subscription_id
    LEFT JOIN LATERAL (
        SELECT scope FROM suppression
        WHERE suppression.address_hash = subscriber.address_hash
          AND (scope <> 'newsletter' OR suppression.newsletter_id = delivery.newsletter_id)
        ORDER BY array_position(ARRAY['erased', 'complaint', 'hard bounce'], scope::text) NULLS LAST LIMIT 1
    ) AS barred ON true
"""

CLAIM = f"""
WITH next AS MATERIALIZED (
    SELECT message.id FROM message
    WHERE delivery_id = %(delivery)s
      AND state IN ('pending', 'claimed', 'deferred', 'attempting')
      AND (state = 'pending' OR (state = 'deferred' AND not_before <= clock_timestamp())
           OR (state = 'claimed' AND lease_until < clock_timestamp()))
      AND EXISTS (SELECT FROM delivery WHERE delivery.id = %(delivery)s AND delivery.state = 'sending')
    ORDER BY message.id LIMIT %(count)s FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE message SET state = 'claimed', epoch = epoch + 1, owner = %(owner)s, not_before = NULL,
        lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
    FROM next WHERE message.id = next.id
    RETURNING message.*
)
SELECT message.id, message.epoch, message.address, message.name, message.message_id,
    coalesce(message.subscription_id, 0) AS subscription_id, message.is_individual, message.attempts,
    ({_REFUSAL}) IS NULL AS may_mail
FROM taken AS message JOIN delivery ON delivery.id = message.delivery_id {_PEOPLE}
ORDER BY message.id
"""  # noqa: S608 - our own constants

# One statement, one commit: the outcomes of the last messages, and the markers of the next.
MARK = """
WITH outcome AS (
    UPDATE message SET
        state = o.state, reason = o.reason, last_reply = o.reply,
        relay_id = (SELECT id FROM relay WHERE id = coalesce(o.relay, %(relay)s)),  -- it may have been removed
        attempts = message.attempts + o.tries, lease_until = NULL,
        not_before = clock_timestamp() + make_interval(secs => o.wait),
        done_at = CASE WHEN o.state IN ('accepted', 'rejected', 'unknown') THEN clock_timestamp() END
    FROM unnest(%(done)s::bigint[], %(done_epochs)s::int[], %(states)s::text[], %(reasons)s::text[],
                %(replies)s::text[], %(waits)s::float8[], %(tries)s::int[], %(relays)s::bigint[])
        AS o (id, epoch, state, reason, reply, wait, tries, relay)
    WHERE message.id = o.id AND message.epoch = o.epoch AND message.owner = %(owner)s
      AND (message.state = 'attempting'
           OR (message.state = 'claimed' AND o.state IN ('pending', 'deferred', 'rejected'))
           OR (message.state = 'unknown' AND o.state IN ('accepted', 'rejected')))
), mine AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(epochs)s::int[]) AS t (id, epoch)
)
UPDATE message SET state = 'attempting', marked_at = statement_timestamp()
FROM mine, delivery, subscription, subscriber
WHERE message.id = mine.id AND message.epoch = mine.epoch AND message.owner = %(owner)s AND message.state = 'claimed'
  AND delivery.id = message.delivery_id AND delivery.state = 'sending'
  AND subscription.id = message.subscription_id AND subscription.state = 'active'
  AND (subscription.paused_until IS NULL OR subscription.paused_until <= current_date)
  AND subscriber.id = message.subscriber_id
  AND NOT EXISTS (
      SELECT FROM suppression WHERE suppression.address_hash = subscriber.address_hash
      AND (scope <> 'newsletter' OR suppression.newsletter_id = delivery.newsletter_id))
RETURNING message.id
"""

# Rows that may not be sent now: out for good when the person or the delivery says so, else back in the queue.
PUT_BACK = f"""
WITH judged AS (
    SELECT message.id, delivery.state AS delivery_state, ({_REFUSAL}) AS refusal
    FROM message JOIN delivery ON delivery.id = message.delivery_id {_PEOPLE}
    WHERE message.id = ANY(%(ids)s::bigint[]) AND message.owner = %(owner)s AND message.state = 'claimed'
)
UPDATE message SET
    state = CASE WHEN judged.delivery_state = 'cancelled' THEN 'cancelled'
                 WHEN judged.refusal IS NOT NULL THEN 'suppressed'
                 ELSE 'pending' END,
    reason = CASE WHEN judged.delivery_state = 'cancelled' THEN 'cancelled' ELSE judged.refusal END,
    done_at = CASE WHEN judged.delivery_state = 'cancelled' OR judged.refusal IS NOT NULL THEN clock_timestamp() END,
    lease_until = NULL
FROM judged
WHERE message.id = judged.id AND message.owner = %(owner)s AND message.state = 'claimed'
RETURNING judged.delivery_state
"""  # noqa: S608 - our own constants

RENEW = """
UPDATE message SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = ANY(%(ids)s::bigint[]) AND owner = %(owner)s AND state IN ('claimed', 'attempting')
"""

Connection = AsyncConnection[tuple[Any, ...]]


async def connect(database_url: str) -> Connection:
    """A connection of the engine's own: every statement commits by itself, and durably."""
    connection = await AsyncConnection.connect(
        database_url, autocommit=True, connect_timeout=10, application_name="curator delivery"
    )
    await connection.execute("SET synchronous_commit = on")
    return connection


async def take_ownership(connection: Connection, owner: str) -> None:
    """Hold `owner`'s advisory lock for as long as this connection lives."""
    await connection.execute("SELECT pg_advisory_lock(%s)", (lock_key(owner),))


async def claim(connection: Connection, delivery_id: int, owner: str, count: int, lease: float) -> list[Claimed]:
    """Up to `count` messages of the delivery that nobody holds, smallest id first; none when it is not sending."""
    facts = {"delivery": delivery_id, "owner": owner, "count": count, "lease": lease}
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        await cursor.execute(CLAIM, facts)
        return await cursor.fetchall()


async def record_and_mark(
    connection: Connection, owner: str, relay_id: int, outcomes: list[Outcome], wanted: list[Claimed]
) -> set[int]:
    """Record `outcomes` and mark `wanted` in one commit; the ids that may get their dot.

    Rows are touched in the order of their ids, like everybody does who touches many: nobody waits in a circle.
    """
    outcomes, wanted = sorted(outcomes), sorted(wanted)
    cursor = await connection.execute(
        MARK,
        {
            "owner": owner,
            "relay": relay_id,
            "done": [o.id for o in outcomes],
            "done_epochs": [o.epoch for o in outcomes],
            "states": [o.state.value for o in outcomes],
            "reasons": [o.reason for o in outcomes],
            "replies": [o.reply for o in outcomes],
            "waits": [o.wait for o in outcomes],
            "tries": [o.tries for o in outcomes],
            "relays": [o.relay for o in outcomes],
            "ids": [c.id for c in wanted],
            "epochs": [c.epoch for c in wanted],
        },
        prepare=True,
    )
    return {row[0] for row in await cursor.fetchall()}


async def put_back(connection: Connection, owner: str, ids: list[int]) -> bool:
    """Let go of claimed messages that were not sent. False when the reason is that their delivery does not send."""
    if not ids:
        return True
    cursor = await connection.execute(PUT_BACK, {"ids": sorted(ids), "owner": owner})
    return all(row[0] == "sending" for row in await cursor.fetchall())


async def renew(connection: Connection, owner: str, ids: list[int], lease: float) -> None:
    """Hold what is ours a while longer."""
    if ids:
        await connection.execute(RENEW, {"ids": ids, "owner": owner, "lease": lease})
