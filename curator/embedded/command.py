"""One of Curator's own processes under the supervisor: the very command production runs, its log, its restarts.

Never outlives the supervisor, never restarts in a tight loop.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import curator
from curator.embedded import children

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_LIVED_WELL = 60.0
"""Seconds after which a process that ends has earned the short pause again."""

_LARGEST_LOG = 10_000_000


class Command:
    """`curator <name>` with the running servers in its environment; output goes to `home/log/<name>.log`."""

    def __init__(self, name: str, home: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = home / "log" / f"{name}.log"
        self._environment = {**os.environ, **environment, "PYTHONUNBUFFERED": "1", "PYTHONPATH": _python_path()}
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause = _FIRST_PAUSE
        self._start_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The number of the running process, None while there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it; killed with the supervisor, because without servers it can finish nothing."""
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._start_at = None
        self._started_at = time.monotonic()
        self._process = children.spawn(
            program(self.name),
            log=self.log,
            on_death=signal.SIGKILL,
            environment=self._environment,
            folder=None,
        )

    def revive(self) -> str | None:
        """Called again and again: start it when it ended and its pause is over. A sentence to show, or None."""
        now = time.monotonic()
        if self._start_at is not None:
            if now >= self._start_at:
                self.start()
            return None
        if self._process is None or self._process.poll() is None:
            return None
        if now - self._started_at > _LIVED_WELL:
            self._pause = _FIRST_PAUSE
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        self._start_at = now + pause
        how = _how_it_ended(self._process.returncode)
        return f"{self.name} {how}; starting it again in {pause:g} s. Its log: {self.log}"

    def wait_until(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Until `is_ready()`; `Unavailable` with the end of the log when the process ends or time runs out."""
        assert self._process is not None, "start() comes first"  # noqa: S101 - a programmer's mistake
        children.wait_until(is_ready, self._process, name=self.name, log=self.log, seconds=seconds)

    def ask_to_stop(self) -> None:
        """SIGTERM: finish what is in hand."""
        if self.pid is not None and self._process is not None:
            self._process.terminate()

    def wait_for_end(self, seconds: float, is_urgent: Callable[[], bool]) -> None:
        """Until it ended; killed after `seconds`, or as soon as `is_urgent()`."""
        deadline = time.monotonic() + seconds
        while self._process is not None and self._process.poll() is None:
            if time.monotonic() > deadline or is_urgent():
                self._process.kill()
            time.sleep(0.02)


def program(name: str) -> list[str]:
    """The command line of `curator <name>` with this very Python, whatever PATH says."""
    return [sys.executable, "-P", "-m", "curator.cli.main", name]


def _how_it_ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _python_path() -> str:
    """The folder this very package came from first, so that a checkout runs its own code from any folder."""
    ours = str(Path(curator.__file__).parents[1])
    return os.pathsep.join(dict.fromkeys([ours, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]))
