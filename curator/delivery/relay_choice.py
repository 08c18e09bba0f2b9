"""Which relay takes the next line, and what follows when one fails: decided from values alone.

A relay of weight 0 gets lines only while no other is ready. Waits after a failure are spread by chance.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from curator.delivery.models import Health
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.replies import Answer, is_lasting


class Standing(NamedTuple):
    """A relay in the middle of a slice. `most` lines may be opened to it, `taken` of them are in use."""

    id: int
    weight: int
    most: int
    taken: int
    is_ready: bool


class Trouble(NamedTuple):
    """A relay that cannot be used: its name for people, whether waiting may help, and what it said."""

    relay: str
    health: Health
    reason: str


FIRST_PAUSE = {Health.DOWN: 0.25, Health.REFUSING: 30.0}
LONGEST_PAUSE = {Health.DOWN: 10.0, Health.REFUSING: 600.0}
"""Seconds before a relay that failed is tried again, at first and at most."""


def shares(standings: Iterable[Standing]) -> dict[int, int]:
    """Lines for each relay that is ready: all it takes for the heaviest, in proportion for the others, at least one."""
    ready = [standing for standing in standings if standing.is_ready and standing.most > 0]
    heaviest = max((standing.weight for standing in ready), default=0)
    if heaviest == 0:
        return {standing.id: standing.most for standing in ready}
    return {
        standing.id: min(max(1, round(standing.most * standing.weight / heaviest)), standing.most)
        for standing in ready
        if standing.weight > 0
    }


def next_relay(standings: Sequence[Standing]) -> int | None:
    """The relay that is furthest behind its share, or None when every share is taken."""
    allowed = shares(standings)
    behind = [
        (standing.taken / allowed[standing.id], -allowed[standing.id], standing.id)
        for standing in standings
        if standing.taken < allowed.get(standing.id, 0)
    ]
    return min(behind)[2] if behind else None


def in_order(relays: Iterable[RelayPlan]) -> list[RelayPlan]:
    """For a single mail: those known to be up first, then the heavier; one of weight 0 after all others that are up."""
    return sorted(relays, key=lambda relay: (relay.health is not Health.UP, -relay.weight, relay.id))


def health_after(answer: Answer) -> Health:
    """What a relay is after this answer to our opening a line: away for now, or refusing until somebody acts."""
    return Health.REFUSING if is_lasting(answer) else Health.DOWN


def pause_after(health: Health, failures: int, chance: float) -> float:
    """Seconds until a relay is tried again after `failures` in a row: twice as long each time, up to a limit.

    `chance` in [0, 1) spreads it between half and one and a half times that.
    """
    if health is Health.UP:
        return 0.0
    wait = FIRST_PAUSE[health] * 2.0 ** min(max(failures - 1, 0), 16)
    return min(wait, LONGEST_PAUSE[health]) * (0.5 + chance)


def may_try_at_once(health: Health, pool: Iterable[Health]) -> bool:
    """When a slice begins: is this relay tried without waiting for its turn?

    One that refuses is, when no other is known to be up: somebody may have put it right and resumed the delivery.
    """
    return health is Health.UP or (health is Health.REFUSING and Health.UP not in set(pool))


def is_hopeless_pool(pool: Sequence[Health]) -> bool:
    """Does every relay refuse, so that waiting helps nobody?"""
    return bool(pool) and all(health is Health.REFUSING for health in pool)


def words_for(troubles: Sequence[Trouble]) -> str:
    """Why nothing can be sent now, and what to do, for a person."""
    ends = (
        "Correct it, then resume." if is_hopeless_pool([t.health for t in troubles]) else "It is tried again by itself."
    )
    if len(troubles) == 1:
        relay, health, reason = troubles[0]
        verb = "used" if health is Health.REFUSING else "reached"
        return f"Relay {relay} cannot be {verb}: {reason}. {ends}"
    told = "; ".join(f"{trouble.relay} is {trouble.health}: {trouble.reason}" for trouble in troubles)
    return f"No relay of the pool can be used. {told}. {ends}"
