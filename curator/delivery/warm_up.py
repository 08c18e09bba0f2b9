"""Warming up a relay: a ceiling of messages for each day, rising by plan, until receivers know it.

Days are UTC days. What was sent is counted from the ledger (marked today, whatever became of it); Redis only holds the
count between two looks. Before the plan's first day its first ceiling holds, after its last there is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from curator.delivery.models import Delivery, DeliveryState, Message, Relay
from curator.errors import Invalid, NotFound

LONGEST_PLAN = 366


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
    recent = select(Delivery.id).where(or_(Delivery.finished_at.is_(None), Delivery.finished_at >= midnight))
    statement = select(func.count()).where(
        Message.delivery_id.in_(recent),
        Message.marked_at >= midnight,
        Message.marked_at < midnight + timedelta(days=1),
        Message.relay_id == relay_id,
    )
    return session.scalar(statement) or 0


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
