"""PostgreSQL and Valkey of a scenario's own, to be killed; and workers and beat as real processes, to be killed too.

Everything started here ends with us, by the kernel's hand if need be; nothing else is ever signalled.
"""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from curator.db.upgrade import upgrade
from curator.embedded import children, places
from curator.embedded.postgres import Postgres
from curator.embedded.valkey import Valkey
from tests.faults.clock import Clock

ROOT = Path(__file__).resolve().parents[2]


class Servers:
    """`with Servers(folder) as servers:` both run, the database is migrated. Valkey keeps nothing: killed is emptied.

    `folder` must be passable for other users where we are root. `durable=False` spares the disk, not the log.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.home = folder / "home"
        self.postgres = Postgres(self.home, {} if durable else {"fsync": "off"})
        self.valkey = Valkey(self.home, durable=False)

    def __enter__(self) -> Self:
        try:
            self.valkey.start()
            self.postgres.start()
            self.postgres.wait()
            self.valkey.wait()
            upgrade(self.postgres.url)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.valkey.stop()
        self.postgres.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Where they are, and short waits, so that a fault is over soon."""
        return {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "CURATOR_HOME": str(self.home),
            "CURATOR_SWEEP_SECONDS": "0.5",
            "CURATOR_SLICE_SECONDS": "2",
            "CURATOR_LEASE_SECONDS": "5",
            "CURATOR_SMTP_REPLY_SECONDS": "2",
            "CURATOR_SMTP_PHASE_SECONDS": "1",
        }

    def crash_postgres(self, away_seconds: float = 0.0) -> None:
        """What `pg_ctl -m immediate restart` does: every backend ends at once, and the log is replayed."""
        assert self.postgres.process is not None
        self.postgres.process.send_signal(signal.SIGQUIT)
        self.postgres.process.wait(30)
        self.start_postgres(away_seconds)

    def start_postgres(self, away_seconds: float = 0.0) -> None:
        """Start it again after it ended."""
        self.postgres.stop()
        time.sleep(away_seconds)
        self.postgres.start()
        self.postgres.wait()

    def limit_files(self, size: int) -> None:
        """No process of PostgreSQL writes beyond the first `size` bytes of any file any more; -1 ends that.

        The nearest to a full disk that needs no rights: tables stop growing, checkpoints fail, and when the log cannot
        go on either the server panics and cannot start again. Unlike on a full disk, what is small can still grow, and
        what is large cannot even be rewritten.
        """
        assert self.postgres.process is not None
        above = self.postgres.process.pid

        def limit() -> None:  # the postmaster first: whoever it starts from now on has its limit
            for pid in (above, *running):
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        running, owner = children_of(above), places.unprivileged_owner()
        subprocess.run(  # as the server's user: root may lack the right to limit somebody else's processes
            ["true"], preexec_fn=limit, check=True, cwd="/",
            user=owner and owner.uid, group=owner and owner.gid, extra_groups=owner and (),
        )  # fmt: skip

    def empty_valkey(self, away_seconds: float = 0.0) -> None:
        """kill -9, and started again with nothing in it."""
        assert self.valkey.process is not None
        self.valkey.process.kill()
        self.valkey.process.wait()
        self.valkey.stop()
        time.sleep(away_seconds)
        self.valkey.start()
        self.valkey.wait()


class Processes:
    """Workers and beat, started again like a supervisor would. Ends all of them with the block.

    With `machines` they run on so many in turn, each with a wall clock of its own that can be set.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None, machines: int = 0) -> None:
        self._folder = folder
        self.clocks = [Clock(folder / f"clock-{number}") for number in range(machines)]
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        self._running: list[subprocess.Popen[bytes]] = []
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait()

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """`python -m …` with a log file of its own."""
        if self.clocks:
            command = ("tests.faults.clock", str(self.clocks[self._number % len(self.clocks)].path), *command)
        self._number += 1
        process = children.spawn(
            [sys.executable, "-m", *command],
            log=self._folder / f"process-{self._number}.log",
            on_death=signal.SIGKILL,
            environment=self.environment,
            folder=str(ROOT),
        )
        self._running.append(process)
        return process

    def start_worker(self, processes: int = 1) -> subprocess.Popen[bytes]:
        """A Celery worker, by default with one pool process."""
        return self.start("tests.faults.worker", "--processes", str(processes))

    def start_beat(self) -> subprocess.Popen[bytes]:
        """The scheduler."""
        return self.start("workers.beat")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9; the kernel ends its pool processes with it."""
        process.kill()
        process.wait()
        self._running.remove(process)

    def leave(self, process: subprocess.Popen[bytes], seconds: float = 20.0) -> None:
        """SIGTERM, as in a rolling restart: it finishes what is in flight and goes."""
        process.terminate()
        process.wait(seconds)
        self._running.remove(process)

    def logs(self, characters: int = 3000) -> str:
        """The end of every log, for a failing assertion."""
        paths = sorted(self._folder.glob("process-*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-characters:]}" for path in paths)


def pool_of(parent: subprocess.Popen[bytes]) -> list[int]:
    """The pool processes of a worker."""
    return children_of(parent.pid)


def children_of(pid: int) -> list[int]:
    """The processes it started that still run."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]
