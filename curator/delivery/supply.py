"""Claimed messages for the lines of a slice: claimed ahead batch by batch, held by their lease, let go of when done.

Hands out each message once. A batch is let go of when the last of its messages is done, which is after its outcome is
on disk. Claims nothing after `close`, and nothing of a delivery that is not sending.
"""

import asyncio
from collections import deque

from curator.delivery.claim import Claim, Claimed, Connection, claim, held, release, renew
from curator.delivery.marker import refuse

AHEAD = 128
"""The next batch is claimed when no more messages than this wait to be handed out."""


class Supply:
    """One per slice, on a connection of its own."""

    def __init__(self, connection: Connection, delivery_id: int, owner: str, *, lease: float) -> None:
        self._connection = connection
        self._delivery_id = delivery_id
        self._owner = owner
        self._lease = lease
        self._waiting: deque[Claimed] = deque()
        self._batch_of: dict[int, int] = {}
        self._undone: dict[int, int] = {}  # messages of a batch that are not done yet
        self._turn = asyncio.Lock()  # statements that belong together share the connection with nobody
        self._claiming: asyncio.Task[None] | None = None
        self._releasing: set[asyncio.Task[None]] = set()
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

    def at_hand(self) -> Claimed | None:
        """A message to send if one waits here, without waiting for a claim."""
        self._claim_ahead()
        return self._waiting.popleft() if self._waiting else None

    def done(self, message_id: int) -> None:
        """What became of it is written, or it was refused and that is written."""
        batch_id = self._batch_of.pop(message_id)
        self._undone[batch_id] -= 1
        if not self._undone[batch_id]:
            del self._undone[batch_id]
            task = asyncio.create_task(self._release([batch_id]))
            self._releasing.add(task)
            task.add_done_callback(self._releasing.discard)

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
        """Hold everything that is held for another lease."""
        async with self._turn:
            await renew(self._connection, self._delivery_id, self._owner, self._lease)

    async def end(self) -> None:
        """Let go of everything. Call it after `close`, when every outcome is written."""
        tasks = [*self._releasing, *([self._claiming] if self._claiming is not None else [])]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._release(await held(self._connection, self._delivery_id, self._owner))

    def _claim_ahead(self) -> None:
        if self._claiming is not None and self._claiming.done():
            task, self._claiming = self._claiming, None
            task.result()  # what went wrong goes wrong here
        if not self._is_exhausted and self._claiming is None and len(self._waiting) <= AHEAD:
            self._claiming = asyncio.create_task(self._claim())

    async def _claim(self) -> None:
        async with self._turn:
            found = await claim(self._connection, self._delivery_id, self._owner, self._lease)
            if found is None:
                self._is_exhausted = True
                return
            refused = [claimed.id for claimed in found.messages if not claimed.may_mail]
            await refuse(self._connection, refused)  # by what was true when they were claimed
            await self._take(found)

    async def _take(self, found: Claim) -> None:
        messages = [claimed for claimed in found.messages if claimed.may_mail]
        if not messages:
            await release(self._connection, self._owner, [found.batch_id])
            return
        self._undone[found.batch_id] = len(messages)
        self._batch_of.update((claimed.id, found.batch_id) for claimed in messages)
        self._waiting.extend(messages)

    async def _release(self, batch_ids: list[int]) -> None:
        async with self._turn:
            await release(self._connection, self._owner, batch_ids)
