"""How quickly a delivery goes: messages accepted a second, over the last minute and over all of it.

The last minute is read from the batches that ended in it and those in work. When these are many, some of them stand
for all: a second's look at a million messages never reads more than a sample of batches. Reads only.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.delivery.batches import IN_BATCH, SAMPLE, TO_ALL, sampled
from curator.delivery.models import Delivery, DeliveryState

WINDOW_SECONDS = 60

# A batch accepts over a stretch of time, also long ago and once more just now: its messages are asked, not its tally.
_RECENTLY = text(
    f"""
    WITH {
        sampled(
            "delivery_id = :delivery AND (owner IS NOT NULL"
            " OR last_accepted_at > clock_timestamp() - make_interval(secs => :window))"
        )
    }
    SELECT coalesce(sum(part.accepted), 0) * {TO_ALL} FROM batch CROSS JOIN LATERAL (
        SELECT count(*) AS accepted FROM message WHERE {IN_BATCH} AND message.state = 'accepted'
        AND message.done_at > clock_timestamp() - make_interval(secs => :window)) AS part
    """  # noqa: S608 - our own constants
)


class Rates(NamedTuple):
    """Messages a second. `now` is the average once the delivery is over."""

    now: float
    average: float


def rates(session: Session, delivery: Delivery, accepted: int, last_at: datetime | None) -> Rates:
    """`accepted`: so many by now, the last one `last_at`."""
    started = delivery.started_at
    if started is None or last_at is None:
        return Rates(0.0, 0.0)
    if delivery.state in (DeliveryState.SENT, DeliveryState.CANCELLED):
        average = _per_second(accepted, (last_at - started).total_seconds())
        return Rates(average, average)
    clock: datetime = session.scalar(text("SELECT clock_timestamp()"))
    end = clock if delivery.state is DeliveryState.SENDING else last_at
    running = (clock - started).total_seconds()
    recently = accepted_within(session, delivery.id, WINDOW_SECONDS)
    return Rates(
        _per_second(recently, min(running, WINDOW_SECONDS)), _per_second(accepted, (end - started).total_seconds())
    )


def accepted_within(session: Session, delivery_id: int, seconds: float) -> float:
    """Messages accepted in the last so many seconds; an estimate where many batches had a part in it."""
    values = {"delivery": delivery_id, "window": seconds, "sample": SAMPLE}
    return float(session.scalar(_RECENTLY, values) or 0.0)


def _per_second(messages: float, seconds: float) -> float:
    return round(messages / max(seconds, 0.001), 1)
