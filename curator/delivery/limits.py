"""The limits of one delivery as plain values: what its relay, its sender, its window and each recipient's domain allow.

Read once per slice, so that a change takes effect within one. Nothing here waits or counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.addresses import path_of
from curator.delivery.buckets import Bucket, DayCount, Limit
from curator.delivery.models import Delivery, MessageState, Relay, Throttle, ThrottleScope
from curator.delivery.warm_up import warm_up_of

SAME_PROVIDER = {"googlemail.com": "gmail.com", "hotmail.com": "outlook.com", "live.com": "outlook.com"}
"""Domains whose mail one provider takes in: they share the limit that is set for the second name."""

MARGIN = 1.013
"""A window is this much longer than asked: what a turn may be late on its way must not push two into one second."""

_MOST = 500  # starts remembered; a quicker rate is kept over a shorter window
_SMOOTH = 0.5  # of the average distance: how close two starts may come while lateness is made good
_SLOW = 0.6  # messages a second; below it half a second of lateness fits in every window
_SLOW_LATE_SECONDS = 0.5
_WINDOW_LATE_SECONDS = 5.0


@dataclass(frozen=True)
class Limits:
    """`shared` hold for every message of the delivery; `relays` by the relay's id, `recipients` by domain, for some."""

    delivery_id: int
    shared: tuple[Limit, ...] = ()
    relays: Mapping[int, tuple[Limit, ...]] = field(default_factory=dict)
    recipients: Mapping[str, Bucket] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def are_any(self) -> bool:
        """Is anything limited at all?"""
        return bool(self.shared or self.recipients or any(self.relays.values()))

    def of_recipient(self, address: str) -> Bucket | None:
        """The limit of this address's domain."""
        return self.recipients.get(provider_of(address)) if self.recipients else None


def load_limits(session: Session, delivery_id: int, sender: str, relay_ids: Sequence[int]) -> Limits:
    """What is stored about these relays, about this sender, about recipients, and about this delivery's window."""
    relays = session.scalars(select(Relay).where(Relay.id.in_(relay_ids))).all()
    throttles = {(t.scope, t.domain): t.rate for t in session.scalars(select(Throttle))}
    here = provider_of(sender)
    from_here = throttles.get((ThrottleScope.SENDER_DOMAIN, here))
    return Limits(
        delivery_id,
        shared=(
            *((capped(f"curator:pace:sender:{here}", from_here),) if from_here is not None else ()),
            *_window(session, delivery_id),
        ),
        relays={relay.id: _of_relay(relay) for relay in relays},
        recipients={
            domain: capped(f"curator:pace:recipient:{domain}", rate)
            for (scope, domain), rate in throttles.items()
            if scope is ThrottleScope.RECIPIENT_DOMAIN
        },
        names={relay.id: relay.name for relay in relays},
    )


def capped(key: str, rate: float) -> Bucket:
    """A promise to others: never more than `rate` a second (the next whole number), in any second or minute."""
    most = int(min(max(rate, 1), _MOST))
    late = _SLOW_LATE_SECONDS if rate < _SLOW else 0.0
    step = 0.0 if most == 1 else _SMOOTH / rate
    return Bucket(key, rate, most, window=most / rate * MARGIN, step=step, late=late)


def provider_of(address: str) -> str:
    """The domain a limit is looked up by: in ASCII and small letters, one name for a provider that has several."""
    domain = address.rpartition("@")[2].strip().rstrip(".").lower()
    if not domain.isascii():
        try:
            domain = path_of(f"x@{domain}").text[2:].lower()
        except ValueError:
            return domain  # it cannot be mailed anyway
    return SAME_PROVIDER.get(domain, domain)


def _of_relay(relay: Relay) -> tuple[Limit, ...]:
    limits: list[Limit] = []
    if relay.rate is not None:
        limits.append(capped(f"curator:pace:relay:{relay.id}", relay.rate))
    today = datetime.now(UTC).date()
    warm_up = warm_up_of(relay)
    ceiling = warm_up.ceiling(today) if warm_up is not None else None
    if ceiling is not None:
        limits.append(DayCount(f"curator:warm-up:{relay.id}:{today}", ceiling, today))
    return tuple(limits)


def _window(session: Session, delivery_id: int) -> tuple[Bucket, ...]:
    """Those to be mailed, evenly over the time an editor chose. Nobody is promised this: lateness is made good."""
    seconds = session.scalar(select(Delivery.window_seconds).where(Delivery.id == delivery_id))
    if not seconds:
        return ()
    counts = batches.count(session, delivery_id)
    rate = max(sum(count.messages for count in counts if count.state is not MessageState.SUPPRESSED), 1) / seconds
    late = min(max(1 / rate, 1.0), _WINDOW_LATE_SECONDS)
    return (Bucket(f"curator:pace:delivery:{delivery_id}", rate, 1, window=1 / rate, step=_SMOOTH / rate, late=late),)
