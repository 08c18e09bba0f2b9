"""The claim of one supervisor on CURATOR_HOME, and the note that lets other commands find its servers.

The claim is a `flock`, so a supervisor that was killed holds none. Never leaves a note without a claim behind it.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from curator.embedded import places
from curator.errors import Conflict, Unavailable

_READER_SECONDS = 1.0
"""A command that reads the settings holds a shared lock for an instant; that is no second supervisor."""


class Claim:
    """`take()` on start, `write()` once the servers are known, `release()` at the end."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._run = home / "run"
        self._file: int | None = None

    def take(self) -> None:
        """`Conflict` with the process number of the supervisor that runs here already."""
        places.home_folder(self._home)
        places.run_folder(self._home)
        file = os.open(self._run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _READER_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = os.pread(file, 32, 0).decode().strip() or "unknown"
                    os.close(file)
                    raise Conflict(
                        f"Curator runs already in {self._home} (process {holder}). "
                        "Stop that one, or set CURATOR_HOME to another folder.",
                        pid=holder,
                    ) from None
                time.sleep(0.05)
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file
        self._note.unlink(missing_ok=True)

    def write(self, environment: Mapping[str, str]) -> None:
        """Replace the note at once as a whole; it holds passwords, so it is 0600."""
        fresh = self._note.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({"pid": os.getpid(), "environment": dict(environment)}, indent=1))
        fresh.replace(self._note)

    def release(self) -> None:
        """Remove the note, then give up the claim."""
        if self._file is not None:
            self._note.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    @property
    def _note(self) -> Path:
        return self._run / "services.json"


def refuse_busy_port(host: str, port: int, setting: str) -> None:
    """`Unavailable` naming the setting when another program listens on this port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Unavailable(
            f"Port {port} on {host} cannot be used: {error.strerror or error}. "
            f"Stop the program that uses it, or set {setting} to another port.",
            port=port,
        ) from error


def free_port(host: str) -> int:
    """A port nobody listens on, for a setting of 0."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
