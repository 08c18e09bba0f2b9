"""What a running delivery becomes: `sent` by one query over the ledger, stopped with a reason, finished after a cancel.

Nothing here decides about a message that may have been sent.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.batches import IN_BATCH

# One snapshot: every row is final, and all rows that were frozen are there. The batches are asked first, because they
# say no at once.
_CLOSE = text(
    """
    WITH closed AS (
        UPDATE delivery SET state = 'sent', finished_at = clock_timestamp(), reason = NULL
        WHERE id = :delivery AND state = 'sending'
          AND CASE WHEN EXISTS (SELECT FROM batch WHERE delivery_id = :delivery AND is_open) THEN false
              ELSE (SELECT count(*) = delivery.expected AND bool_and(
                        message.state IN ('accepted', 'rejected', 'unknown', 'suppressed', 'cancelled')) IS NOT FALSE
                    FROM message WHERE delivery_id = :delivery) END
        RETURNING issue_id
    )
    UPDATE issue SET state = 'sent', sent_at = coalesce(sent_at, clock_timestamp())
    FROM closed WHERE issue.id = closed.issue_id
    RETURNING issue.id
    """
)

# Who was to get it again because the first copy is in doubt stays in doubt.
_WAS_IN_DOUBT = """
    EXISTS (SELECT FROM requeued JOIN requeue ON requeue.id = requeued.requeue_id
            WHERE requeued.message_id = message.id AND requeue.was = 'unknown')
"""

_CANCEL_REST = text(
    f"""
    UPDATE message SET done_at = clock_timestamp(),
        state = CASE WHEN {_WAS_IN_DOUBT} THEN 'unknown' ELSE 'cancelled' END,
        reason = CASE WHEN {_WAS_IN_DOUBT} THEN 'in doubt before, and not sent again' ELSE 'cancelled' END
    WHERE id IN (SELECT message.id FROM batch JOIN message ON {IN_BATCH}
                 WHERE batch.delivery_id = :delivery AND batch.is_open AND message.state IN ('pending', 'deferred')
                 ORDER BY message.id FOR UPDATE OF message)
      AND state IN ('pending', 'deferred')
    """  # noqa: S608 - our own constants
)

_FINISH_CANCELLED = text(
    """
    UPDATE delivery SET finished_at = clock_timestamp() WHERE id = :delivery AND state = 'cancelled'
    AND finished_at IS NULL AND NOT EXISTS (SELECT FROM batch WHERE delivery_id = :delivery AND is_open)
    """
)


def close_if_done(session: Session, delivery_id: int) -> bool:
    """Make the delivery `sent`, and its issue, if the ledger says that nothing is left to do. True when it did."""
    return session.execute(_CLOSE, {"delivery": delivery_id}).first() is not None


def finish_cancelled(session: Session, delivery_id: int) -> None:
    """Cancel what has not been handed to a relay, and finish the delivery once the last message in flight is known."""
    session.execute(_CANCEL_REST, {"delivery": delivery_id})
    batches.settle(session, delivery_id)
    session.execute(_FINISH_CANCELLED, {"delivery": delivery_id})


def stop_sending(session: Session, delivery_id: int, reason: str) -> None:
    """Pause a delivery that is sending, for a reason a person can act on. The first reason stays."""
    statement = text(
        "UPDATE delivery SET state = 'paused', reason = :reason WHERE id = :delivery AND state = 'sending'"
    )
    session.execute(statement, {"reason": reason, "delivery": delivery_id})


def set_reason(session: Session, delivery_id: int, reason: str | None) -> None:
    """Say why a delivery that is sending gets nowhere, or that it does again (None)."""
    statement = text(
        "UPDATE delivery SET reason = :reason "
        "WHERE id = :delivery AND state = 'sending' AND reason IS DISTINCT FROM :reason"
    )
    session.execute(statement, {"reason": reason, "delivery": delivery_id})
