"""Claims, as SQL: which batches of a delivery a worker holds, and for how long. The database's clock only.

A claim says who works on what; it never decides whether a message may go out: that is the marker's (marker.py), row by
row. So a claim that comes too late, or is held by two, costs a message that is not marked, and nothing else.
Every function here commits, as the engine does.
"""

import hashlib
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from curator.delivery.batches import CLAIMABLE, IN_BATCH, LOCK_OWNED, SETTLE

Connection = AsyncConnection[tuple[Any, ...]]


class Claimed(NamedTuple):
    """A message that may be tried while its batch is held. `attempts` counts the tries before this one."""

    id: int
    address: str
    name: str
    message_id: UUID
    subscription_id: int
    is_individual: bool
    attempts: int
    may_mail: bool


class Claim(NamedTuple):
    """A batch that is held, and what can be tried in it now."""

    batch_id: int
    messages: list[Claimed]


BARRED = """
    SELECT FROM suppression WHERE suppression.address_hash = subscriber.address_hash
    AND (scope <> 'newsletter'
         OR suppression.newsletter_id = (SELECT newsletter_id FROM delivery WHERE id = %(delivery)s))
"""

_CLAIM = f"""
WITH next AS MATERIALIZED (
    SELECT id, owner IS NOT NULL AS is_inherited FROM batch
    WHERE delivery_id = %(delivery)s AND {CLAIMABLE}
    ORDER BY first_id LIMIT 1 FOR UPDATE SKIP LOCKED
), batch AS (
    UPDATE batch SET owner = %(owner)s, lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
        not_before = NULL, is_inherited = batch.is_inherited OR next.is_inherited
    FROM next WHERE batch.id = next.id
    RETURNING batch.id, batch.delivery_id, batch.first_id, batch.last_id
)
SELECT batch.id, message.id, message.address, message.name, message.message_id, coalesce(message.subscription_id, 0),
    message.is_individual, message.attempts,
    coalesce(subscription.state = 'active' AND coalesce(subscription.paused_until <= current_date, true)
             AND NOT EXISTS ({BARRED}), false)
FROM batch
LEFT JOIN message ON {IN_BATCH} AND (message.state = 'pending'
                                     OR message.state = 'deferred' AND message.not_before <= clock_timestamp())
LEFT JOIN subscription ON subscription.id = message.subscription_id
LEFT JOIN subscriber ON subscriber.id = message.subscriber_id
ORDER BY message.id
"""  # noqa: S608 - our own constants

_RENEW = """
UPDATE batch SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE delivery_id = %(delivery)s AND is_open AND owner = %(owner)s
"""

_HELD = "SELECT id FROM batch WHERE delivery_id = %(delivery)s AND is_open AND owner = %(owner)s"

_LOCK_AROUND = """
SELECT id, owner IS NULL FROM batch
WHERE delivery_id = %(delivery)s
  AND EXISTS (SELECT FROM unnest(%(ids)s::bigint[]) AS late (id) WHERE late.id BETWEEN first_id AND last_id)
ORDER BY id FOR UPDATE
"""

# Stretches of a primary key and single rows: no table here is ever worth reading whole, however young its statistics.
_SETTINGS = """
SET synchronous_commit = on; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SET plan_cache_mode = force_generic_plan; SET jit = off
"""


def lock_key(owner: str) -> int:
    """The advisory lock that says `owner` lives: 64 bits of its name, signed."""
    return int.from_bytes(hashlib.blake2b(owner.encode(), digest_size=8).digest(), "big", signed=True)


async def connect(database_url: str) -> Connection:
    """A connection of the engine's own: every statement commits by itself, and durably."""
    connection = await AsyncConnection.connect(
        database_url, autocommit=True, connect_timeout=10, application_name="curator delivery"
    )
    await connection.execute(_SETTINGS)
    return connection


async def take_ownership(connection: Connection, owner: str) -> None:
    """Hold `owner`'s advisory lock for as long as this connection lives."""
    await connection.execute("SELECT pg_advisory_lock(%s)", (lock_key(owner),))


async def claim(connection: Connection, delivery_id: int, owner: str, lease: float) -> Claim | None:
    """The first batch that nobody holds and that is due, smallest ids first. None when there is none."""
    facts = {"delivery": delivery_id, "owner": owner, "lease": lease}
    rows = await (await connection.execute(_CLAIM, facts, prepare=True)).fetchall()
    if not rows:
        return None
    return Claim(rows[0][0], [Claimed._make(row[1:]) for row in rows if row[1] is not None])


async def release(connection: Connection, owner: str, batch_ids: list[int]) -> None:
    """Let go of batches whose outcomes are written, and count them. Those that are another's by now stay so."""
    if not batch_ids:
        return
    async with connection.transaction():
        cursor = await connection.execute(LOCK_OWNED, {"owner": owner, "ids": batch_ids}, prepare=True)
        if ids := [row[0] for row in await cursor.fetchall()]:
            await connection.execute(SETTLE, {"ids": ids}, prepare=True)


async def settle_late(connection: Connection, delivery_id: int, message_ids: list[int]) -> None:
    """Count the batches of these messages again, in the transaction that changed them: nobody else may come to do it.

    A batch that is held is counted by its holder, who waits for our lock.
    """
    facts = {"delivery": delivery_id, "ids": message_ids}
    rows = await (await connection.execute(_LOCK_AROUND, facts)).fetchall()
    if ids := [batch_id for batch_id, is_free in rows if is_free]:
        await connection.execute(SETTLE, {"ids": ids})


async def held(connection: Connection, delivery_id: int, owner: str) -> list[int]:
    """The batches this owner holds."""
    cursor = await connection.execute(_HELD, {"delivery": delivery_id, "owner": owner})
    return [row[0] for row in await cursor.fetchall()]


async def renew(connection: Connection, delivery_id: int, owner: str, lease: float) -> None:
    """Hold what is ours a while longer."""
    await connection.execute(_RENEW, {"delivery": delivery_id, "owner": owner, "lease": lease})
