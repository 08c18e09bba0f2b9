"""One connection of the sink: commands in, replies out in order, and whatever was drawn to go wrong.

Replies to what came in one read leave in one write. The body is collected up to the dot.
"""

import asyncio
import base64
import contextlib
import socket
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tests.sink_faults import GARBAGE, MANNERS

if TYPE_CHECKING:
    from tests.sink import Sink

_PIECE_SECONDS = 0.004
_IDLE_SECONDS = 0.002


class Session(asyncio.Protocol):
    """One connection. Replies in order, those of one read in one write; the body is collected up to the dot."""

    def __init__(self, sink: "Sink") -> None:
        self._sink = sink
        self._unread = bytearray()
        self._searched = 0
        self._is_body = False
        self._was_drawn = False  # for the body that is coming in
        self._is_stuck = False
        self._is_leaving = False
        self._sender: str | None = None
        self._recipient = ""
        self._began = 0.0
        self._heard = 0
        self._login: list[str] | None = None
        self._waiting: list[list[tuple[float, bytes]]] = []  # replies behind one that takes its time
        self._is_busy = False
        self._out: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._sink.taken += 1
        self._sink.sessions.add(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer("connect", "220 sink.test ESMTP")
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink.sessions.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._heard += 1
        while not self._is_stuck and not self._transport.is_closing():
            if not (self._take_body() if self._is_body else self._take_line()):
                break
        self._send()

    # -- commands ----------------------------------------------------------------------------------------------------

    def _take_line(self) -> bool:
        end = self._unread.find(b"\r\n")
        if end < 0:
            return False
        line = self._unread[:end].decode()
        del self._unread[: end + 2]
        self._sink.commands.append(line)
        if self._login is not None:
            self._on_login_word(line)
            return True
        handler = _HANDLERS.get(line[:4].upper())
        if handler is None:
            self._say("502 5.5.1 not known")
        else:
            handler(self, line)
        return True

    def _on_ehlo(self, line: str) -> None:
        words = ["sink.test", *self._sink.capabilities, *(["AUTH PLAIN LOGIN"] if self._sink.users else [])]
        words += ["STARTTLS"] if self._sink.is_starttls and not self._transport.get_extra_info("sslcontext") else []
        self._answer("ehlo", *(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}")

    def _on_helo(self, line: str) -> None:
        self._say("250 sink.test")

    def _on_star(self, line: str) -> None:
        self._say("220 2.0.0 go on")
        self._send()
        self._protecting = asyncio.ensure_future(self._protect())

    async def _protect(self) -> None:
        loop, tls = asyncio.get_running_loop(), self._sink.tls
        assert tls is not None
        with contextlib.suppress(OSError):
            self._transport = await loop.start_tls(self._transport, self, tls, server_side=True)

    def _on_auth(self, line: str) -> None:
        words = line.split(" ")
        if words[1].upper() == "LOGIN":
            self._login = []
            self._say("334 VXNlcm5hbWU6")
            return
        _, name, password = base64.b64decode(words[2]).decode().split("\0")
        self._signed_in(name, password)

    def _on_login_word(self, line: str) -> None:
        assert self._login is not None
        self._login.append(base64.b64decode(line).decode())
        if len(self._login) == 2:
            name, password = self._login
            self._login = None
            self._signed_in(name, password)
        else:
            self._say("334 UGFzc3dvcmQ6")

    def _signed_in(self, name: str, password: str) -> None:
        good = self._sink.users.get(name) == password
        self._say("235 2.7.0 welcome" if good else "535 5.7.8 user name or password wrong")

    def _on_mail(self, line: str) -> None:
        if self._sender is not None:
            self._say("503 5.5.1 one at a time")
        elif self._answer("mail", "250 2.1.0 ok"):
            self._began = time.time()
            self._sender = line[line.index("<") + 1 : line.index(">")]

    def _on_rcpt(self, line: str) -> None:
        if self._sender is None:
            self._say("503 5.5.1 MAIL first")
            return
        recipient = line[line.index("<") + 1 : line.rindex(">")]
        if reply := self._sink.faults.domains.get(recipient.rpartition("@")[2]):
            self._say(reply)
        elif self._answer("rcpt", "250 2.1.5 ok", recipient=recipient):
            self._recipient = recipient

    def _on_data(self, line: str) -> None:
        if not self._recipient:
            self._say("503 5.5.1 RCPT first")
        elif self._answer("data", "354 go on", recipient=self._recipient):
            self._is_body = True
            self._was_drawn = False

    def _on_rset(self, line: str) -> None:
        self._sender, self._recipient = None, ""
        self._say("250 2.0.0 ok")

    def _on_noop(self, line: str) -> None:
        self._say("250 2.0.0 ok")

    def _on_quit(self, line: str) -> None:
        self._say("221 2.0.0 bye")
        self._close()

    # -- the message -------------------------------------------------------------------------------------------------

    def _take_body(self) -> bool:
        end = self._unread.find(b"\r\n.\r\n", self._searched)
        if end < 0:
            self._searched = max(len(self._unread) - 4, 0)
            if self._unread and not self._was_drawn:
                self._was_drawn = True
                self._disturb_body()
            return False
        content = bytes(self._unread[: end + 2])
        del self._unread[: end + 5]
        self._searched = 0
        self._is_body = False
        sender, recipient = self._sender, self._recipient
        self._sender, self._recipient = None, ""
        assert sender is not None
        if (act := self._sink.draw("dot", recipient, self._began)) and act not in MANNERS:
            self._misbehave("dot", act)
            return True
        self._sink.take(sender, recipient, content.replace(b"\r\n..", b"\r\n."), self._began)
        if self._answer("after", "250 2.0.0 taken", recipient=recipient, manner=act, delay=self._sink.faults.delay):
            self._perhaps_unasked(recipient)
        return True

    def _disturb_body(self) -> None:
        act = self._sink.draw("body", self._recipient, self._began)
        if act in MANNERS:  # it reads slowly
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(self._sink.faults.late / 4, self._read_on)
        elif act is not None:
            self._misbehave("body", act)
            self._is_stuck = True

    def _read_on(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _perhaps_unasked(self, recipient: str) -> None:
        """Something nobody asked for, unless the next message has begun."""
        act = self._sink.draw("idle", recipient, self._began)
        if act is not None:
            heard = self._heard
            asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._unasked, act, heard)

    def _unasked(self, act: str, heard: int) -> None:
        if heard == self._heard:
            self._misbehave("idle", act)
            self._send()

    # -- replies -----------------------------------------------------------------------------------------------------

    def _answer(
        self, phase: str, *lines: str, recipient: str = "", manner: str | None = None, delay: float = 0.0
    ) -> bool:
        """The right reply, unless it is time for something else; True when it went on as it should."""
        act = self._sink.draw(phase, recipient, self._began)
        if act is not None and act not in MANNERS:
            self._misbehave(phase, act)
            return False
        self._say(*lines, manner=act or manner, delay=delay)
        return True

    def _misbehave(self, phase: str, act: str) -> None:
        match act:
            case "close":
                self._close()
            case "reset":  # what was said before is heard
                self._send()
                self._is_stuck = True
                asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._transport.abort)
            case "stall":
                self._is_stuck = True
            case _ if act == GARBAGE:
                self._put([(0.0, b"\x00\xfe what was that?\r\n")])
            case _:
                self._say(act)
                if act.startswith("421") or (phase == "after" and act.startswith("250")):  # says so and is gone
                    self._close()

    def _say(self, *lines: str, manner: str | None = None, delay: float = 0.0) -> None:
        reply = "".join(f"{line}\r\n" for line in lines).encode()
        match manner:
            case None:
                self._put([(delay, reply)])
            case "slow":
                self._put([(_PIECE_SECONDS, reply[at : at + 1]) for at in range(len(reply))])
            case "split":
                self._put([(0.0, reply[:2]), (_PIECE_SECONDS, reply[2:-1]), (_PIECE_SECONDS, reply[-1:])])
            case "lines":
                code = reply[:3]
                self._put([(delay, code + b"-and\r\n" + code + b"-so on\r\n" + reply)])
            case "late":
                self._put([(self._sink.faults.late, reply)])

    def _put(self, pieces: list[tuple[float, bytes]]) -> None:
        """Send pieces, each after its pause; whatever is said later comes later."""
        if self._is_busy:
            self._waiting.append(pieces)
        elif len(pieces) == 1 and not pieces[0][0]:
            self._out.append(pieces[0][1])
        else:
            self._is_busy = True
            self._next_piece(pieces)

    def _next_piece(self, pieces: list[tuple[float, bytes]]) -> None:
        if not pieces:
            self._is_busy = False
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                self._put(each)
            self._send()
            if self._is_leaving:
                self._close()
            return
        pause, data = pieces[0]
        asyncio.get_running_loop().call_later(pause, self._piece, data, pieces[1:])

    def _piece(self, data: bytes, rest: Iterable[tuple[float, bytes]]) -> None:
        self._out.append(data)
        self._send()
        self._next_piece(list(rest))

    def _send(self) -> None:
        if self._out:
            data = b"".join(self._out)
            self._out.clear()
            if not self._transport.is_closing():
                self._transport.write(data)

    def _close(self) -> None:
        """When everything said before is sent: a reply that takes its time is still a reply."""
        if self._is_busy:
            self._is_stuck = self._is_leaving = True
            return
        self._send()
        self._transport.close()


_HANDLERS = {
    name.removeprefix("_on_").upper(): handler
    for name, handler in vars(Session).items()
    if name.startswith("_on_") and len(name) == 8
}
