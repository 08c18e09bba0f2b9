"""Warming up a relay: a ceiling of messages for each day, rising by plan, until receivers know it.

Days are UTC days. What was sent is counted from the ledger (marked today, whatever became of it); Redis only holds the
count between two looks. Before the plan's first day its first ceiling holds, after its last there is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from curator.delivery.batches import IN_BATCH
from curator.delivery.models import Delivery, DeliveryState, Relay
from curator.errors import Invalid, NotFound

LONGEST_PLAN = 366

# Batches of which nothing was tried are not looked into: a relay that warms up may carry a little of a large delivery.
_COUNT_SENT = text(
    f"""
    SELECT count(*) FROM delivery JOIN batch ON batch.delivery_id = delivery.id JOIN message ON {IN_BATCH}
    WHERE (delivery.finished_at IS NULL OR delivery.finished_at >= :midnight) AND delivery.started_at IS NOT NULL
      AND (batch.owner IS NOT NULL OR EXISTS (
           SELECT FROM jsonb_object_keys(batch.tally) AS state (name)
           WHERE state.name NOT IN ('pending', 'suppressed', 'cancelled')))
      AND message.relay_id = :relay AND message.marked_at >= :midnight AND message.marked_at < :next
    """  # noqa: S608 - our own constant
)


@dataclass(frozen=True)
class WarmUp:
    """Messages a day, from the day `first` on."""

    plan: tuple[int, ...]
    first: date

    def ceiling(self, day: date) -> int | None:
        """The most messages on this day; None after the plan."""
        number = max((day - self.first).days, 0)
        return self.plan[number] if number < len(self.plan) else None


def warm_up_of(relay: Relay) -> WarmUp | None:
    """The relay's plan, if it has one."""
    return WarmUp(tuple(relay.warm_up), relay.warm_up_from) if relay.warm_up and relay.warm_up_from else None


def set_warm_up(session: Session, name: str, plan: Sequence[int], first: date) -> Relay:
    """Warm the relay of this name up by this plan. Deliveries that wait for tomorrow look again."""
    if not plan or len(plan) > LONGEST_PLAN or any(number < 1 for number in plan):
        raise Invalid("A plan is one number of messages above 0 per day, like 50,100,500,1000,5000.")
    return _change(session, name, list(plan), first)


def end_warm_up(session: Session, name: str) -> Relay:
    """No ceiling any more."""
    return _change(session, name, None, None)


def count_sent(session: Session, relay_id: int, day: date) -> int:
    """Messages marked on this day at this relay, whatever became of them since."""
    midnight = datetime.combine(day, time(), UTC)
    values = {"relay": relay_id, "midnight": midnight, "next": midnight + timedelta(days=1)}
    return session.scalar(_COUNT_SENT, values) or 0


def next_day(day: date) -> datetime:
    """When the next day's ceiling begins to hold."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _change(session: Session, name: str, plan: list[int] | None, first: date | None) -> Relay:
    relay = session.scalar(select(Relay).where(Relay.name == name).with_for_update())
    if relay is None:
        raise NotFound(f"There is no relay {name}. Set it with `curator relays set {name} --host … --port …`.")
    relay.warm_up, relay.warm_up_from = plan, first
    session.execute(
        update(Delivery)
        .where(Delivery.state == DeliveryState.SENDING, Delivery.rests_until.is_not(None))
        .values(rests_until=None, reason=None)
    )
    session.flush()
    return relay
