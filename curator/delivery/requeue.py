"""Sending again what is in doubt, and trying again what failed: acts of a person, recorded with each message.

The Message-ID stays, so that a second copy is recognisable as one. Nobody is put back who left, paused or is on the
list of those never to be mailed; the marker asks once more. The sum of the ledger holds throughout.
"""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.batches import IN_BATCH
from curator.delivery.claim import BARRED
from curator.delivery.models import Delivery, DeliveryState, MessageState, Requeue
from curator.doorbell import ring
from curator.errors import Conflict, NotFound
from curator.issues.models import Issue, IssueState

_ENDED = (DeliveryState.SENT, DeliveryState.CANCELLED)
_ALLOWED = (*_ENDED, DeliveryState.PAUSED, DeliveryState.SENDING)

_PUT_BACK = f"""
WITH chosen AS MATERIALIZED (
    SELECT message.id, message.reason, message.last_reply, message.done_at
    FROM batch JOIN message ON {IN_BATCH}
    JOIN subscription ON subscription.id = message.subscription_id
    JOIN subscriber ON subscriber.id = message.subscriber_id
    WHERE batch.delivery_id = %(delivery)s AND (batch.owner IS NOT NULL OR batch.tally ? %(was)s)
      AND message.state = %(was)s
      AND (%(reason)s::text IS NULL OR coalesce(message.reason, 'refused') = %(reason)s)
      AND subscription.state = 'active' AND coalesce(subscription.paused_until <= current_date, true)
      AND NOT EXISTS ({BARRED})
    ORDER BY message.id FOR UPDATE OF message
), kept AS (
    INSERT INTO requeued (requeue_id, message_id, reason, last_reply, done_at)
    SELECT %(act)s, id, reason, last_reply, done_at FROM chosen
)
UPDATE message SET state = 'pending', reason = NULL, owner = NULL, not_before = NULL, last_reply = NULL,
    marked_at = NULL, done_at = NULL
FROM chosen WHERE message.id = chosen.id
"""  # noqa: S608 - our own constants


def resend(session: Session, delivery_id: int, by: str, *, seen: int | None = None) -> Requeue | None:
    """Send again to everybody in doubt: they may get a second copy. See `_requeue` for `seen` and what is refused."""
    return _requeue(session, delivery_id, MessageState.UNKNOWN, by, None, seen)


def retry(
    session: Session, delivery_id: int, by: str, *, reason: str | None = None, seen: int | None = None
) -> Requeue | None:
    """Try again everybody who failed, or who failed for this reason as the ledger counts it. They got nothing."""
    return _requeue(session, delivery_id, MessageState.REJECTED, by, reason, seen)


def requeues(session: Session, delivery_id: int) -> list[dict[str, Any]]:
    """Every act so far, oldest first, as the status shows it."""
    acts = session.scalars(select(Requeue).where(Requeue.delivery_id == delivery_id).order_by(Requeue.id))
    return [
        {
            "id": act.id,
            "was": "unknown" if act.was is MessageState.UNKNOWN else "failed",
            "reason": act.reason,
            "messages": act.messages,
            "by": act.by,
            "at": act.at.isoformat(),
        }
        for act in acts
    ]


def _requeue(
    session: Session, delivery_id: int, was: MessageState, by: str, reason: str | None, seen: int | None
) -> Requeue | None:
    """`seen`: the id of the last act the person saw, 0 for none. None when somebody acted since: a second click.

    A paused delivery stays paused; one that ended is sending again. `Conflict` when there is nobody to put back.
    """
    delivery = session.get(Delivery, delivery_id, with_for_update=True, populate_existing=True)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.", delivery_id=delivery_id)
    last = session.scalar(select(func.max(Requeue.id)).where(Requeue.delivery_id == delivery_id)) or 0
    if seen is not None and seen != last:
        return None
    _refuse_unready(session, delivery)
    act = Requeue(delivery_id=delivery_id, was=was, reason=reason, messages=0, by=by)
    session.add(act)
    session.flush()
    act.messages = _put_back(session, act)
    if not act.messages:
        raise Conflict(_nobody(was, reason), delivery=delivery_id)
    _go_on(session, delivery)
    return act


def _refuse_unready(session: Session, delivery: Delivery) -> None:
    is_ending = delivery.state is DeliveryState.CANCELLED and delivery.finished_at is None
    if delivery.state not in _ALLOWED or is_ending:
        state = "still being cancelled" if is_ending else delivery.state.value
        raise Conflict(
            f"A delivery that is {state} takes nothing back yet. Wait until it is sent, or pause it.", state=state
        )
    if session.get_one(Issue, delivery.issue_id, populate_existing=True).state is IssueState.DRAFT:
        raise Conflict("Nobody got this issue, and it is a draft again: send it anew instead.")


def _put_back(session: Session, act: Requeue) -> int:
    """How many were put back. Messages first, batches after: the order in which everybody locks them."""
    facts = {"delivery": act.delivery_id, "was": act.was.value, "reason": act.reason, "act": act.id}
    return session.connection().exec_driver_sql(_PUT_BACK, facts).rowcount


def _go_on(session: Session, delivery: Delivery) -> None:
    if delivery.released_at is None:
        delivery.hold_until = None  # a pilot is judged anew once it is through again
    if delivery.state in _ENDED:
        delivery.state, delivery.finished_at, delivery.reason = DeliveryState.SENDING, None, None
    session.flush()
    batches.settle(session, delivery.id)
    if delivery.state is DeliveryState.SENDING:
        ring(session, "delivery.slice", delivery.id)


def _nobody(was: MessageState, reason: str | None) -> str:
    what = "in doubt" if was is MessageState.UNKNOWN else f"that failed with “{reason}”" if reason else "that failed"
    return f"There is no message {what} whose reader may still be mailed."
