"""How quickly a delivery goes: messages accepted a second, over the last minute and over all of it.

The last minute is read from the batches that ended in it and those in work. When these are many, some of them stand
for all: a second's look at a million messages never reads more than `SAMPLE` batches. Reads only.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.delivery.batches import IN_BATCH
from curator.delivery.models import Delivery, DeliveryState

WINDOW_SECONDS = 60
SAMPLE = 40

# A batch accepts over a stretch of time, also long ago and once more just now: its messages are asked, not its tally.
_LAST_MINUTE = text(
    f"""
    WITH recent AS MATERIALIZED (
        SELECT id, delivery_id, first_id, last_id FROM batch WHERE delivery_id = :delivery
        AND (owner IS NOT NULL OR last_accepted_at > clock_timestamp() - make_interval(secs => :window))
    ), batch AS MATERIALIZED (
        SELECT * FROM recent ORDER BY (id * 7919) % 1009 LIMIT :sample
    )
    SELECT (SELECT coalesce(sum(part.accepted), 0) FROM batch CROSS JOIN LATERAL (
                SELECT count(*) AS accepted FROM message WHERE {IN_BATCH} AND message.state = 'accepted'
                AND message.done_at > clock_timestamp() - make_interval(secs => :window)) AS part)
        * (SELECT count(*) FROM recent) / greatest((SELECT count(*) FROM batch), 1)::float8
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
    values: dict[str, Any] = {"delivery": delivery.id, "window": WINDOW_SECONDS, "sample": SAMPLE}
    recently: float = session.scalar(_LAST_MINUTE, values) or 0.0
    return Rates(
        _per_second(recently, min(running, WINDOW_SECONDS)), _per_second(accepted, (end - started).total_seconds())
    )


def _per_second(messages: float, seconds: float) -> float:
    return round(messages / max(seconds, 0.001), 1)
