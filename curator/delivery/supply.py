"""Claimed messages for the lines of a slice: claimed ahead in chunks, held by their lease, given back at the end.

Hands out each claim once. Claims nothing after `close`, and nothing of a delivery that is not sending.
"""

import asyncio
from collections import deque

from curator.delivery.claim import Claimed, Connection, claim, put_back, renew


class Supply:
    """One per slice. `chunk` messages are claimed at a time; the next chunk is fetched while half of one is left."""

    def __init__(self, connection: Connection, delivery_id: int, owner: str, *, chunk: int, lease: float) -> None:
        self._connection = connection
        self._delivery_id = delivery_id
        self._owner = owner
        self._chunk = chunk
        self._lease = lease
        self._waiting: deque[Claimed] = deque()
        self._held: dict[int, Claimed] = {}
        self._claiming: asyncio.Task[None] | None = None
        self._is_exhausted = False
        self._is_closed = False

    async def next(self) -> Claimed | None:
        """A message to send, or None when there is none to be had now."""
        while True:
            self._claim_ahead()
            if self._waiting:
                return self._waiting.popleft()
            if self._claiming is None:
                return None
            await asyncio.shield(self._claiming)

    def done(self, claimed: Claimed) -> None:
        """It has an outcome: its lease is no longer ours to renew."""
        self._held.pop(claimed.id, None)

    def take_back(self, claimed: Claimed) -> None:
        """It was not tried: the next one to ask may have it."""
        self._waiting.appendleft(claimed)

    def look_again(self) -> None:
        """Something may be due that was not when the ledger was last asked."""
        self._is_exhausted = self._is_closed

    def close(self) -> None:
        """Claim nothing more and hand out nothing more."""
        self._is_exhausted = self._is_closed = True

    async def renew(self) -> None:
        """Hold everything that waits here or is being sent for another lease."""
        await renew(self._connection, self._owner, list(self._held), self._lease)

    async def left_over(self) -> list[int]:
        """The ids that were claimed and not tried. Call it after `close`."""
        if self._claiming is not None:
            await asyncio.gather(self._claiming, return_exceptions=True)
        return list(self._held)

    def _claim_ahead(self) -> None:
        if self._claiming is not None and self._claiming.done():
            task, self._claiming = self._claiming, None
            task.result()  # what went wrong goes wrong here
        if not self._is_exhausted and self._claiming is None and len(self._waiting) <= self._chunk // 2:
            self._claiming = asyncio.create_task(self._claim_chunk())

    async def _claim_chunk(self) -> None:
        found = await claim(self._connection, self._delivery_id, self._owner, self._chunk, self._lease)
        self._is_exhausted = self._is_exhausted or len(found) < self._chunk
        self._held.update((claimed.id, claimed) for claimed in found)
        self._waiting.extend(claimed for claimed in found if claimed.may_mail)
        refused = [claimed.id for claimed in found if not claimed.may_mail]
        for each in refused:
            del self._held[each]
        await put_back(self._connection, self._owner, refused)  # by what was true when they were claimed
