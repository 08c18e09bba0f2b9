"""Server-sent events (WHATWG HTML 9.2) of a page's changing parts.

A stream holds no database connection between two looks, ends when the reader leaves, when there is nothing more to
tell, when the server stops, and after a while in any case: browsers come back by themselves.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from types import FrameType
from typing import Any, NamedTuple

import structlog
from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from curator.errors import CuratorError

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 1.0
LIFETIME_SECONDS = 120.0
RETRY_MILLISECONDS = 2000


class Look(NamedTuple):
    """What one look found: the HTML of the parts, and whether it will never change again."""

    html: str
    is_final: bool


async def stream(request: Request, look: Callable[[], Look]) -> StreamingResponse:
    """Send what `look` finds whenever it differs from before. `look` opens and ends its own transaction.

    The first look is before the answer begins, so what it raises becomes an ordinary error page.
    """
    _notice_stop()
    first = await run_in_threadpool(look)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, look, first), media_type="text/event-stream", headers=headers)


async def _events(request: Request, look: Callable[[], Look], found: Look) -> AsyncIterator[str]:
    """A look that fails ends the stream; the browser comes back and finds out whether things are better."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    before, ends = "", time.monotonic() + LIFETIME_SECONDS
    while not await _is_over(request, ends):
        # A line that is no event keeps proxies from closing a stream that has nothing to tell.
        yield _event("parts", found.html) if found.html != before else ": still here\n\n"
        before = found.html
        if found.is_final:
            yield _event("over", "")
            return
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            found = await run_in_threadpool(look)
        except (CuratorError, SQLAlchemyError) as error:
            log.warning("stream_ended", error=type(error).__name__)
            return


async def _is_over(request: Request, ends: float) -> bool:
    return time.monotonic() >= ends or bool(_stopping) or await request.is_disconnected()


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


_stopping: set[int] = set()
_noticing: set[int] = set()


def _notice_stop() -> None:
    """Hear of SIGTERM and SIGINT before the server does: it waits for open streams, so they must end first.

    Installed with the first stream, around the server's own handlers. In a thread that may not do so (tests), the
    streams end with their lifetime.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        theirs = signal.getsignal(number)
        if number in _noticing or not callable(theirs):
            continue
        try:
            signal.signal(number, _telling(theirs))
        except ValueError:
            return
        _noticing.add(number)


def _telling(theirs: Callable[[int, FrameType | None], Any]) -> Callable[[int, FrameType | None], Any]:
    def handle(number: int, frame: FrameType | None) -> Any:
        _stopping.add(number)
        return theirs(number, frame)

    return handle
