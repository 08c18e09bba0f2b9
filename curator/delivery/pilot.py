"""The pilot of a delivery: the first few per cent of its readers, then a hold until what comes back is known.

Nobody beyond the pilot is claimed before the release (batches.CLAIMABLE), and a release is never taken back. Whether
it comes by itself is decided by pilot_rule.py, asked by the sweep.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from curator.accounts import audit
from curator.delivery import batches
from curator.delivery.models import Delivery, DeliveryState, MessageState
from curator.delivery.pilot_rule import Limits, Pilot, Step, next_step, say_holding, say_waiting
from curator.issues.models import Newsletter
from curator.settings import Settings

BY_ITSELF = "by itself"
"""Who released a pilot that kept every limit."""

_UNTRIED = (MessageState.PENDING, MessageState.CLAIMED, MessageState.ATTEMPTING)
_NOT_FOR_GOOD = ("mailbox full", "too large for the mailbox")
_GIVEN_UP = "given up"

# What came back after the relay had taken the mail. Asked in SQL, because the stage of events is built on this one. Of
# a message that was refused at once, the refusal counts already.
_CAME_BACK = text(
    """
    SELECT count(DISTINCT message.id) FILTER (WHERE event.kind = 'bounce' AND message.state <> 'rejected'),
        count(DISTINCT message.id) FILTER (WHERE event.kind = 'complaint')
    FROM event JOIN message ON message.id = event.message_id
    JOIN batch ON batch.delivery_id = message.delivery_id AND message.id BETWEEN batch.first_id AND batch.last_id
    WHERE event.issue_id = :issue AND event.kind IN ('bounce', 'complaint')
      AND batch.delivery_id = :delivery AND batch.is_pilot
    """
)


def advance(session: Session, delivery_id: int, settings: Settings) -> None:
    """Hold or release a delivery whose pilot is through; does nothing where there is nothing to decide."""
    delivery = _undecided(session, delivery_id)
    if delivery is None:
        return
    pilot, limits = measure(session, delivery), _limits(settings)
    if delivery.state is DeliveryState.HOLDING and delivery.hold_until is None:  # a person decides; the numbers go on
        delivery.reason = say_holding(pilot, limits)
        session.flush()
        return
    now = session.scalars(select(func.clock_timestamp())).one()
    if not pilot.untried and delivery.hold_until is None:
        delivery.hold_until = now + timedelta(minutes=settings.pilot_hold_minutes)
    until = delivery.hold_until
    match next_step(pilot, limits, is_over=until is not None and until <= now):
        case Step.HOLD:
            delivery.state, delivery.hold_until = DeliveryState.HOLDING, None
            delivery.reason = say_holding(pilot, limits)
        case Step.WAIT:
            delivery.state, delivery.reason = DeliveryState.HOLDING, say_waiting(pilot, _clock(session, delivery))
        case Step.RELEASE:
            _release(delivery, now)
            audit.record(session, BY_ITSELF, "delivery.release", "issue", delivery.issue_id, **pilot._asdict())
    session.flush()


def measure(session: Session, delivery: Delivery) -> Pilot:
    """The numbers of a delivery's pilot as of now."""
    counts = batches.count(session, delivery.id, pilot_only=True)
    of = {state: sum(c.messages for c in counts if c.state is state) for state in MessageState}
    refused = [count for count in counts if count.state is MessageState.REJECTED]
    given_up = sum(c.messages for c in refused if (c.reason or "").startswith(_GIVEN_UP))
    soft = sum(c.messages for c in refused if c.reason in _NOT_FOR_GOOD)
    bounced, complaints = session.execute(_CAME_BACK, {"issue": delivery.issue_id, "delivery": delivery.id}).one()
    return Pilot(
        size=delivery.pilot or 0,
        accepted=of[MessageState.ACCEPTED],
        bounced=of[MessageState.REJECTED] - given_up - soft + bounced,
        complaints=complaints,
        deferred=of[MessageState.DEFERRED],
        trouble=of[MessageState.UNKNOWN] + given_up,
        untried=sum(of[state] for state in _UNTRIED),
    )


def pilot_status(session: Session, delivery: Delivery) -> dict[str, Any] | None:
    """The pilot's part of `ledger.delivery_status`, times as ISO 8601; None when there is no pilot."""
    if not delivery.pilot:
        return None
    times = {"hold_until": delivery.hold_until, "released_at": delivery.released_at}
    said = {name: time.isoformat() if time is not None else None for name, time in times.items()}
    return measure(session, delivery)._asdict() | said | {"released_by": delivery.released_by}


def _undecided(session: Session, delivery_id: int) -> Delivery | None:
    return session.scalar(
        select(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.state.in_((DeliveryState.SENDING, DeliveryState.HOLDING)),
            Delivery.pilot > 0,
            Delivery.released_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _limits(settings: Settings) -> Limits:
    return Limits(settings.pilot_bounces, settings.pilot_complaints, settings.pilot_trouble)


def _clock(session: Session, delivery: Delivery) -> str:
    """The end of the hold as a clock of the newsletter's readers shows it."""
    zone = ZoneInfo(session.get_one(Newsletter, delivery.newsletter_id).timezone)
    return f"{delivery.hold_until.astimezone(zone):%H:%M}" if delivery.hold_until else ""


def _release(delivery: Delivery, now: datetime) -> None:
    delivery.state, delivery.reason = DeliveryState.SENDING, None
    delivery.released_at, delivery.released_by = now, BY_ITSELF
