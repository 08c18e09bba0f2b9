"""Tracking addresses, answered before the framework: /o/{token}.gif for opens and /c/{token}/{number} for clicks.

A hit is answered when it is durable. Hits of a few milliseconds share one commit (see store.py). Redirects go only to
addresses stored with the edition the token names; query strings are ignored. Never stores an address of a machine.
"""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import structlog

from curator.events import answers
from curator.events.agents import family
from curator.events.asgi import Receive, Scope, Send
from curator.events.hits import Hit
from curator.events.links import LinkCache
from curator.events.machines import Signs
from curator.events.spool import Spool
from curator.events.store import Store
from curator.settings import Settings, get_settings
from curator.tokens import Purpose, Signer, Token

log = structlog.get_logger(__name__)

GATHER_SECONDS = 0.002
"""How long the first hit of a group waits for others."""

REPLAY_SECONDS = 1.0

_PATH = re.compile(r"/(?:o/([A-Za-z0-9_-]{46})\.gif|c/([A-Za-z0-9_-]{46})/([1-9][0-9]{0,3}))")


class _Group:
    """Hits that are made durable together."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.done = asyncio.Event()
        self.is_stored = False


class TrackingApp:
    """An ASGI application for the paths under /o/ and /c/; any other path is not found here.

    `start` and `stop` belong in the process's lifespan; a hit that comes before `start` starts it.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        settings = settings or get_settings()
        folder = settings.home.absolute() / "spool"
        self._signer = Signer({1: settings.secret("tokens")})
        self._links = LinkCache(folder / "links")
        self._store = Store(settings.database_url.replace("+psycopg", "", 1), self._links, Spool(folder))
        self._thread: ThreadPoolExecutor | None = None
        self._group: _Group | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._replayer: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; other kinds of ASGI calls are not for this application."""
        if scope["type"] != "http":
            return
        if scope["method"] not in ("GET", "HEAD"):
            await answers.wrong_method(send)
            return
        body = scope["method"] == "GET"
        found = self._read(scope["path"])
        if found is None:
            await answers.not_found(send, body=body)
            return
        token, number = found
        hit = Hit(datetime.now(UTC), token.purpose, token.a or None, token.b, number, _signs(scope))
        if number is None:
            await self._record(hit)
            await answers.pixel(send, body=body)
        else:
            await self._click(hit, number, send, body)

    async def start(self) -> None:
        """Load the links readers may click on now and begin to replay what waits in the spool."""
        if self._thread is not None:
            return
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tracking")
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store.warm)
        self._replayer = asyncio.create_task(self._replay())

    async def stop(self) -> None:
        """Finish the group under way and close the connection."""
        if self._replayer is not None:
            self._replayer.cancel()
            await asyncio.gather(self._replayer, return_exceptions=True)
        if self._flusher is not None:
            await asyncio.gather(self._flusher, return_exceptions=True)
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
            self._thread.shutdown()
        self._thread = self._flusher = self._replayer = None

    def _read(self, path: str) -> tuple[Token, int | None] | None:
        """The token and the link's number (None for the pixel), when both are well formed and signed by us."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        opened, clicked, number = match.groups()
        if opened:
            token = self._signer.read(opened, Purpose.OPEN, Purpose.AGGREGATE_OPEN)
        else:
            token = self._signer.read(clicked, Purpose.CLICK, Purpose.AGGREGATE_CLICK)
        return None if token is None else (token, int(number) if number else None)

    async def _click(self, hit: Hit, number: int, send: Send, body: bool) -> None:
        edition = self._links.get(hit.edition_id)
        if edition is not None and number not in edition.addresses:
            await answers.not_found(send, body=body)
            return
        is_stored = await self._record(hit)
        edition = edition or self._links.get(hit.edition_id)
        if edition is None and not is_stored:
            await answers.later(send, body=body)
            return
        address = answers.location(edition.addresses.get(number, "")) if edition else None
        if address is None:
            await answers.not_found(send, body=body)
        else:
            await answers.redirect(send, address, body=body)

    async def _record(self, hit: Hit) -> bool:
        """Returns when the hit is durable; True when it is in PostgreSQL."""
        if self._thread is None:
            await self.start()
        group = self._group = self._group or _Group()
        group.hits.append(hit)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await group.done.wait()
        return group.is_stored

    async def _flush(self) -> None:
        """Store group after group until none is waiting; the next one gathers while one is being stored."""
        while self._group is not None:
            await asyncio.sleep(GATHER_SECONDS)
            group, self._group = self._group, None
            try:
                group.is_stored = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._store.store, group.hits
                )
            except Exception as error:  # noqa: BLE001 - an edge: readers get their page even when the disk is full too
                log.error("hits_lost", hits=len(group.hits), error=type(error).__name__)
            finally:
                group.done.set()

    async def _replay(self) -> None:
        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._store.replay)
            except Exception as error:  # noqa: BLE001 - an edge: tried again in a moment, the files stay
                log.error("replay_failed", error=type(error).__name__)
            await asyncio.sleep(REPLAY_SECONDS)


def _signs(scope: Scope) -> Signs:
    """What the request says about itself, reduced to a family and two yes-or-no's."""
    agent, is_prefetch = "", False
    for name, value in scope["headers"]:
        if name == b"user-agent":
            agent = value.decode("latin-1")
        elif name in (b"purpose", b"sec-purpose", b"x-purpose", b"x-moz"):
            is_prefetch = is_prefetch or value.lower().startswith((b"prefetch", b"preview"))
    return Signs(family(agent), scope["method"] == "HEAD", is_prefetch)
