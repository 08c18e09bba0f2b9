"""Starting supervisors as separate processes, and seeing what is left of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("driver.py")
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Home:
    """One CURATOR_HOME with a port of its own, and the supervisors started on it."""

    path: Path
    port: int
    python: str = sys.executable
    user: int | None = None
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, **environment: str) -> subprocess.Popen[str]:
        """A supervisor; read its output with `ready()` or `communicate()`."""
        ours = {"CURATOR_HOME": str(self.path), "CURATOR_PORT": str(self.port)}
        process = subprocess.Popen(
            [self.python, str(DRIVER)],
            env={**packages(), **ours, **environment},
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else (),
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def processes(self) -> list[str]:
        """Command lines of every process that has this home in its environment or arguments."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                about = words + (folder / "environ").read_bytes().decode(errors="replace")
                links = {str(link.readlink()) for link in (folder / "fd").iterdir()}
            except OSError:
                continue
            if words and int(folder.name) != os.getpid() and (str(self.path) in about or self._holds(links)):
                found.append(words)
        return found

    def _holds(self, links: set[str]) -> bool:
        return any(link.startswith(str(self.path)) for link in links)

    def wait_for_nothing(self) -> None:
        """Until no process of this home is left; fails with their command lines after a while."""
        deadline = time.monotonic() + 10
        while left := self.processes():
            assert time.monotonic() < deadline, left
            time.sleep(0.05)


def packages() -> dict[str, str]:
    """A bare environment in which any Python of this version finds the project and its packages."""
    places = [str(ROOT), *(place for place in sys.path if place.endswith("site-packages"))]
    return {"PYTHONPATH": os.pathsep.join(places), "PATH": "/usr/bin:/bin"}


def ready(process: subprocess.Popen[str]) -> dict[str, str]:
    """The addresses a supervisor prints when it is ready."""
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    assert line.startswith("ready "), process.stderr.read()
    environment: dict[str, str] = json.loads(line.removeprefix("ready "))
    return environment


@pytest.fixture
def home(free_port: Callable[[], int]) -> Iterator[Home]:
    """A home nobody used before; whatever still runs on it afterwards is killed.

    Not under pytest's folder, which is closed to others: killed servers would leave their other sockets behind.
    """
    with tempfile.TemporaryDirectory(prefix="curator-home-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        made = Home(Path(folder) / "home", free_port())
        yield made
        for process in made.started:
            process.kill()
            process.communicate()
        made.wait_for_nothing()
