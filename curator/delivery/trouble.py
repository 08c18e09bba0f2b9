"""What keeps a delivery from getting on, in plain sentences: a process that is down, a broker away, nothing moving.

Reads only. The sentences say what it means for the send and what to do; the rule itself is on values.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import redis
from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from curator.accounts.models import AuditEntry
from curator.db.heartbeats import Process, alive
from curator.delivery.models import Delivery, DeliveryState
from curator.settings import Settings, get_settings

STILL_SECONDS = 60
"""Nothing moved for so long although messages wait: that is said."""

_BROKER_SECONDS = 0.5
_AT_REST = (DeliveryState.PAUSED, DeliveryState.SENT, DeliveryState.CANCELLED)

# What somebody could send now, or somebody holds. A batch whose messages wait for their next try is neither.
_WAIT = text(
    """
    SELECT EXISTS (SELECT FROM batch WHERE delivery_id = :delivery AND is_open
                   AND (owner IS NOT NULL OR coalesce(not_before <= clock_timestamp(), true)))
    """
)

_NO_WORKER = (
    "No worker is running, so nothing is being sent. Nothing is lost: sending goes on by itself once one runs. "
    "Whoever runs Curator starts one with “curator worker”."
)
_NO_BEAT = (
    "The scheduler is not running. Sends that are due later will not start, and interrupted ones will not go on, "
    "until it does. Whoever runs Curator starts it with “curator beat”."
)
_NO_BROKER = (
    "The broker (Valkey or Redis) does not answer, so workers are not told what to do. Nothing is lost: sending goes "
    "on by itself once it is back."
)


class Facts(NamedTuple):
    """What the rule needs to know. `still_seconds`: since a message moved, None when none waits that could."""

    state: DeliveryState
    alive: Mapping[Process, bool]
    has_broker: bool
    still_seconds: float | None
    reason: str | None


def sentences(facts: Facts) -> list[str]:
    """The rule, on values. A delivery that rests waits for nobody."""
    if facts.state in _AT_REST:
        return []
    found = []
    if not facts.alive[Process.WORKER]:
        found.append(_NO_WORKER)
    if not facts.alive[Process.BEAT]:
        found.append(_NO_BEAT)
    if not facts.has_broker:
        found.append(_NO_BROKER)
    if facts.state is DeliveryState.SENDING and facts.reason:
        found.append(facts.reason)
    if facts.still_seconds is not None and facts.still_seconds > STILL_SECONDS:
        found.append(_still(facts.still_seconds, is_explained=bool(found)))
    return found


def trouble_of(session: Session, delivery: Delivery, moved_at: datetime | None) -> list[str]:
    """`moved_at`: when the last message was marked or done, as far as is known."""
    if delivery.state in _AT_REST:
        return []
    return sentences(
        Facts(
            delivery.state,
            alive(session),
            broker_answers(get_settings()),
            still_seconds(session, delivery, moved_at),
            delivery.reason,
        )
    )


def still_seconds(session: Session, delivery: Delivery, moved_at: datetime | None) -> float | None:
    """Seconds since anything moved in a delivery that is sending and has messages that could; else None."""
    if delivery.state is not DeliveryState.SENDING or not session.scalar(_WAIT, {"delivery": delivery.id}):
        return None
    times = [moved_at, delivery.started_at, _resumed_at(session, delivery)]
    clock: datetime = session.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]
    return (clock - max((time for time in times if time is not None), default=clock)).total_seconds()


def broker_answers(settings: Settings) -> bool:
    """Does the broker answer, and soon?"""
    try:
        with redis.Redis.from_url(
            settings.redis_url, socket_timeout=_BROKER_SECONDS, socket_connect_timeout=_BROKER_SECONDS
        ) as client:
            return bool(client.ping())
    except (RedisError, OSError, ValueError):
        return False


def _resumed_at(session: Session, delivery: Delivery) -> datetime | None:
    """It may have rested for days before: what happened until then says nothing."""
    return session.scalar(
        select(func.max(AuditEntry.at)).where(
            AuditEntry.subject_kind == "issue",
            AuditEntry.subject_id == delivery.issue_id,
            AuditEntry.action == "delivery.resume",
        )
    )


def _still(seconds: float, *, is_explained: bool) -> str:
    minutes = int(seconds // 60)
    since = "a minute" if minutes == 1 else f"{minutes} minutes"
    says = f"Nothing has moved for {since}, although messages wait."
    return says if is_explained else f"{says} Whoever runs Curator finds the cause with “curator doctor”."
