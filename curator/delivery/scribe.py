"""The scribe writes the ledger for all lines of a slice: every few milliseconds one commit with all that waits.

A marker is granted only after its commit is durable. An outcome is written no later than the next marker of its line,
so at most one message per line is ever in doubt. When its connection is lost the scribe grants nothing more and keeps
what it could not write in `unwritten`; ownership.py goes on from there.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import psycopg
import structlog

from curator.delivery.claim import Claimed, Connection
from curator.delivery.marker import Outcome, record_and_mark, refuse

log = structlog.get_logger(__name__)

GROUP_SECONDS = 0.003
"""How long the first one to wait lets others join its commit."""


class _Wanted(NamedTuple):
    """A message that waits for its marker, at a relay that has everything but the dot."""

    claimed: Claimed
    relay_id: int
    granted: asyncio.Future[bool]


class Scribe:
    """One per slice, on the connection that holds the owner's lock.

    `is_broken`: that connection is lost. `is_halted`: the delivery was found not to be sending any more. `on_written`
    is told of every message that is done: its outcome is on disk, or the reason why it got no marker is.
    """

    def __init__(self, connection: Connection, delivery_id: int, owner: str) -> None:
        self.on_written: Callable[[int], None] = lambda message_id: None
        self._connection = connection
        self._delivery_id = delivery_id
        self._owner = owner
        self._wanted: list[_Wanted] = []
        self._outcomes: list[Outcome] = []
        self._something = asyncio.Event()
        self._is_closing = False
        self.is_broken = False
        self.is_halted = False
        self.unwritten: list[Outcome] = []
        self._task = asyncio.create_task(self._write_on())

    async def mark(self, claimed: Claimed, relay_id: int) -> bool:
        """May this message get its dot from this relay? True only when the database says so, durably."""
        if self.is_broken:
            return False
        granted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._wanted.append(_Wanted(claimed, relay_id, granted))
        self._something.set()
        return await granted

    def record(self, outcome: Outcome) -> None:
        """Write this outcome with the next group."""
        if self.is_broken:
            self.unwritten.append(outcome)
            return
        self._outcomes.append(outcome)
        self._something.set()

    async def close(self) -> None:
        """Write what is left and end."""
        self._is_closing = True
        self._something.set()
        await self._task

    async def _write_on(self) -> None:
        while not self.is_broken:
            await self._something.wait()
            if not self._is_closing:
                await asyncio.sleep(GROUP_SECONDS)
            self._something.clear()
            await self._write_group()
            if self._is_closing and not self._outcomes and not self._wanted:
                return

    async def _write_group(self) -> None:
        wanted, self._wanted = self._wanted, []
        outcomes, self._outcomes = self._outcomes, []
        if not wanted and not outcomes:
            return
        claims = [(each.claimed, each.relay_id) for each in wanted]
        try:
            marked = await record_and_mark(self._connection, self._delivery_id, self._owner, outcomes, claims)
            refused = [each.claimed.id for each in wanted if each.claimed.id not in marked]
            self.is_halted = not await refuse(self._connection, refused) or self.is_halted
        except psycopg.Error as error:
            self._break(error, outcomes, wanted)
            return
        except BaseException as error:
            self._break(error, outcomes, wanted)  # nobody may wait for a scribe that is gone
            raise
        for each in wanted:
            if not each.granted.done():
                each.granted.set_result(each.claimed.id in marked)
        for message_id in (*(outcome.id for outcome in outcomes), *refused):
            self.on_written(message_id)

    def _break(self, error: BaseException, outcomes: list[Outcome], wanted: list[_Wanted]) -> None:
        """Nobody knows whether that commit happened. The messages that waited got no dot, so they are not in doubt."""
        log.warning("ledger_connection_lost", error=type(error).__name__, markers=len(wanted), outcomes=len(outcomes))
        self.is_broken = True
        self.unwritten += outcomes + self._outcomes
        self._outcomes = []
        for each in wanted + self._wanted:
            if not each.granted.done():
                each.granted.set_result(False)
