"""Recipient domains held back over a relay, because they asked us to wait: the rules and one slice's view of them.

After a strike nothing goes to that domain over that relay for a while, twice as long each time; then one message tries
it, and a success opens it for all. Other domains and other relays never notice. PostgreSQL has the truth
(`hold_record.py`); a slice obeys its own strikes at once and those of others within a second.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from curator.delivery.replies import Answer, Fate, holds_domain

FIRST_HOLD = 0.05
LONGEST_HOLD = 3600.0

_TRIAL_SECONDS = 5.0
"""How long the message that tries a domain is waited for before another may."""

_TRIAL_LOOK = 0.05
_MANY_STRIKES = 16


class Key(NamedTuple):
    """What is held back: a domain, over a relay."""

    relay_id: int
    domain: str


class Known(NamedTuple):
    """A hold as it is shared: `seconds` still to go (0 when it is due to be tried), after `strikes` in a row."""

    key: Key
    seconds: float
    strikes: int
    reply: str


@dataclass
class _Hold:
    until: float
    strikes: int
    reply: str
    trial: int = 0  # the message that tries it
    trial_until: float = 0.0


def hold_seconds(strikes: int, chance: float) -> float:
    """Seconds a domain is held back after so many strikes in a row; `chance` in [0, 1) spreads it."""
    return min(FIRST_HOLD * 2.0 ** min(max(strikes - 1, 0), _MANY_STRIKES), LONGEST_HOLD) * (0.5 + chance)


def domain_as_written(address: str) -> str:
    """The part after the last @, in lower case."""
    return address.rpartition("@")[2].lower()


class Holds:
    """One per slice. Costs nothing while no domain is held back."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._holds: dict[Key, _Hold] = {}
        self._struck: set[Key] = set()
        self._cleared: set[Key] = set()

    def __bool__(self) -> bool:
        return bool(self._holds)

    @property
    def has_news(self) -> bool:
        """Is there something others do not know yet?"""
        return bool(self._struck or self._cleared)

    def wait(self, key: Key, message: int) -> float:
        """Seconds until a message may go; 0: it may now, and when the domain was held back, it is the one to try it."""
        hold = self._holds.get(key)
        if hold is None:
            return 0.0
        now = self._clock()
        if now < hold.until:
            return hold.until - now
        if now < hold.trial_until and hold.trial != message:
            return _TRIAL_LOOK
        hold.trial, hold.trial_until = message, now + _TRIAL_SECONDS
        return 0.0

    def reply(self, key: Key) -> str:
        """What the domain said last."""
        hold = self._holds.get(key)
        return hold.reply if hold is not None else ""

    def note(self, key: Key, message: int, answer: Answer, fate: Fate) -> None:
        """What a message to this domain was answered. While it is held back, only the one that tries it counts."""
        hold = self._holds.get(key)
        is_strike = holds_domain(answer)
        if hold is None:
            if is_strike:
                self._strike(key, 1, str(answer))
        elif hold.trial != message:
            return
        elif is_strike:
            self._strike(key, hold.strikes + 1, str(answer))
        elif fate in (Fate.ACCEPTED, Fate.REJECTED):  # it takes mail again, if not for everybody
            del self._holds[key]
            self._cleared.add(key)
            self._struck.discard(key)
        else:
            hold.trial_until = 0.0

    def news(self) -> tuple[list[Known], list[Key]]:
        """What others do not know yet: holds that began or grew, and those that ended."""
        now = self._clock()
        struck = [
            Known(key, max(hold.until - now, 0.0), hold.strikes, hold.reply)
            for key in sorted(self._struck)
            if (hold := self._holds.get(key)) is not None
        ]
        cleared = sorted(self._cleared)
        self._struck, self._cleared = set(), set()
        return struck, cleared

    def learn(self, shared: Iterable[Known]) -> None:
        """What all workers know: longer holds are taken over, and those that ended elsewhere end here."""
        now, mentioned = self._clock(), set()
        for key, seconds, strikes, reply in shared:
            mentioned.add(key)
            hold = self._holds.get(key)
            if key in self._cleared or (hold is not None and hold.strikes > strikes):
                continue
            if hold is None:
                self._holds[key] = _Hold(now + seconds, strikes, reply)
            else:
                hold.until, hold.strikes, hold.reply = max(hold.until, now + seconds), strikes, reply
        for key in self._holds.keys() - mentioned - self._struck:
            del self._holds[key]

    def _strike(self, key: Key, strikes: int, reply: str) -> None:
        self._holds[key] = _Hold(self._clock() + hold_seconds(strikes, self._chance()), strikes, reply)
        self._struck.add(key)
        self._cleared.discard(key)
