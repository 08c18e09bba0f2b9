"""How large a pilot is, and what follows from what came back of it: send on, wait, hold for a person, or release.

Pure: numbers in, a step and its words out. Bounces and complaints only grow, so they hold at once; what the relay puts
off is tried again while the time runs, and judged when it is over.
"""

from enum import StrEnum
from typing import NamedTuple

MOST_OF_AUDIENCE = 0.04
"""A pilot is raised to the fewest readers that say something, but not above this share of the audience."""


class Step(StrEnum):
    """What happens next. `send`: the pilot is not through. `wait`: for what comes back. `hold`: a person decides."""

    SEND = "send"
    WAIT = "wait"
    HOLD = "hold"
    RELEASE = "release"


class Pilot(NamedTuple):
    """Messages of a pilot. `trouble` of them are in doubt or were given up; `deferred` and `untried` are not final."""

    size: int
    accepted: int = 0
    bounced: int = 0
    complaints: int = 0
    deferred: int = 0
    trouble: int = 0
    untried: int = 0


class Limits(NamedTuple):
    """Shares of a pilot; what is above them holds."""

    bounces: float
    complaints: float
    trouble: float


def pilot_size(mailed: int, *, share: float, least: int) -> int:
    """How many of `mailed` go first; 0 when the audience is too small for a pilot, or none is wanted."""
    size = max(round(mailed * share), least if least <= mailed * MOST_OF_AUDIENCE else 0)
    return size if share and least <= size < mailed else 0


def next_step(pilot: Pilot, limits: Limits, *, is_over: bool) -> Step:
    """`is_over`: the time to wait for what comes back has passed."""
    if pilot.untried:
        return Step.SEND
    if _exceeds(pilot.bounced, pilot, limits.bounces) or _exceeds(pilot.complaints, pilot, limits.complaints):
        return Step.HOLD
    if pilot.deferred and not is_over:
        return Step.SEND
    if _exceeds(pilot.trouble + pilot.deferred, pilot, limits.trouble):
        return Step.HOLD
    return Step.RELEASE if is_over else Step.WAIT


def say_waiting(pilot: Pilot, until: str) -> str:
    """Why it waits, for a person. `until` is a time of day."""
    return (
        f"Pilot: {pilot.accepted:,} of {pilot.size:,} accepted. Waiting until {until} for bounces and complaints; "
        "release it now, or cancel."
    )


def say_holding(pilot: Pilot, limits: Limits) -> str:
    """Which limits were exceeded, with the numbers, for the person who decides."""
    found = (
        (pilot.bounced, limits.bounces, "bounced"),
        (pilot.complaints, limits.complaints, "complained"),
        (pilot.trouble + pilot.deferred, limits.trouble, "were put off or left in doubt by the relay"),
    )
    parts = [
        f"{number:,} {what} ({_percent(number / pilot.size)}, limit {_percent(limit)})"
        for number, limit, what in found
        if _exceeds(number, pilot, limit)
    ]
    return (
        f"Pilot: {pilot.accepted:,} of {pilot.size:,} accepted, but {' and '.join(parts)}. "
        "Nobody else is mailed until somebody releases it; or cancel."
    )


def _exceeds(number: int, pilot: Pilot, limit: float) -> bool:
    return number > limit * pilot.size


def _percent(share: float) -> str:
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + " %"
