"""A whole installation for a benchmark: PostgreSQL, Valkey, Celery workers and beat as processes, durable as in life.

Everything is below one folder that is removed, listens on unix sockets, and ends with the block.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from curator.embedded.postgres import Postgres
from curator.embedded.valkey import Valkey
from curator.settings import get_settings

TICK = os.sysconf("SC_CLK_TCK")


class Stack:
    """`with Stack() as stack:` sets DATABASE_URL, REDIS_URL and CURATOR_HOME of this process and its children."""

    def __enter__(self) -> "Stack":
        with ExitStack() as opened:
            self.folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="curator-bench-")))
            self.folder.chmod(0o711)
            self.postgres, self.valkey = Postgres(self.folder), Valkey(self.folder)
            for server in (self.valkey, self.postgres):
                server.start()
                opened.callback(server.stop)
                server.wait()
            self._workers: list[subprocess.Popen[bytes]] = []
            opened.callback(self.stop_workers)
            os.environ |= {
                "DATABASE_URL": self.postgres.url,
                "REDIS_URL": self.valkey.url,
                "CURATOR_HOME": str(self.folder),
                "CURATOR_LOG_LEVEL": "warning",
            }
            get_settings.cache_clear()
            from curator.db.upgrade import upgrade

            upgrade(self.postgres.url)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def start_workers(self, count: int) -> None:
        """So many Celery workers of one process each, and beat; ready when this returns."""
        logs = [self._start("workers.main", "--processes", "1") for _ in range(count)]
        while not all("worker ready" in log.read_text() for log in logs):
            assert all(worker.poll() is None for worker in self._workers), logs[0].read_text()
            time.sleep(0.05)
        self._start("workers.beat")

    def stop_workers(self) -> None:
        """End them; the kernel ends their pool processes with them."""
        for process in self._workers:
            process.kill()
            process.wait()
        self._workers = []

    def cpu_seconds(self) -> float:
        """CPU used so far by workers, beat, PostgreSQL and Valkey."""
        tops = [process.pid for process in (*self._workers, self.postgres.process, self.valkey.process) if process]
        return sum(map(_used, family(tops)))

    def worker_memory(self) -> int:
        """Bytes that the largest pool process has had in memory at most (VmHWM)."""
        pools = set(family([worker.pid for worker in self._workers])) - {worker.pid for worker in self._workers}
        peaks = [
            int(line.split()[1]) * 1024
            for pid in pools
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if line.startswith("VmHWM")
        ]
        return max(peaks)

    def _start(self, *command: str) -> Path:
        log = self.folder / f"process-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen([sys.executable, "-m", *command], stdout=output, stderr=subprocess.STDOUT)
        self._workers.append(process)
        return log


def family(pids: Iterable[int]) -> list[int]:
    """These processes and everything they started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
    found = list(pids)
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _used(pid: int) -> float:
    """User and system time of a process and of its children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / TICK
