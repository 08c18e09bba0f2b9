"""One line to an SMTP server: bytes out, whole replies in, and it is known whether the line is still up.

Never decides what a reply means. Replies arrive in order; one that nobody waits for stays in the queue.
"""

import asyncio
from collections import deque
from typing import TypeVar

from curator.delivery.replies import Reply

_LONGEST_REPLY = 64 * 1024
_Result = TypeVar("_Result")


class LineLost(Exception):
    """The line went down, or nothing came in time. The text says which."""


class Wire(asyncio.BufferedProtocol):
    """The protocol of one connection. A small receive buffer of its own: replies are short, connections many."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = memoryview(bytearray(4096))
        self._unread = bytearray()
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiting: asyncio.Future[Reply] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._is_paused = False
        self._transport: asyncio.Transport | None = None
        self._end = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport; from now on `drained` waits until the kernel has every byte."""
        self.use(transport)

    def use(self, transport: asyncio.BaseTransport) -> None:
        """Speak over this transport: the first one, or the protected one after STARTTLS."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")  # noqa: S101 - uvloop's own class
        self._transport = transport  # type: ignore[assignment]
        # A protected transport takes reaching its limit for exceeding it: with 0 it says "full" when it is empty.
        is_protected = transport.get_extra_info("sslcontext") is not None
        self._transport.set_write_buffer_limits(high=int(is_protected), low=0)  # type: ignore[union-attr]

    @property
    def transport(self) -> asyncio.Transport:
        """The transport in use."""
        assert self._transport is not None  # noqa: S101 - connected before anybody gets hold of it
        return self._transport

    @property
    def is_up(self) -> bool:
        """Could a byte still be written?"""
        return not self._end and self._transport is not None and not self._transport.is_closing()

    @property
    def has_reply(self) -> bool:
        """Did the server say something that nobody has waited for yet?"""
        return bool(self._replies or self._unread or self._lines)

    def write(self, data: bytes) -> None:
        """Hand over bytes; on a line that is down this does nothing."""
        if self.is_up:
            self.transport.write(data)

    async def drained(self, seconds: float) -> None:
        """Until the kernel has every byte written so far; `LineLost` otherwise."""
        if self._end:
            raise LineLost(self._end)
        if self._is_paused:
            self._drained = self._loop.create_future()
            await self._in_time(self._drained, seconds)

    async def reply(self, seconds: float) -> Reply:
        """The next complete reply; `LineLost` when the line goes down or `seconds` pass first."""
        if self._replies:
            return self._replies.popleft()
        if self._end:
            raise LineLost(self._end)
        self._waiting = self._loop.create_future()
        return await self._in_time(self._waiting, seconds)

    def drop(self) -> None:
        """Close without another word."""
        self._finish("connection closed")
        if self._transport is not None:
            self._transport.abort()

    async def _in_time(self, future: asyncio.Future[_Result], seconds: float) -> _Result:
        timer = self._loop.call_later(seconds, self._fail, "no reply in time")
        try:
            return await future
        finally:
            timer.cancel()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes arrived: cut them into lines, lines into replies."""
        self._unread += self._received[:nbytes]
        while (end := self._unread.find(b"\n")) >= 0:
            line = bytes(self._unread[:end]).rstrip(b"\r")
            del self._unread[: end + 1]
            if not self._take(line.decode("utf-8", "replace")):
                return
        if len(self._unread) > _LONGEST_REPLY:
            self._fail("reply too long")

    def _take(self, line: str) -> bool:
        if not line[:3].isdigit() or len(line) < 3 or line[3:4] not in ("", " ", "-"):
            self._fail("reply that is not SMTP")
            return False
        said = line[4:].strip()
        self._lines.append(said if said.isprintable() else "".join(c if c.isprintable() else " " for c in said))
        if line[3:4] == "-":
            if sum(map(len, self._lines)) > _LONGEST_REPLY:
                self._fail("reply too long")
                return False
            return True
        reply = Reply(int(line[:3]), " ".join(self._lines), tuple(self._lines))
        self._lines.clear()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(reply)
        else:
            self._replies.append(reply)
        return True

    def pause_writing(self) -> None:
        """The kernel has not taken everything yet."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """The kernel has everything."""
        self._is_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def eof_received(self) -> bool:
        """The server closed its side: nothing more will come, so neither will a reply."""
        self._finish("connection closed")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is down."""
        self._finish("connection lost" if exc else "connection closed")

    def _fail(self, why: str) -> None:
        self._finish(why)
        self.transport.abort()

    def _finish(self, why: str) -> None:
        self._end = self._end or why
        for future in (self._waiting, self._drained):
            if future is not None and not future.done():
                future.set_exception(LineLost(self._end))
