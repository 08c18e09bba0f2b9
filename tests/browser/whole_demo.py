"""`curator demo` as a person starts it, in a home of its own on free ports, and Chromium to look at it with.

Chromium resolves no name but loopback's: whatever a page or a mail asks of the world stays unanswered.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from curator.embedded import children
from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"(http://\S+)(/sign-in/\S+)")
PATIENCE = 90.0
"""Seconds until the demo must have said that it is ready, on a busy machine."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Demo(NamedTuple):
    """A demo that runs. `link` signs in once; `home` is removed with it."""

    address: str
    link: str
    home: Path
    environment: dict[str, str]

    @property
    def desk(self) -> str:
        """The address of the sample newsletter's desk."""
        return f"{self.address}/n/laagland"

    def run(self, *words: str) -> Any:
        """What `curator <words> --json` says, of this demo."""
        command = [sys.executable, "-P", "-m", "curator.cli.main", *words, "--json"]
        done = subprocess.run(
            command, env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)


@contextmanager
def running_demo(**settings: str) -> Iterator[Demo]:
    """Start it with `settings` (environment names), and stop it and remove its data afterwards."""
    home = Path(tempfile.mkdtemp(prefix="curator-demo-"))
    environment = _environment(home) | settings
    process = children.spawn(
        [sys.executable, "-P", "-m", "curator.cli.main", "demo"],
        log=home / "demo.log",
        on_death=signal.SIGTERM,
        environment=environment,
    )
    try:
        address, path = _wait_until_ready(home / "demo.log", lambda: process.poll() is None)
        yield Demo(address, address + path, home, environment)
    finally:
        children.stop(process, signal.SIGTERM, 30)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """The browser at `path`, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def sign_in(page: Page, demo: Demo) -> None:
    """Open the one-time link and go to the desk; a later page takes over the cookies it left."""
    kept = demo.home / "signed-in.json"
    if kept.exists():
        page.context.add_cookies(json.loads(kept.read_text())["cookies"])
        page.goto(f"{demo.desk}/")
        return
    page.goto(demo.link)
    page.get_by_role("button").click()
    page.wait_for_url(f"{demo.desk}/")
    page.context.storage_state(path=kept)


def _environment(home: Path) -> dict[str, str]:
    ours = ("DATABASE_URL", "REDIS_URL")
    inherited = {k: v for k, v in os.environ.items() if k not in ours and not k.startswith(("CURATOR_", "PG"))}
    return inherited | {
        "PYTHONPATH": str(ROOT),
        "CURATOR_HOME": str(home / "data"),
        "CURATOR_PORT": str(free_port()),
        "CURATOR_MAILBOX_PORT": str(free_port()),
    }


def _wait_until_ready(log: Path, is_alive: Callable[[], bool]) -> tuple[str, str]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        said = log.read_text() if log.exists() else ""
        if found := READY.search(said):
            return found[1], found[2]
        assert is_alive(), f"the demo ended before it was ready:\n{said}"
        time.sleep(0.1)
    raise AssertionError(f"the demo was not ready within {PATIENCE:.0f} s:\n{said}")
