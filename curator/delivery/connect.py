"""Opening a line to a relay: connect, greet, protect, sign in. Certificates are verified, always.

Ends with a `Line` or with `Trouble` that names the phase which failed. No password enters the dialogue.
"""

import asyncio
import base64
import socket
import ssl
from typing import NoReturn
from urllib.parse import urlsplit

from curator.delivery.models import Security
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.replies import Answer, Phase, Reply
from curator.delivery.smtp import Line, Waits
from curator.delivery.tls import client_context
from curator.delivery.wire import LineLost, Wire


class Trouble(Exception):
    """The relay could not be used: `answer` says in which phase and how; `replies.is_lasting` whether waiting helps."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer))
        self.answer = answer


async def open_line(relay: RelayPlan, waits: Waits, hello: str, dialogue: list[str] | None = None) -> Line:
    """A line that takes messages. `hello` is our name for EHLO; `dialogue` receives what was said."""
    return await _Opening(relay, waits, hello, [] if dialogue is None else dialogue).open()


def hello_name(public_url: str) -> str:
    """Our name for EHLO (RFC 5321 4.1.3): the public host, or its number in brackets."""
    host = urlsplit(public_url).hostname or "localhost"
    if ":" in host:
        return f"[IPv6:{host}]"
    return f"[{host}]" if host.replace(".", "").isdigit() else host


class _Opening:
    def __init__(self, relay: RelayPlan, waits: Waits, hello: str, dialogue: list[str]) -> None:
        self._relay = relay
        self._waits = waits
        self._hello = hello
        self._dialogue = dialogue
        self._capabilities: dict[str, str] = {}
        self._wire: Wire

    async def open(self) -> Line:
        await self._connect()
        try:
            if self._relay.security is Security.TLS:
                await self._protect()
            await self._expect(Phase.GREETING, None)
            await self._greet()
            if self._relay.security is Security.STARTTLS:
                await self._start_tls()
                await self._greet()
            if self._relay.username is not None:
                await self._sign_in(self._relay.username, self._relay.password or "")
        except BaseException:
            self._wire.drop()
            raise
        return Line(self._wire, self._capabilities, self._waits)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._waits.phase):
                transport, self._wire = await loop.create_connection(Wire, self._relay.host, self._relay.port)
        except (OSError, TimeoutError) as error:
            raise Trouble(Answer(Phase.CONNECT, why=_connect_reason(error))) from error
        # Without this the dot waits 40 ms for the acknowledgement of the body (Nagle and delayed ACK).
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def _greet(self) -> None:
        """EHLO; its lines are the capabilities. HELO for a server that does not know it."""
        self._capabilities = {}
        reply = await self._say(Phase.EHLO, f"EHLO {self._hello}")
        if reply.code // 100 == 5:
            reply = await self._say(Phase.EHLO, f"HELO {self._hello}")
        elif reply.code // 100 == 2:
            self._capabilities = _capabilities(reply.lines[1:])
        if reply.code // 100 != 2:
            self._refuse(Answer(Phase.EHLO, reply))

    async def _start_tls(self) -> None:
        if "STARTTLS" not in self._capabilities:
            self._refuse(Answer(Phase.TLS, why="the relay offers no STARTTLS"))
        await self._expect(Phase.TLS, "STARTTLS")
        await self._protect()

    async def _protect(self) -> None:
        """TLS over the connection there is: a body counts as drained when that one has passed on every byte."""
        if self._wire.has_reply:  # words injected before the protection began (CVE-2011-0411)
            self._refuse(Answer(Phase.TLS, why="the relay spoke before the connection was protected"))
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._wire.transport,
                self._wire,
                client_context(),
                server_hostname=self._relay.host,
                ssl_handshake_timeout=self._waits.phase,
            )
        except (ssl.SSLError, OSError) as error:
            self._refuse(Answer(Phase.TLS, why=_tls_reason(error)))
        if transport is None:  # closed meanwhile
            self._refuse(Answer(Phase.TLS, why="connection lost"))
        self._wire.use(transport)

    async def _sign_in(self, username: str, password: str) -> None:
        """AUTH PLAIN (RFC 4616), else LOGIN. Neither the name nor the password enters the dialogue."""
        ways = self._capabilities.get("AUTH", "").upper().split()
        if "PLAIN" in ways:
            secret = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
            await self._expect(Phase.AUTH, f"AUTH PLAIN {secret}", shown="AUTH PLAIN …")
        elif "LOGIN" in ways:
            await self._expect(Phase.AUTH, "AUTH LOGIN", kind=3)
            await self._expect(Phase.AUTH, base64.b64encode(username.encode()).decode(), kind=3, shown="…")
            await self._expect(Phase.AUTH, base64.b64encode(password.encode()).decode(), shown="…")
        else:
            self._refuse(Answer(Phase.AUTH, why="the relay offers neither AUTH PLAIN nor AUTH LOGIN"))

    async def _expect(self, phase: Phase, line: str | None, *, kind: int = 2, shown: str | None = None) -> None:
        reply = await self._say(phase, line, shown)
        if reply.code // 100 != kind:
            self._refuse(Answer(phase, reply))

    async def _say(self, phase: Phase, line: str | None, shown: str | None = None) -> Reply:
        if line is not None:
            self._dialogue.append(f"> {shown or line}")
            self._wire.write(line.encode() + b"\r\n")
        try:
            reply = await self._wire.reply(self._waits.phase)
        except LineLost as lost:
            self._refuse(Answer(phase, why=str(lost)))
        self._dialogue.append(f"< {reply}")
        return reply

    def _refuse(self, answer: Answer) -> NoReturn:
        raise Trouble(answer)


def _capabilities(lines: tuple[str, ...]) -> dict[str, str]:
    """Keyword to parameters (RFC 5321 4.1.1.1). Old servers write AUTH=LOGIN, some of them besides the right way."""
    found: dict[str, str] = {}
    for line in lines:
        keyword, _, parameters = line.partition(" ")
        if keyword.upper().startswith("AUTH="):
            keyword, parameters = "AUTH", f"{keyword[5:]} {parameters}"
        keyword = keyword.upper()
        if keyword == "AUTH":
            parameters = f"{found.get(keyword, '')} {parameters}"
        if keyword:
            found[keyword] = parameters.strip()
    return found


def _connect_reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, TimeoutError):
        return "no connection in time"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    return f"no connection ({type(error).__name__})"


def _tls_reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    return f"no protected connection ({type(error).__name__})"
