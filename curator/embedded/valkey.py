"""Valkey as our own child: every write in its append-only file, one unix socket, gone when we are gone.

Never opens a network port, never forgets keys to save memory.
"""

import os
import signal
import socket
import subprocess
from pathlib import Path

from curator.embedded import places
from curator.embedded.children import spawn, stop, wait_until
from curator.embedded.locate import find_valkey

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class Valkey:
    """One server under `home`: data in `valkey`, log in `log/valkey.log`. `durable=False` keeps nothing (tests)."""

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.absolute()
        self.log = self.home / "log" / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._durable = durable
        self._lock: int | None = None

    def start(self) -> None:
        """Start the server, without waiting for it."""
        binary = find_valkey()
        places.home_folder(self.home)
        data = places.open_folder(self.home / "valkey")
        self._lock = places.lock_folder(data, seconds=_STOP_SECONDS, what="Valkey's data")
        self._socket = places.socket_folder(self.home, "valkey") / "valkey.sock"
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "600",
            "dir": str(data),
            "appendonly": "yes" if self._durable else "no",
            "save": "",  # the append-only file is enough
            "maxmemory-policy": "noeviction",
        }
        self.process = spawn(
            [binary, *(word for name, value in options.items() for word in (f"--{name}", value))],
            log=self.log,
            on_death=signal.SIGTERM,
            keep=(self._lock,),
        )

    def wait(self) -> None:
        """Until it answers; `Unavailable` with the end of its log otherwise."""
        assert self.process is not None, "start() comes first"  # noqa: S101 - a programmer's mistake
        wait_until(self._answers, self.process, name="Valkey", log=self.log, seconds=_START_SECONDS)

    @property
    def url(self) -> str:
        """redis-py's `unix://` address; `curator.doorbell.broker_url` makes Celery's spelling of it."""
        return f"unix://{self._socket}?db=0"

    def is_running(self) -> bool:
        """Has it been started, and not ended?"""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """It writes what it has and ends."""
        if self.process is not None:
            stop(self.process, signal.SIGTERM, _STOP_SECONDS)
            self.process = None
            places.remove_socket_folder(self.home, self._socket.parent)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            try:
                line.connect(str(self._socket))
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")
            except OSError:
                return False
