"""SMTP spoken phase by phase: the caller always knows how far a message got, so that doubt is never larger than it is.

Everything but the final dot is sent first; then the caller's marker is awaited; only then the dot goes out. A
transaction never raises: its end is an `Answer`. Nothing here knows the ledger or decides what an answer means.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

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


class Envelope(NamedTuple):
    """Sender and recipient of a message of `size` bytes. `sender` may be another one for every message (VERP).

    `id`, letters and digits, comes back in reports about the message where the relay can do that (DSN, RFC 3461).
    """

    sender: str
    recipient: str
    size: int
    id: str = ""


Steps = tuple[tuple[Phase, bytes], ...]
_RSET = (Phase.MAIL, b"RSET\r\n")
_DATA = (Phase.DATA, b"DATA\r\n")


class Line:
    """An open, greeted and signed-in connection to a relay, good for one message after another. See connect.py."""

    def __init__(self, wire: Wire, capabilities: dict[str, str], waits: Waits) -> None:
        self.capabilities = capabilities
        self._wire = wire
        self._waits = waits
        self._must_reset = False
        self._is_finished = False
        self._can_pipeline = "PIPELINING" in capabilities
        self._takes_utf8 = "SMTPUTF8" in capabilities
        self._takes_size = "SIZE" in capabilities
        self._limit = int(capabilities["SIZE"]) if capabilities.get("SIZE", "").isdigit() else 0
        self._takes_dsn = "DSN" in capabilities
        self._ahead: tuple[Envelope, Steps] | None = None

    @property
    def is_usable(self) -> bool:
        """May another message be sent over it? After an envelope ahead: that one."""
        return not self._is_finished and self._wire.is_up and (self._ahead is not None or not self._wire.has_reply)

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
        then: Callable[[], Envelope | None] | None = None,
        *,
        envelope_id: str = "",
    ) -> Answer:
        """One message to one recipient. `body` is dot-stuffed and ends with CRLF; `mark` decides about the dot.

        `then` may name the envelope of the next message; it leaves together with the dot where the relay can PIPELINING
        (RFC 2920 3.1), which saves a round trip. The next call has to be for that envelope, or the line dropped.
        """
        envelope = Envelope(sender, recipient, len(body), envelope_id)
        if self._ahead is None:
            steps = self._steps(envelope)
            if isinstance(steps, Answer):
                return steps
            answer = await self._ask(steps)
        else:
            (expected, steps), self._ahead = self._ahead, None
            if expected != envelope:
                self.drop()
                return Answer(Phase.MAIL, why="another message was announced")
            answer = await self._hear(steps, is_said=True)
        return answer or await self._content(body, mark, then)

    async def quit(self) -> None:
        """Say goodbye. Whatever happens to it, every message is already decided."""
        if self._wire.is_up and self._ahead is None:
            self._wire.write(b"QUIT\r\n")
            with contextlib.suppress(LineLost):
                await self._wire.reply(min(self._waits.phase, 2.0))
        self._wire.drop()

    def drop(self) -> None:
        """Close at once: without the dot nothing was sent."""
        self._wire.drop()

    def _unsendable(self, path: Path, size: int) -> Answer | None:
        if not path.is_ascii and not self._takes_utf8:
            return Answer(Phase.ADDRESS, why="the relay takes no addresses with letters outside ASCII")
        if 0 < self._limit < size:
            return Answer(Phase.SIZE, why=f"the message has {size} bytes, the relay takes {self._limit}")
        return None

    def _steps(self, envelope: Envelope) -> Steps | Answer:
        """MAIL, RCPT and DATA for an envelope, or why it cannot be sent over this line.

        Our messages are 7-bit, so BODY is never said. Failures are reported, delays are not, without the content.
        """
        try:
            path = path_of(envelope.recipient)
        except ValueError as error:
            return Answer(Phase.ADDRESS, why=str(error))
        if refusal := self._unsendable(path, envelope.size):
            return refusal
        extras = f" SIZE={envelope.size}" if self._takes_size else ""
        extras += "" if path.is_ascii else " SMTPUTF8"
        is_reported = self._takes_dsn and envelope.id
        report = f" RET=HDRS ENVID={envelope.id}" if is_reported else ""
        notify = " NOTIFY=FAILURE" if is_reported else ""
        return (
            (Phase.MAIL, f"MAIL FROM:<{envelope.sender}>{extras}{report}\r\n".encode()),
            (Phase.RCPT, f"RCPT TO:<{path.text}>{notify}\r\n".encode()),
            _DATA,
        )

    async def _ask(self, steps: Steps) -> Answer | None:
        """Say the steps, in one write where the relay can PIPELINING (RFC 2920), and hear the replies."""
        if self._must_reset:
            steps = (_RSET, *steps)
            self._must_reset = False
        if self._can_pipeline:
            self._wire.write(b"".join(line for _, line in steps))
        return await self._hear(steps, is_said=self._can_pipeline)

    async def _hear(self, steps: Steps, *, is_said: bool) -> Answer | None:
        """The replies to MAIL, RCPT, DATA; each step is said first unless all were. None: it waits for the body."""
        bad: Answer | None = None
        phase = Phase.MAIL
        try:
            for phase, line in steps:
                if not is_said:
                    if bad is not None:
                        break
                    self._wire.write(line)
                reply = await self._wire.reply(self._waits.phase)
                wanted = 3 if phase is Phase.DATA else 2
                if bad is None and reply.code // 100 != wanted:
                    bad = self._ended(Answer(phase, reply))
                elif bad is not None and phase is Phase.DATA and reply.code // 100 == 3:
                    self.drop()  # it waits for a message without a recipient: give it none
        except LineLost as lost:
            self._is_finished = True
            return bad or Answer(phase, why=str(lost))
        self._must_reset = bad is not None
        return bad

    async def _content(
        self, body: bytes, mark: Callable[[], Awaitable[bool]] | None, then: Callable[[], Envelope | None] | None
    ) -> Answer:
        try:
            self._wire.write(body)
            await self._wire.drained(self._waits.phase)
            if self._wire.has_reply:  # it refuses before it has heard everything
                self._is_finished = True
                return Answer(Phase.BODY, await self._wire.reply(self._waits.phase), "interrupted")
            # Made now: nothing may fail or take time between the marker and the dot.
            following = then() if then is not None and self._can_pipeline else None
            if mark is not None and not await mark():
                self.drop()
                return Answer(Phase.MARKER, why="not marked")
            if not self._wire.is_up:
                return Answer(Phase.BODY, why="connection lost")
        except LineLost as lost:
            self._is_finished = True
            return Answer(Phase.BODY, why=str(lost))
        return await self._dot(following)

    async def _dot(self, following: Envelope | None) -> Answer:
        """From here on a missing reply is doubt."""
        self._wire.write(DOT + self._say_ahead(following))
        try:
            return self._ended(Answer(Phase.DOT, await self._wire.reply(self._waits.dot)))
        except LineLost as lost:
            self._is_finished = True
            return Answer(Phase.DOT, why=str(lost))

    def _say_ahead(self, following: Envelope | None) -> bytes:
        """The words of the next envelope. One that cannot be sent is left for its own turn, which says why."""
        steps = self._steps(following) if following is not None else None
        if following is None or steps is None or isinstance(steps, Answer):
            return b""
        self._ahead = following, steps
        return b"".join(line for _, line in steps)

    def _ended(self, answer: Answer) -> Answer:
        """421 is the server's goodbye; after any other reply the line can go on."""
        if answer.reply is not None and answer.reply.code == 421:
            self._is_finished = True
        return answer
