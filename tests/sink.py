"""An SMTP server for tests: writes down whom it accepted a message for before it says so, and misbehaves on request.

Every accepted message is one JSON line (see sink_record.py, with `began` and `at` in seconds) handed to the kernel
within `FLUSH_SECONDS`: no worker's death loses one, only the sink's own. A fault that was acted out is a line with
`fault`. Runs inside a test (`Sink`, in a thread of its own) or as a process (`python -m tests.sink`).
"""

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
import threading
import time
from collections import Counter, deque
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.sink_faults import PHASES, Faults
from tests.sink_record import record
from tests.sink_session import Session

__all__ = ["PHASES", "Faults", "Sink"]

FLUSH_SECONDS = 0.05
_encode = json.JSONEncoder(separators=(",", ":")).encode


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
        certificate: Path | None = None,
        is_starttls: bool = False,
    ) -> None:
        self.faults = faults or Faults()
        self.port = port
        self.capabilities = capabilities
        self.log = log
        self.keep = keep
        self.users = users or {}
        self.is_starttls = is_starttls
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate is not None else None
        if certificate is not None:
            self.show(certificate)
        self.contents: list[bytes] = []
        self.commands: deque[str] = deque(maxlen=10_000)
        self.accepted = 0
        self.taken = 0  # connections
        self.sessions: set[Any] = set()  # their transports
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sink", daemon=True)
        self._file = log.open("a", buffering=1 << 20) if log is not None else None
        self._is_flushing = False

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

    def show(self, certificate: Path) -> None:
        """From now on every new connection is shown this certificate (a file with its key)."""
        assert self.tls is not None, "a sink that began without TLS goes on without"
        self.tls.load_cert_chain(certificate)

    def recipients(self) -> Counter[str]:
        """How often each address was accepted, from the log on disk."""
        return Counter(entry["recipient"] for entry in self.entries())

    def entries(self) -> list[dict[str, Any]]:
        """The messages in the log."""
        return [line for line in self.lines() if "fault" not in line]

    def lines(self) -> list[dict[str, Any]]:
        """The log: messages and faults."""
        assert self.log is not None and self._file is not None
        if not self._file.closed:
            self._file.flush()
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(self.serve())

    async def serve(self) -> None:
        """Listen until told to stop."""
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        server = await self._loop.create_server(
            lambda: Session(self),
            "127.0.0.1",
            self.port,
            backlog=512,
            reuse_address=True,
            ssl=None if self.is_starttls else self.tls,
        )
        self._server = server
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        if self._file is not None:
            self._file.close()

    def stop(self) -> None:
        """From inside the loop: end `serve`."""
        self._stopped.set()

    def take(self, sender: str, recipient: str, content: bytes, began: float) -> None:
        """Write it down; when this returns the message is accepted whatever happens next."""
        self.accepted += 1
        if self.keep:
            self.contents.append(content)
        if self._file is not None:
            self.write(record(sender, recipient, content) | {"began": round(began, 6), "at": time.time()})

    def draw(self, phase: str, recipient: str, began: float) -> str | None:
        """What goes wrong now, written down; None for nothing."""
        act = self.faults.draw(phase, recipient)
        if act is not None and self._file is not None:
            self.write({"fault": act, "phase": phase, "recipient": recipient, "began": began, "at": time.time()})
        return act

    def write(self, entry: dict[str, Any]) -> None:
        """A line of the log, with the kernel soon."""
        assert self._file is not None
        if self._file.closed:
            return
        self._file.write(_encode(entry) + "\n")
        if not self._is_flushing:
            self._is_flushing = True
            self._loop.call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._is_flushing = False
        if self._file is not None and not self._file.closed:
            self._file.flush()


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where there is one: the sink must not be what a send waits for."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def main() -> None:
    """Run as a process: prints its port, ends on SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", default="{}", help="JSON of Faults")
    parser.add_argument("--certificate", type=Path, help="with its key; TLS from the first byte")
    obey = "on each line of stdin a plan of faults, or the path of another certificate; ends with it"
    parser.add_argument("--obey", action="store_true", help=obey)
    chosen = parser.parse_args()
    faults = Faults(**json.loads(chosen.faults))
    sink = Sink(chosen.log, port=chosen.port, faults=faults, certificate=chosen.certificate)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(sink, is_obedient=chosen.obey))
    os._exit(0)


async def _serve(sink: Sink, *, is_obedient: bool) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, sink.stop)
    serving = asyncio.ensure_future(sink.serve())
    while not sink._ready.is_set():
        await asyncio.sleep(0.01)
    print(sink.port, flush=True)
    if is_obedient:
        loop.add_reader(0, _obey, sink)
    await serving


def _obey(sink: Sink) -> None:
    line = sys.stdin.readline()
    if not line:
        sink.stop()
    elif isinstance(order := json.loads(line), str):
        sink.show(Path(order))
    else:
        sink.faults.change(order)


if __name__ == "__main__":
    sys.exit(main())
