"""The sweep finds what a lost doorbell or a dead worker left behind, in the database alone, and rings for it.

It takes a message out of `attempting` only to `unknown`, and only when its owner's lock is free: then that owner can
never mark or send again (see ownership.py). Two sweeps at once do no harm: the second one finds the first at it.
"""

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.batches import CLAIMABLE, IN_BATCH
from curator.delivery.bell import may_ring
from curator.delivery.claim import lock_key
from curator.delivery.closing import close_if_done, finish_cancelled
from curator.delivery.models import Delivery, DeliveryState
from curator.delivery.pilot import advance
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

# Who holds a batch, and who marked messages in a batch that was taken over. Silent: for longer than a reply may take.
_OWNERS = text(
    f"""
    SELECT owner, bool_and(is_silent) FROM (
        SELECT owner, lease_until < clock_timestamp() - make_interval(secs => :silence) AS is_silent
        FROM batch WHERE delivery_id = :delivery AND owner IS NOT NULL
        UNION ALL
        SELECT message.owner, message.marked_at < clock_timestamp() - make_interval(secs => :silence)
        FROM batch JOIN message ON {IN_BATCH}
        WHERE batch.delivery_id = :delivery AND batch.is_inherited AND message.state = 'attempting'
          AND message.owner IS DISTINCT FROM batch.owner
    ) AS found GROUP BY owner
    """  # noqa: S608 - our own constants
)

_IN_DOUBT = text(
    f"""
    UPDATE message SET state = 'unknown', attempts = attempts + 1, done_at = clock_timestamp(),
        reason = 'the worker ended after the message was sent, before the reply'
    FROM batch
    WHERE batch.delivery_id = :delivery AND (batch.owner = :owner OR batch.is_inherited) AND {IN_BATCH}
      AND message.owner = :owner AND message.state = 'attempting'
    """  # noqa: S608 - our own constants
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

_CLAIMABLE = text(f"SELECT EXISTS (SELECT FROM batch WHERE delivery_id = :delivery AND {CLAIMABLE})")  # noqa: S608


def sweep(session: Session, settings: Settings) -> list[tuple[str, int]]:
    """Everything that is due, rung for after the commit: (task, id) each. Empty while another sweep is at it."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_SWEEP_LOCK))):
        return []
    rung = [("delivery.freeze", delivery_id) for delivery_id in session.scalars(_FREEZE_DUE)]
    for delivery_id, state in session.execute(_RUNNING).all():
        name_the_doubtful(session, delivery_id, settings)
        if state is DeliveryState.CANCELLED:
            finish_cancelled(session, delivery_id)
        elif state is not DeliveryState.PAUSED and not close_if_done(session, delivery_id):
            advance(session, delivery_id, settings)
            rung += [("delivery.slice", delivery_id)] if _needs_slice(session, delivery_id, settings) else []
    for name, delivery_id in rung:
        ring(session, name, delivery_id)
    return rung


def has_claimable(session: Session, delivery_id: int) -> bool:
    """Is there a message somebody could claim right now?"""
    return bool(session.scalar(_CLAIMABLE, {"delivery": delivery_id}))


def _needs_slice(session: Session, delivery_id: int, settings: Settings) -> bool:
    return has_claimable(session, delivery_id) and may_ring(delivery_id, settings)


def name_the_doubtful(session: Session, delivery_id: int, settings: Settings) -> None:
    """What owners that are gone have left: in flight becomes `unknown`, and their batches are free again."""
    silence = settings.lease_seconds + settings.smtp_reply_seconds + _GRACE_SECONDS
    is_changed = False
    for owner, is_silent in session.execute(_OWNERS, {"delivery": delivery_id, "silence": silence}).all():
        if session.scalar(select(func.pg_try_advisory_xact_lock(lock_key(owner)))):
            session.execute(_IN_DOUBT, {"delivery": delivery_id, "owner": owner})
            batches.release(session, delivery_id, owner)
            is_changed = True
        elif is_silent:  # stopped, not dead: without its connection it can never mark again; the next sweep goes on
            session.execute(_CUT_OFF, {"key": lock_key(owner)})
    if is_changed:
        batches.settle(session, delivery_id)
