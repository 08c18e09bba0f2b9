"""When a delivery will be over: from how much is left, how fast it went and what its limits allow.

Pure: values in, a time out. Promises nothing where neither a limit nor a measured rate says anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from curator.delivery.limits import MARGIN
from curator.delivery.warm_up import WarmUp, next_day

FURTHEST = timedelta(days=3660)


@dataclass(frozen=True)
class Load:
    """Messages still to be sent, and how many of them go to each domain that is limited."""

    messages: int
    by_domain: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Allowance:
    """What is allowed, in messages per second, and what was `measured`; None where nothing is known.

    `caps` are those of relay and sender, `window` the even rate an editor chose, `domains` those of recipients.
    """

    caps: tuple[float, ...] = ()
    domains: Mapping[str, float] = field(default_factory=dict)
    window: float | None = None
    warm_up: WarmUp | None = None
    sent_today: int = 0
    measured: float | None = None

    @property
    def rate(self) -> float | None:
        """The slowest of what holds for every message."""
        known = [cap / MARGIN for cap in self.caps]
        known += [rate for rate in (self.window, self.measured) if rate]
        return min(known, default=None)


def predict(load: Load, allowed: Allowance, start: datetime) -> datetime | None:
    """When the last message of `load` goes out if sending begins, or goes on, at `start`; None when nobody can say."""
    if load.messages <= 0:
        return start
    ends = [start + _seconds(load.by_domain.get(domain, 0) * MARGIN / rate) for domain, rate in allowed.domains.items()]
    ends = [end for end in ends if end > start]
    whole = _by_the_day(load.messages, allowed, start)
    if whole is not None:
        ends.append(whole)
    return max(ends, default=None)


def _by_the_day(messages: int, allowed: Allowance, start: datetime) -> datetime | None:
    """Day after day up to its ceiling, then at the common rate."""
    rate, at, sent = allowed.rate, start, allowed.sent_today
    while allowed.warm_up is not None and at - start < FURTHEST:
        ceiling = allowed.warm_up.ceiling(at.date())
        if ceiling is None:
            break
        tomorrow = next_day(at.date())
        room = max(ceiling - sent, 0)
        possible = min(room, int(rate * (tomorrow - at).total_seconds())) if rate else room
        if messages <= possible:
            break
        messages, at, sent = messages - possible, tomorrow, 0
    if rate is None:
        return at if at > start else None
    return at + _seconds(messages / rate)


def _seconds(seconds: float) -> timedelta:
    return min(timedelta(seconds=min(seconds, FURTHEST.total_seconds())), FURTHEST)
