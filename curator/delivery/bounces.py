"""Bounces: every refused message enters the record once, and whoever it says cannot be reached is mailed no more.

In sets, apart from sending: at the end of a slice and by every sweep, which finds what a dead worker did not enter.
Reports that come by mail add rows of their own and call `follow`.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.audience.models import Scope, Subscriber
from curator.audience.suppress import suppress_hashes
from curator.delivery.batches import IN_BATCH
from curator.delivery.bounce_rules import (
    SENDERS_PROBLEM,
    SOFT_LIMIT,
    UNMAILABLE,
    BounceClass,
    Bounced,
    Judged,
    judge_bounce,
    suppresses,
    take_apart,
)
from curator.delivery.models import Bounce, Message, MessageState, Source
from curator.delivery.replies import GIVEN_UP

log = structlog.get_logger(__name__)

AT_ONCE = 5000

# Of what runs and of what ended within the hour: enough for a sweep that was away for a while. Only batches of which
# something refused is not entered yet; one in work is looked at when it is let go of.
_MISSING = text(
    f"""
    SELECT message.id AS message_id, message.subscriber_id, message.address, delivery.newsletter_id, message.reason,
        coalesce(message.last_reply, message.reason, '') AS said, coalesce(message.done_at, clock_timestamp()) AS at
    FROM delivery JOIN batch ON batch.delivery_id = delivery.id AND jsonb_exists(batch.tally, 'rejected')
    JOIN message ON {IN_BATCH} AND message.state = 'rejected'
    WHERE (delivery.id = CAST(:delivery AS bigint)
           OR CAST(:delivery AS bigint) IS NULL AND delivery.started_at IS NOT NULL
              AND (delivery.finished_at IS NULL OR delivery.finished_at > clock_timestamp() - interval '1 hour'))
      AND (SELECT sum(value::bigint) FROM jsonb_each_text(batch.tally -> 'rejected'))
          > (SELECT count(*) FROM bounce WHERE bounce.message_id BETWEEN batch.first_id AND batch.last_id
             AND bounce.source = 'session'
             AND NOT EXISTS (SELECT FROM requeued WHERE requeued.message_id = bounce.message_id))
      AND NOT EXISTS (SELECT FROM bounce WHERE bounce.message_id = message.id)
    ORDER BY message.id LIMIT :count
    """  # noqa: S608 - our own constant
)


def enter_bounces(session: Session, delivery_id: int | None = None) -> int:
    """Enter what the ledger says was refused, of this delivery or of all that are recent; how many were new."""
    entered = 0
    while missing := session.execute(_MISSING, {"delivery": delivery_id, "count": AT_ONCE}).all():
        rows = [_row(found) for found in missing]
        statement = insert(Bounce).on_conflict_do_nothing(index_elements=[Bounce.message_id])
        session.execute(statement, rows)
        entered += len(rows)
        follow(session, {row["subscriber_id"] for row in rows if row["subscriber_id"] and _may_punish(row)})
    if entered:
        log.info("bounces_entered", delivery=delivery_id, count=entered)
    return entered


def follow(session: Session, subscriber_ids: Collection[int]) -> int:
    """Suppress those of these subscribers whose bounces say so (`bounce_rules.suppresses`); how many."""
    history = _history(session, subscriber_ids)
    delivered = _delivered(session, [who for who, bounces in history.items() if len(bounces) >= SOFT_LIMIT])
    reasons = {who: why for who, bounces in history.items() if (why := suppresses(bounces, delivered.get(who)))}
    if not reasons:
        return 0
    rows = session.execute(select(Subscriber.id, Subscriber.address_hash).where(Subscriber.id.in_(reasons)))
    return suppress_hashes(session, {hashed: reasons[who] for who, hashed in rows}, Scope.HARD_BOUNCE)


def _row(found: Any) -> dict[str, Any]:
    code, status, words = take_apart(found.said)
    judged = judge_bounce(code, status, words) if code is not None else _without_reply(found.reason)
    return {
        "message_id": found.message_id,
        "subscriber_id": found.subscriber_id,
        "newsletter_id": found.newsletter_id,
        "source": Source.SESSION,
        "kind": judged.kind,
        "is_hard": judged.is_hard,
        "code": code,
        "status": status,
        "text": re.sub(re.escape(found.address), "…", words, flags=re.IGNORECASE),  # it outlives the person
        "at": found.at,
    }


def _without_reply(reason: str | None) -> Judged:
    """Either no relay was ever reached, or we saw ourselves that this is no address."""
    return Judged(BounceClass.NETWORK, is_hard=False) if (reason or "").startswith(GIVEN_UP) else UNMAILABLE


def _may_punish(row: dict[str, Any]) -> bool:
    return row["kind"] not in SENDERS_PROBLEM


def _history(session: Session, subscriber_ids: Collection[int]) -> dict[int, list[Bounced]]:
    history: dict[Any, list[Bounced]] = defaultdict(list)
    rows = session.execute(
        select(Bounce.subscriber_id, Bounce.at, Bounce.kind, Bounce.is_hard).where(
            Bounce.subscriber_id == func.any(list(subscriber_ids))
        )
    )
    for who, at, kind, is_hard in rows:
        history[who].append(Bounced(at, kind, is_hard))
    return history


def _delivered(session: Session, subscriber_ids: Sequence[int]) -> dict[int, Any]:
    """When each was last sent a message that has not bounced."""
    if not subscriber_ids:
        return {}
    rows = session.execute(
        select(Message.subscriber_id, func.max(Message.done_at))
        .outerjoin(Bounce, Bounce.message_id == Message.id)
        .where(
            Message.subscriber_id == func.any(list(subscriber_ids)),
            Message.state == MessageState.ACCEPTED,
            Bounce.id.is_(None),
        )
        .group_by(Message.subscriber_id)
    )
    return dict(rows.all())  # type: ignore[arg-type]
