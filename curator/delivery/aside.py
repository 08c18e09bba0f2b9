"""Messages set aside by domain until their domain has a turn, so that a line can go on with others meanwhile.

Holds a few seconds' worth per domain and a fixed number in all; who does not fit is put off in the ledger.
"""

from collections import deque

from curator.delivery.buckets import AHEAD_SECONDS, Bucket
from curator.delivery.claim import Claimed

HELD_SECONDS = 2.0
MOST = 256
_EARLY_SECONDS = AHEAD_SECONDS * 0.7


class Aside:
    """One per slice. Times are of `time.monotonic`."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Bucket, deque[Claimed]]] = {}
        self._free_at: dict[str, float] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def is_blocked(self, bucket: Bucket, now: float) -> bool:
        """Must a new message for this domain wait, or let others go first?"""
        return self._is_closed(bucket.key, now) or bool(self._waiting.get(bucket.key))

    def free_at(self, bucket: Bucket) -> float:
        """When the domain's next turn is, as far as known here."""
        return self._free_at.get(bucket.key, 0.0)

    def note(self, bucket: Bucket, at: float) -> None:
        """The domain has no turn before this."""
        self._free_at[bucket.key] = at

    def wait(self, bucket: Bucket, now: float) -> float:
        """Seconds until one more of this domain would have its turn."""
        waiting = self._waiting.get(bucket.key)
        return max(self.free_at(bucket) - now, 0.0) + (len(waiting[1]) * bucket.seconds if waiting else 0.0)

    def has_room(self, bucket: Bucket, now: float) -> bool:
        """Is it worth holding one more here? Not when its turn is seconds away."""
        return self._count < MOST and self.wait(bucket, now) < HELD_SECONDS

    def put(self, bucket: Bucket, claimed: Claimed, *, first: bool = False) -> None:
        """Hold it, behind those that wait already or before them."""
        _, queue = self._waiting.setdefault(bucket.key, (bucket, deque()))
        if first:
            queue.appendleft(claimed)
        else:
            queue.append(claimed)
        self._count += 1

    def take_due(self, now: float) -> Claimed | None:
        """One whose domain may have a turn now. The next of its domain comes an interval later."""
        for key, (bucket, queue) in self._waiting.items():
            if not self._is_closed(key, now):
                self._free_at[key] = max(self._free_at.get(key, 0.0), now) + bucket.step
                claimed = queue.popleft()
                self._count -= 1
                if not queue:
                    del self._waiting[key]
                return claimed
        return None

    def next_due(self) -> float | None:
        """When to ask `take_due` again; None when nothing is held."""
        return min((self._free_at.get(key, 0.0) - _EARLY_SECONDS for key in self._waiting), default=None)

    def _is_closed(self, key: str, now: float) -> bool:
        return now < self._free_at.get(key, 0.0) - _EARLY_SECONDS
