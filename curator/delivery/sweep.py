"""The sweep finds what a lost doorbell or a dead worker left behind, in the database alone, and rings for it.

It takes a message out of `attempting` only to `unknown`, and only when its owner's lock is free: then that owner can
never mark or send again (see ownership.py). Two sweeps at once do no harm: the second one finds the first at it.
"""

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from curator.delivery.bell import may_ring
from curator.delivery.claim import lock_key
from curator.delivery.closing import close_if_done, finish_cancelled
from curator.delivery.models import Delivery, DeliveryState
from curator.doorbell import ring
from curator.settings import Settings

_SWEEP_LOCK = 0x73776565
_GRACE_SECONDS = 60

_FREEZE_DUE = select(Delivery.id).where(
    (Delivery.state == DeliveryState.FREEZING)
    | ((Delivery.state == DeliveryState.SCHEDULED) & (Delivery.scheduled_at <= func.clock_timestamp()))
)

_RUNNING = select(Delivery.id, Delivery.state).where(
    Delivery.state.in_((DeliveryState.SENDING, DeliveryState.PAUSED, DeliveryState.HOLDING))
    | ((Delivery.state == DeliveryState.CANCELLED) & Delivery.finished_at.is_(None))
)

_OWNERS = text(
    """
    SELECT owner, max(lease_until) < clock_timestamp() - make_interval(secs => :silence) AS is_silent
    FROM message WHERE delivery_id = :delivery AND state IN ('pending', 'claimed', 'deferred', 'attempting')
      AND state IN ('claimed', 'attempting') AND owner IS NOT NULL
    GROUP BY owner
    """
)

_IN_DOUBT = text(
    """
    UPDATE message SET state = 'unknown', attempts = attempts + 1, done_at = clock_timestamp(), lease_until = NULL,
        reason = 'the worker ended after the message was sent, before the reply'
    WHERE delivery_id = :delivery AND owner = :owner AND state = 'attempting'
    """
)

_UNTRIED = text(
    """
    UPDATE message SET state = 'pending', lease_until = NULL
    WHERE delivery_id = :delivery AND owner = :owner AND state = 'claimed'
    """
)

_CUT_OFF = text(
    """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND database = (SELECT oid FROM pg_database
          WHERE datname = current_database())
      AND classid::bigint = (CAST(:key AS bigint) >> 32) & 4294967295
      AND objid::bigint = CAST(:key AS bigint) & 4294967295
    """
)

_CLAIMABLE = text(
    """
    SELECT EXISTS (
        SELECT FROM message WHERE delivery_id = :delivery AND state IN ('pending', 'claimed', 'deferred', 'attempting')
          AND (state = 'pending' OR (state = 'deferred' AND not_before <= clock_timestamp())
               OR (state = 'claimed' AND lease_until < clock_timestamp())))
      AND NOT EXISTS (SELECT FROM delivery WHERE id = :delivery AND rests_until > clock_timestamp())
    """
)


def sweep(session: Session, settings: Settings) -> list[tuple[str, int]]:
    """Everything that is due, rung for after the commit: (task, id) each. Empty while another sweep is at it."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_SWEEP_LOCK))):
        return []
    rung = [("delivery.freeze", delivery_id) for delivery_id in session.scalars(_FREEZE_DUE)]
    for delivery_id, state in session.execute(_RUNNING).all():
        name_the_doubtful(session, delivery_id, settings)
        if state is DeliveryState.CANCELLED:
            finish_cancelled(session, delivery_id)
        elif state is DeliveryState.SENDING:
            is_due = not close_if_done(session, delivery_id) and _needs_slice(session, delivery_id, settings)
            rung += [("delivery.slice", delivery_id)] if is_due else []
    for name, delivery_id in rung:
        ring(session, name, delivery_id)
    return rung


def has_claimable(session: Session, delivery_id: int) -> bool:
    """Is there a message somebody could claim right now?"""
    return bool(session.scalar(_CLAIMABLE, {"delivery": delivery_id}))


def _needs_slice(session: Session, delivery_id: int, settings: Settings) -> bool:
    return has_claimable(session, delivery_id) and may_ring(delivery_id, settings)


def name_the_doubtful(session: Session, delivery_id: int, settings: Settings) -> None:
    """What owners that are gone have left: in flight becomes `unknown`, claimed becomes `pending` again."""
    silence = settings.lease_seconds + settings.smtp_reply_seconds + _GRACE_SECONDS
    for owner, is_silent in session.execute(_OWNERS, {"delivery": delivery_id, "silence": silence}).all():
        if session.scalar(select(func.pg_try_advisory_xact_lock(lock_key(owner)))):
            session.execute(_IN_DOUBT, {"delivery": delivery_id, "owner": owner})
            session.execute(_UNTRIED, {"delivery": delivery_id, "owner": owner})
        elif is_silent:  # stopped, not dead: without its connection it can never mark again; the next sweep goes on
            session.execute(_CUT_OFF, {"key": lock_key(owner)})
