"""The marker, the last gate before the dot, and the outcome after it: one statement and one commit for many messages.

A marker is given once to whoever read the row as it is (`attempts`, and not marked), never to two. It sees every pause,
cancellation, unsubscription and suppression committed before `marked_at`, because that is the start of the statement
and its snapshot is younger. An outcome is only taken from the owner that marked, or for a row that nobody marked.
Nothing else takes a row out of `attempting`, except `sweep.py` to `unknown`.
"""

import json
from collections.abc import Iterable
from typing import NamedTuple

from curator.delivery.claim import BARRED, Claimed, Connection
from curator.delivery.models import MessageState


class Outcome(NamedTuple):
    """What became of a claimed message. `attempts`: as claimed. `wait`: seconds until the next try, if deferred.

    `relay`: the one that was asked; None when none was, or when the marker said so already.
    """

    id: int
    attempts: int
    state: MessageState
    reason: str | None = None
    reply: str | None = None
    wait: float | None = None
    tries: int = 1
    relay: int | None = None


_RECORD_AND_MARK = f"""
WITH outcome AS (
    UPDATE message SET
        state = o.state, reason = o.reason, last_reply = o.reply,
        relay_id = coalesce(o.relay, message.relay_id), attempts = o.attempts + o.tries,
        not_before = clock_timestamp() + make_interval(secs => o.wait),
        done_at = CASE WHEN o.state IN ('accepted', 'rejected', 'unknown') THEN clock_timestamp() END
    FROM jsonb_to_recordset(%(outcomes)s::jsonb)
        AS o (id bigint, attempts int, state text, reason text, reply text, wait float8, tries int, relay bigint)
    WHERE message.id = o.id
      AND (message.attempts = o.attempts
           AND (message.state = 'attempting' AND message.owner = %(owner)s
                OR message.state IN ('pending', 'deferred') AND o.state IN ('pending', 'deferred', 'rejected'))
           -- given up as doubtful, with the try counted, by a sweep that could not know better
           OR message.attempts = o.attempts + 1 AND message.owner = %(owner)s
              AND message.state = 'unknown' AND o.state IN ('accepted', 'rejected'))
)
UPDATE message SET state = 'attempting', marked_at = statement_timestamp(), owner = %(owner)s, relay_id = wanted.relay
FROM unnest(%(ids)s::bigint[], %(attempts)s::int[], %(relays)s::bigint[]) AS wanted (id, attempts, relay),
    subscription, subscriber
WHERE message.id = wanted.id AND message.attempts = wanted.attempts AND message.state IN ('pending', 'deferred')
  AND message.delivery_id = %(delivery)s
  AND EXISTS (SELECT FROM delivery WHERE id = %(delivery)s AND state = 'sending')
  AND subscription.id = message.subscription_id AND subscription.state = 'active'
  AND (subscription.paused_until IS NULL OR subscription.paused_until <= current_date)
  AND subscriber.id = message.subscriber_id
  AND NOT EXISTS ({BARRED})
RETURNING message.id
"""  # noqa: S608 - our own constants

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

# Rows that got no marker: out for good when the person or the delivery says so, else they wait for somebody else.
_REFUSE = f"""
WITH judged AS (
    SELECT message.id, delivery.state AS delivery_state, ({_REFUSAL}) AS refusal
    FROM message JOIN delivery ON delivery.id = message.delivery_id
    LEFT JOIN subscriber ON subscriber.id = message.subscriber_id
    LEFT JOIN subscription ON subscription.id = message.subscription_id
    LEFT JOIN LATERAL (
        SELECT scope FROM suppression
        WHERE suppression.address_hash = subscriber.address_hash
          AND (scope <> 'newsletter' OR suppression.newsletter_id = delivery.newsletter_id)
        ORDER BY array_position(ARRAY['erased', 'complaint', 'hard bounce'], scope::text) NULLS LAST LIMIT 1
    ) AS barred ON true
    WHERE message.id = ANY(%(ids)s::bigint[])
), out AS (
    UPDATE message SET
        state = CASE WHEN judged.delivery_state = 'cancelled' THEN 'cancelled' ELSE 'suppressed' END,
        reason = CASE WHEN judged.delivery_state = 'cancelled' THEN 'cancelled' ELSE judged.refusal END,
        done_at = clock_timestamp(), not_before = NULL
    FROM judged
    WHERE message.id = judged.id AND message.state IN ('pending', 'deferred')
      AND (judged.delivery_state = 'cancelled' OR judged.refusal IS NOT NULL)
)
SELECT bool_and(delivery_state = 'sending') FROM judged
"""  # noqa: S608 - our own constants


async def record_and_mark(
    connection: Connection,
    delivery_id: int,
    owner: str,
    outcomes: list[Outcome],
    wanted: list[tuple[Claimed, int]],
) -> set[int]:
    """Record `outcomes` and mark `wanted`, each at its relay, in one commit; the ids that may get their dot.

    Rows are touched in the order of their ids, like everybody does who touches many: nobody waits in a circle.
    """
    wanted.sort()
    cursor = await connection.execute(
        _RECORD_AND_MARK,
        {
            "delivery": delivery_id,
            "owner": owner,
            "outcomes": json.dumps([outcome._asdict() for outcome in sorted(outcomes)]),
            "ids": _array(claimed.id for claimed, _ in wanted),
            "attempts": _array(claimed.attempts for claimed, _ in wanted),
            "relays": _array(relay for _, relay in wanted),
        },
        prepare=True,
    )
    return {row[0] for row in await cursor.fetchall()}


async def refuse(connection: Connection, ids: list[int]) -> bool:
    """Write why these got no marker. False when the reason is that their delivery does not send."""
    if not ids:
        return True
    cursor = await connection.execute(_REFUSE, {"ids": sorted(ids)})
    row = await cursor.fetchone()
    return bool(row and row[0])


def _array(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL reads it: a third of the time of adapting a list, number by number."""
    return "{" + ",".join(map(str, numbers)) + "}"
