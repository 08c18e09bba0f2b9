"""Messages held back by a slice because their domain asked to wait, so that nobody waits behind them.

Few, and for moments only; who must wait longer goes back to the ledger. What is left here at the end was never tried.
"""

from collections import deque

from curator.delivery.claim import Claimed
from curator.delivery.holds import Holds, Key, domain_as_written

MOST = 1000
LONGEST_SECONDS = 2.0
NAP_SECONDS = 0.02
"""After this it is worth asking again."""


class HeldBack:
    """One per slice."""

    def __init__(self, holds: Holds) -> None:
        self._holds = holds
        self._waiting: dict[str, deque[Claimed]] = {}
        self._count = 0

    def __bool__(self) -> bool:
        return self._count > 0

    def has_room(self, seconds: float) -> bool:
        """May somebody wait here for so long?"""
        return seconds <= LONGEST_SECONDS and self._count < MOST

    def put(self, claimed: Claimed) -> None:
        """Let it wait."""
        self._waiting.setdefault(domain_as_written(claimed.address), deque()).append(claimed)
        self._count += 1

    def due(self, relay_id: int) -> Claimed | None:
        """Somebody whose domain may be tried over this relay now."""
        for domain, waiting in self._waiting.items():
            if self._holds.wait(Key(relay_id, domain), waiting[0].id) == 0.0:
                claimed = waiting.popleft()
                self._count -= 1
                if not waiting:
                    del self._waiting[domain]
                return claimed
        return None
