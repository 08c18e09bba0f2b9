"""Ownership: a name that may claim and mark, and the proof for others that it no longer can.

Every slice has a fresh name and holds the advisory lock of that name on the very connection that writes its markers. So
a free lock proves that this owner will never mark again: its process died, its connection was cut, or the database
restarted. A slice that loses that connection marks nothing more; what it still knows it commits over a new connection,
fenced by the owner that marked. A stopped process (SIGSTOP) keeps its lock; `sweep.py` cuts its connection when its
lease has not been renewed for longer than any reply may take. Needs direct connections, not a pooler.
"""

import asyncio
import os
import secrets
import socket
import time

import psycopg
import structlog

from curator.delivery import claim
from curator.delivery.claim import Connection
from curator.delivery.marker import Outcome, record_and_mark
from curator.delivery.scribe import Scribe
from curator.delivery.supply import Supply
from curator.errors import Unavailable

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 120.0
"""How long a slice tries to write what it knows after it lost the database. Later it is `unknown`."""


class Ownership:
    """The two connections of a slice: one holds the lock and writes markers and outcomes, the other claims."""

    def __init__(self, url: str, name: str, delivery_id: int, fence: Connection, claims: Connection):
        self.name = name
        self.claims = claims
        self.scribe = Scribe(fence, delivery_id, name)
        self._url = url
        self._delivery_id = delivery_id
        self._fence = fence

    @classmethod
    async def begin(cls, database_url: str, delivery_id: int) -> "Ownership":
        """A new name, locked before any row bears it. `Unavailable` when the database cannot be reached."""
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(6)}"
        try:
            fence = await claim.connect(database_url)
            await claim.take_ownership(fence, name)
            claims = await claim.connect(database_url)
        except psycopg.OperationalError as error:
            raise Unavailable("PostgreSQL cannot be reached. Nothing was sent; it is tried again.") from error
        return cls(database_url, name, delivery_id, fence, claims)

    async def end(self, supply: Supply) -> None:
        """Write what is unwritten, give back what was not tried, let go of the lock: in this order."""
        await self.scribe.close()
        try:
            if self.scribe.unwritten:
                raise psycopg.OperationalError("the scribe lost its connection")
            await supply.end()
        except psycopg.Error:
            await self._write_anew()
        finally:
            await self.claims.close()
            await self._fence.close()

    async def _write_anew(self) -> None:
        """Over a new connection, for a while: the truth is known here and nowhere else."""
        gives_up_at = time.monotonic() + PATIENCE_SECONDS
        outcomes: list[Outcome] = self.scribe.unwritten
        while time.monotonic() < gives_up_at:
            try:
                connection = await claim.connect(self._url)
                async with connection:
                    async with connection.transaction():
                        await record_and_mark(connection, self._delivery_id, self.name, outcomes, [])
                        await claim.settle_late(connection, self._delivery_id, [outcome.id for outcome in outcomes])
                    batches = await claim.held(connection, self._delivery_id, self.name)
                    await claim.release(connection, self.name, batches)
            except psycopg.Error:
                await asyncio.sleep(0.5)
            else:
                log.info("ledger_caught_up", outcomes=len(outcomes), given_back=len(batches))
                return
        log.error("outcomes_not_written", outcomes=len(outcomes))
