"""An SMTP server for tests: writes down whom it accepted a message for before it says so, and misbehaves on request.

Every accepted message is one JSON line {recipient, sender, message_id, to, at} on disk before the 250. Faults are drawn
from a seed, per phase. Runs inside a test (`Sink`, in a thread of its own) or as a process (`python -m tests.sink`).
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

PHASES = ("connect", "ehlo", "mail", "rcpt", "data", "body", "dot", "after")
"""`body`: in the middle of the message; `dot`: before taking it; `after`: taken and written down, before the 250."""

_MESSAGE_ID = re.compile(rb"^Message-ID:[ \t]*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(rb"^To:[ \t]*(.*?)\r?\n(?![ \t])", re.IGNORECASE | re.MULTILINE | re.DOTALL)


@dataclass
class Faults:
    """What goes wrong: for each phase a list of (chance, act). Acts: `close`, `reset`, `stall`, or a reply's text."""

    seed: int = 1
    plan: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    delay: float = 0.0  # seconds before every reply to the dot
    domains: dict[str, str] = field(default_factory=dict)  # the reply to RCPT for everybody of a domain

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self, phase: str) -> str | None:
        """The act for this phase now, or None for good behaviour."""
        for chance, act in self.plan.get(phase, ()):
            if self._random.random() < chance:
                return act
        return None


