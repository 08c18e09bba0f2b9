"""Curator's own processes for a test: the very commands of production, on the test's servers, ended with the test."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from curator.embedded import children
from tests.cli.calling import call

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
"""Seconds until something that must happen has failed to."""


class Answer(NamedTuple):
    """What a command said: `code`, `out`, `err`, and `json` when it spoke JSON."""

    code: int
    out: str
    err: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Curator:
    """`with Curator(environment, log_folder) as curator: curator.start("worker"); curator.run("issues", …)`"""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Curator":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        for process in self._running.values():
            children.stop(process, signal.SIGTERM, 30)
        if kind is not None:
            for name in self._running:
                sys.stderr.write(f"--- {name}.log\n{children.tail(self._logs / f'{name}.log', 40)}\n")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start `curator <words>` in the background."""
        log = self._logs / f"{words[0]}.log"
        process = children.spawn(self._command(*words), log=log, on_death=signal.SIGKILL, environment=self._environment)
        self._running[words[0]] = process
        return process

    def run(self, *words: object, code: int | None = 0) -> Answer:
        """Run `curator <words> --json` to its end; its exit code must be `code` (None: any)."""
        command = self._command(*map(str, words), "--json")
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=120, check=False)
        answer = Answer(done.returncode, done.stdout, done.stderr)
        assert code is None or answer.code == code, f"{' '.join(command)}\n{answer.out}\n{answer.err}"
        return answer

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "curator.cli.main", *words]


def look(*words: object) -> Any:
    """What `curator <words> --json` says, asked in this very process: without the second a process takes to start."""
    return json.loads(call(*words).out)


def wait_for(what: str, found: Callable[[], Any]) -> Any:
    """The first true answer of `found`, asked again and again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        if answer := found():
            return answer
        assert time.monotonic() < deadline, f"in {PATIENCE:.0f} s it did not happen: {what}"
        time.sleep(0.2)
