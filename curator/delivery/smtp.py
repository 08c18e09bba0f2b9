"""SMTP spoken phase by phase: the caller always knows how far a message got, so that doubt is never larger than it is.

Everything but the final dot is sent first; then the caller's marker is awaited; only then the dot goes out. A
transaction never raises: its end is an `Answer`. Nothing here knows the ledger or decides what an answer means.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from curator.delivery.addresses import Path, path_of
from curator.delivery.replies import Answer, Phase
from curator.delivery.tls import Protection, protection_of
from curator.delivery.wire import LineLost, Wire

DOT = b".\r\n"
"""Ends the message. The bytes before it are dot-stuffed and end with CRLF."""


@dataclass(frozen=True)
class Waits:
    """Longest waits in seconds: for the reply to the dot, and for any other."""

    dot: float
    phase: float


class Line:
    """An open, greeted and signed-in connection to a relay, good for one message after another. See connect.py."""

    def __init__(self, wire: Wire, capabilities: dict[str, str], waits: Waits) -> None:
        self.capabilities = capabilities
        self._pipelines = "PIPELINING" in capabilities
        self._takes_utf8 = "SMTPUTF8" in capabilities
        self._takes_size = "SIZE" in capabilities
        self._limit = int(capabilities["SIZE"]) if capabilities.get("SIZE", "").isdigit() else 0
        self._takes_dsn = "DSN" in capabilities
        self._wire = wire
        self._waits = waits
        self._must_reset = False
        self._is_finished = False

    @property
    def is_usable(self) -> bool:
        """May another message be sent over it?"""
        return not self._is_finished and self._wire.is_up and not self._wire.has_reply

    @property
    def protection(self) -> Protection | None:
        """What protects the connection, when something does."""
        return protection_of(self._wire.transport)

    async def deliver(
        self,
        sender: str,
        recipient: str,
        body: bytes,
        mark: Callable[[], Awaitable[bool]] | None = None,
        *,
        envelope_id: str = "",
    ) -> Answer:
        """One message to one recipient. `body` is dot-stuffed and ends with CRLF; `mark` decides about the dot.

        `sender` may be another one for every message (VERP). `envelope_id`, letters and digits, comes back in reports
        about the message where the relay can do that (DSN, RFC 3461).
        """
        try:
            path = path_of(recipient)
        except ValueError as error:
            return Answer(Phase.ADDRESS, why=str(error))
        if refusal := self._unsendable(path, body):
            return refusal
        if answer := await self._envelope(sender, path, len(body), envelope_id):
            return answer
        return await self._content(body, mark)

    async def quit(self) -> None:
        """Say goodbye. Whatever happens to it, every message is already decided."""
        if self._wire.is_up:
            self._wire.write(b"QUIT\r\n")
            with contextlib.suppress(LineLost):
                await self._wire.reply(min(self._waits.phase, 2.0))
        self._wire.drop()

    def drop(self) -> None:
        """Close at once: without the dot nothing was sent."""
        self._wire.drop()

    def _unsendable(self, path: Path, body: bytes) -> Answer | None:
        if not path.is_ascii and not self._takes_utf8:
            return Answer(Phase.ADDRESS, why="the relay takes no addresses with letters outside ASCII")
        if 0 < self._limit < len(body):
            return Answer(Phase.SIZE, why=f"the message has {len(body)} bytes, the relay takes {self._limit}")
        return None

    async def _envelope(self, sender: str, path: Path, size: int, envelope_id: str) -> Answer | None:
        """MAIL, RCPT, DATA, in one write where the relay can PIPELINING (RFC 2920). None: it waits for the body."""
        steps = [(Phase.MAIL, b"RSET")] if self._must_reset else []
        steps += self._commands(sender, path, size, envelope_id)
        self._must_reset = False
        if self._pipelines:
            self._wire.write(b"\r\n".join(line for _, line in steps) + b"\r\n")
        bad: Answer | None = None
        phase = Phase.MAIL
        try:
            for phase, line in steps:
                if not self._pipelines:
                    if bad is not None:
                        break
                    self._wire.write(line + b"\r\n")
                reply = await self._wire.reply(self._waits.phase)
                wanted = 3 if line == b"DATA" else 2
                if bad is None and reply.code // 100 != wanted:
                    bad = self._ended(Answer(phase, reply))
                elif bad is not None and line == b"DATA" and reply.code // 100 == 3:
                    self.drop()  # it waits for a message without a recipient: give it none
        except LineLost as lost:
            self._is_finished = True
            return bad or Answer(phase, why=str(lost))
        self._must_reset = bad is not None
        return bad

    def _commands(self, sender: str, path: Path, size: int, envelope_id: str) -> list[tuple[Phase, bytes]]:
        """Our messages are 7-bit, so BODY is never said. Failures are reported, delays are not, without the content."""
        size_word = f" SIZE={size}" if self._takes_size else ""
        utf8_word = "" if path.is_ascii else " SMTPUTF8"
        report = f" RET=HDRS ENVID={envelope_id}" if self._takes_dsn and envelope_id else ""
        notify = " NOTIFY=FAILURE" if report else ""
        return [
            (Phase.MAIL, f"MAIL FROM:<{sender}>{size_word}{utf8_word}{report}".encode()),
            (Phase.RCPT, f"RCPT TO:<{path.text}>{notify}".encode()),
            (Phase.DATA, b"DATA"),
        ]

    async def _content(self, body: bytes, mark: Callable[[], Awaitable[bool]] | None) -> Answer:
        try:
            self._wire.write(body)
            await self._wire.drained(self._waits.phase)
            if self._wire.has_reply:  # it refuses before it has heard everything
                self._is_finished = True
                return Answer(Phase.BODY, await self._wire.reply(self._waits.phase), "interrupted")
            if mark is not None and not await mark():
                self.drop()
                return Answer(Phase.MARKER, why="not marked")
            if not self._wire.is_up:
                return Answer(Phase.BODY, why="connection lost")
        except LineLost as lost:
            self._is_finished = True
            return Answer(Phase.BODY, why=str(lost))
        return await self._dot()

    async def _dot(self) -> Answer:
        """From here on a missing reply is doubt."""
        self._wire.write(DOT)
        try:
            return self._ended(Answer(Phase.DOT, await self._wire.reply(self._waits.dot)))
        except LineLost as lost:
            self._is_finished = True
            return Answer(Phase.DOT, why=str(lost))

    def _ended(self, answer: Answer) -> Answer:
        """421 is the server's goodbye; after any other reply the line can go on."""
        if answer.reply is not None and answer.reply.code == 421:
            self._is_finished = True
        return answer