class Sink:
    """`with Sink(path) as sink:` listens on 127.0.0.1:`sink.port` until the end of the block."""

    def __init__(
        self,
        log: Path | None,
        *,
        faults: Faults | None = None,
        port: int = 0,
        capabilities: tuple[str, ...] = ("PIPELINING", "SIZE 50000000", "8BITMIME"),
        keep: bool = False,
        users: dict[str, str] | None = None,
    ) -> None:
        self.faults = faults or Faults()
        self.port = port
        self.capabilities = capabilities
        self.log = log
        self.keep = keep
        self.users = users or {}
        self.contents: list[bytes] = []
        self.commands: list[str] = []
        self.accepted = 0
        self.taken = 0  # connections
        self.sessions: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sink", daemon=True)

    def __enter__(self) -> "Sink":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def die(self) -> None:
        """Cut every connection and listen no more, as a killed server does."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        self._server.close()
        for transport in list(self.sessions):
            transport.abort()

    def recipients(self) -> Counter[str]:
        """How often each address was accepted, from the log on disk."""
        return Counter(entry["recipient"] for entry in self.entries())

    def entries(self) -> list[dict[str, Any]]:
        """The log on disk."""
        assert self.log is not None
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.serve())
        self._loop.close()

    async def serve(self) -> None:
        """Listen until told to stop."""
        self._stopped = asyncio.Event()
        self._file = self.log.open("a", buffering=1) if self.log is not None else None
        server = await asyncio.get_running_loop().create_server(
            lambda: _Session(self), "127.0.0.1", self.port, backlog=512, reuse_address=True
        )
        self._server = server
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()

    def stop(self) -> None:
        """From inside the loop: end `serve`."""
        self._stopped.set()

    def take(self, sender: str, recipient: str, content: bytes) -> None:
        """Write it down; when this returns the message is accepted whatever happens next."""
        self.accepted += 1
        if self.keep:
            self.contents.append(content)
        if self._file is None:
            return
        head = content.partition(b"\r\n\r\n")[0] + b"\r\n"
        identity, to = _MESSAGE_ID.search(head), _TO.search(head)
        entry = {
            "recipient": recipient,
            "sender": sender,
            "message_id": identity.group(1).decode() if identity else None,
            "to": to.group(1).decode() if to else None,
            "at": time.time(),
        }
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()


class _Session(asyncio.Protocol):
    """One connection. Replies in order; the body is collected up to the dot."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._unread = bytearray()
        self._is_body = False
        self._stuck = False
        self._sender: str | None = None
        self._recipient: str | None = None
        self._answers: list[str] = []
        self._login: list[str] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sink.taken += 1
        self._sink.sessions.add(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._misbehaves("connect"):
            self._say("220 sink.test ESMTP")

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink.sessions.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while not self._stuck and not self._transport.is_closing():
            if not (self._take_body() if self._is_body else self._take_line()):
                return

    def _take_line(self) -> bool:
        end = self._unread.find(b"\r\n")
        if end < 0:
            return False
        line = self._unread[:end].decode()
        del self._unread[: end + 2]
        self._sink.commands.append(line)
        self._command(line)
        return True

    def _command(self, line: str) -> None:
        verb = line.partition(" ")[0].upper()
        handler = getattr(self, f"_on_{verb.lower()}", None)
        if self._login is not None:
            self._on_login_word(line)
        elif handler is None:
            self._say("502 5.5.1 not known")
        else:
            handler(line)

    def _on_ehlo(self, line: str) -> None:
        if self._misbehaves("ehlo"):
            return
        words = ["sink.test", *self._sink.capabilities, *(["AUTH PLAIN LOGIN"] if self._sink.users else [])]
        for word in words[:-1]:
            self._say(f"250-{word}")
        self._say(f"250 {words[-1]}")

    def _on_helo(self, line: str) -> None:
        self._say("250 sink.test")

    def _on_auth(self, line: str) -> None:
        import base64

        words = line.split(" ")
        if words[1].upper() == "LOGIN":
            self._login = []
            self._say("334 VXNlcm5hbWU6")
            return
        _, name, password = base64.b64decode(words[2]).decode().split("\0")
        self._signed_in(name, password)

    def _on_login_word(self, line: str) -> None:
        import base64

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
        elif not self._misbehaves("mail"):
            self._sender = line[line.index("<") + 1 : line.index(">")]
            self._say("250 2.1.0 ok")

    def _on_rcpt(self, line: str) -> None:
        if self._sender is None:
            self._say("503 5.5.1 MAIL first")
        elif not self._misbehaves("rcpt"):
            recipient = line[line.index("<") + 1 : line.rindex(">")]
            if reply := self._sink.faults.domains.get(recipient.rpartition("@")[2]):
                self._say(reply)
                return
            self._recipient = recipient
            self._say("250 2.1.5 ok")

    def _on_data(self, line: str) -> None:
        if self._recipient is None:
            self._say("503 5.5.1 RCPT first")
        elif not self._misbehaves("data"):
            self._is_body = True
            self._say("354 go on")

    def _on_rset(self, line: str) -> None:
        self._sender = self._recipient = None
        self._say("250 2.0.0 ok")

    def _on_noop(self, line: str) -> None:
        self._say("250 2.0.0 ok")

    def _on_quit(self, line: str) -> None:
        self._say("221 2.0.0 bye")
        self._transport.close()

    def _take_body(self) -> bool:
        end = self._unread.find(b"\r\n.\r\n")
        if end < 0:
            if self._unread and self._misbehaves("body"):
                self._stuck = True
            return False
        content = bytes(self._unread[: end + 2])
        del self._unread[: end + 5]
        self._is_body = False
        sender, recipient = self._sender, self._recipient
        self._sender = self._recipient = None
        assert sender is not None and recipient is not None
        if self._misbehaves("dot"):
            return True
        self._sink.take(sender, recipient, content.replace(b"\r\n..", b"\r\n."))
        if self._misbehaves("after"):
            return True
        if self._sink.faults.delay:
            asyncio.get_running_loop().call_later(self._sink.faults.delay, self._say, "250 2.0.0 taken")
        else:
            self._say("250 2.0.0 taken")
        return True

    def _misbehaves(self, phase: str) -> bool:
        act = self._sink.faults.draw(phase)
        if act is None:
            return False
        match act:
            case "close":
                self._transport.close()
            case "reset":
                self._transport.abort()
            case "stall":
                self._stuck = True
            case _:
                self._say(act)
                if act.startswith(("421", "250")):  # says so and is gone
                    self._transport.close()
        return True

    def _say(self, line: str) -> None:
        if not self._transport.is_closing():
            self._transport.write(line.encode() + b"\r\n")


def main() -> None:
    """Run as a process: prints its port, ends on SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", default="{}", help="JSON of Faults")
    chosen = parser.parse_args()
    sink = Sink(chosen.log, port=chosen.port, faults=Faults(**json.loads(chosen.faults)))

    async def run() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, sink.stop)
        serving = asyncio.ensure_future(sink.serve())
        while not sink._ready.is_set():
            await asyncio.sleep(0.01)
        print(sink.port, flush=True)
        await serving

    asyncio.run(run())
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
