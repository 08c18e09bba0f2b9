"""When messages that were put off, and deliveries that rest, are due again. The ledger's clock alone."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.delivery.batches import CLAIMABLE

_DUE_WITHIN = text(
    """
    SELECT EXISTS (
        SELECT FROM batch WHERE delivery_id = :delivery AND is_open AND owner IS NULL
          AND coalesce(not_before <= clock_timestamp() + make_interval(secs => :seconds), true))
    """
)

# One that nobody sends comes before those that somebody sends already.
_ANOTHER = text(
    f"""
    SELECT delivery.id FROM delivery
    WHERE delivery.state = 'sending' AND delivery.id <> ALL(:here)
      AND EXISTS (SELECT FROM batch WHERE batch.delivery_id = delivery.id AND {CLAIMABLE})
    ORDER BY EXISTS (SELECT FROM batch WHERE batch.delivery_id = delivery.id AND batch.is_open
                     AND batch.lease_until > clock_timestamp()), delivery.id
    LIMIT 1
    """  # noqa: S608 - our own constant
)

_REST = text(
    """
    UPDATE delivery SET rests_until = clock_timestamp() + make_interval(secs => :seconds), reason = :reason
    WHERE id = :delivery AND state = 'sending'
    """
)


def has_due_within(session: Session, delivery_id: int, seconds: float) -> bool:
    """Is something that nobody holds due within this time?"""
    return bool(session.scalar(_DUE_WITHIN, {"delivery": delivery_id, "seconds": seconds}))


def rest(session: Session, delivery_id: int, seconds: float, reason: str | None) -> None:
    """Nobody need look at this delivery for a while; say why when people should know."""
    session.execute(_REST, {"delivery": delivery_id, "seconds": seconds, "reason": reason})


def another_due(session: Session, here: Collection[int]) -> int | None:
    """A delivery of which something could be sent now, besides these."""
    found: int | None = session.scalar(_ANOTHER, {"here": list(here)})
    return found
