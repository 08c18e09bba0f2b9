"""The supervisor: what it leaves behind however it ends, and what it refuses."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from curator.settings import Settings
from tests.embedded.conftest import ROOT, Home, packages, ready

NOBODY = 65534
USUAL_MAILBOX_PORT = Settings.model_fields["mailbox_port"].default


def _wait_for(home: Home, log: str, beginning: str, count: int) -> list[int]:
    """The process numbers a stand-in wrote to its log after `beginning`, once there are `count` of them."""
    deadline = time.monotonic() + 15
    while True:
        lines = (home.path / "log" / f"{log}.log").read_text().splitlines()
        found = [int(line.split()[-1]) for line in lines if line.startswith(beginning)]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, lines
        time.sleep(0.05)


def _write_row(environment: dict[str, str]) -> int:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        connection.commit()
        counted = connection.execute("SELECT count(*) FROM kept").fetchone()
    redis.Redis.from_url(environment["REDIS_URL"]).incr("kept")
    return counted[0] if counted else 0


def test_stopped_in_order_and_started_again_with_its_data(home: Home) -> None:
    for turn, number in ((1, signal.SIGINT), (2, signal.SIGTERM)):
        running = home.start()
        environment = ready(running)
        assert _write_row(environment) == turn
        assert redis.Redis.from_url(environment["REDIS_URL"]).get("kept") == str(turn).encode()
        note = home.path / "run" / "services.json"
        assert json.loads(note.read_text())["pid"] == running.pid
        assert note.stat().st_mode & 0o777 == 0o600
        running.send_signal(number)
        _, errors = running.communicate(timeout=30)
        assert (running.returncode, errors) == (0, "")
        assert not note.exists()
        home.wait_for_nothing()


def test_killed_it_leaves_no_process_and_no_row_is_lost(home: Home) -> None:
    running = home.start()
    _write_row(ready(running))
    pool_process = _wait_for(home, "worker", "pool process", 1)[0]
    assert len(home.processes()) >= 7  # supervisor, web, worker, its pool process, beat, PostgreSQL, Valkey
    running.kill()
    again = home.start()  # at once: it waits for the old servers to end
    assert _write_row(ready(again)) == 2
    assert not _lives(pool_process)
    again.kill()
    home.wait_for_nothing()


def test_what_dies_is_started_again(home: Home) -> None:
    running = home.start()
    environment = ready(running)
    os.kill(_wait_for(home, "worker", "worker started", 1)[0], signal.SIGKILL)
    postmaster = int((home.path / _data(home) / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    assert running.stderr is not None
    told = [running.stderr.readline() for _ in range(2)]
    assert any("worker was ended by SIGKILL; starting it again in 0.5 s" in line for line in told)
    assert any("Postgres ended; starting it again" in line for line in told)
    _wait_for(home, "worker", "worker started", 2)
    assert _write_row(environment) == 1


def test_a_second_one_is_refused_by_name(home: Home) -> None:
    first = home.start()
    ready(first)
    _, errors = home.start().communicate(timeout=20)
    assert f"process {first.pid}" in errors
    assert "CURATOR_HOME" in errors
    assert first.poll() is None


def test_a_busy_port_is_refused_before_anything_starts(home: Home) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", home.port))
        other.listen()
        refused = home.start()
        _, errors = refused.communicate(timeout=20)
    assert refused.returncode == 1
    assert f"Port {home.port}" in errors and "CURATOR_PORT" in errors
    assert not list(home.path.glob("pg*"))


@pytest.mark.long
def test_a_second_mailbox_gets_a_free_port_unless_it_was_given_one(home: Home) -> None:
    with socket.socket() as other:
        with contextlib.suppress(OSError):  # in use already: just as well
            other.bind(("127.0.0.1", USUAL_MAILBOX_PORT))
            other.listen()
        environment = ready(home.start())
        assert int(environment["CURATOR_MAILBOX_PORT"]) not in (0, USUAL_MAILBOX_PORT)
        home.started[0].send_signal(signal.SIGINT)
        home.started[0].communicate(timeout=30)
        refused = home.start(CURATOR_MAILBOX_PORT=str(USUAL_MAILBOX_PORT))
        _, errors = refused.communicate(timeout=20)
    assert refused.returncode == 1
    assert f"Port {USUAL_MAILBOX_PORT}" in errors and "CURATOR_MAILBOX_PORT" in errors


def test_what_a_killed_one_noted_misleads_nobody(home: Home) -> None:
    running = home.start()
    environment = ready(running)
    read = "from curator.settings import get_settings as g; print(g().database_url, g().port)"

    def told_elsewhere() -> str:
        clean = {"CURATOR_HOME": str(home.path), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
        return subprocess.check_output([sys.executable, "-c", read], env=clean, text=True).strip()

    assert told_elsewhere() == f"{environment['DATABASE_URL']} {home.port}"
    running.kill()
    running.wait()
    assert (home.path / "run" / "services.json").exists()
    assert told_elsewhere() == "8420"


def test_servers_of_ones_own_are_used_instead(home: Home, addresses: object) -> None:
    database_url, redis_url = addresses  # type: ignore[misc]
    environment = ready(home.start(DATABASE_URL=database_url, REDIS_URL=redis_url))
    assert (environment["DATABASE_URL"], environment["REDIS_URL"]) == (database_url, redis_url)
    assert not list(home.path.glob("pg*"))
    assert not (home.path / "valkey").exists()


def _lives(pid: int) -> bool:
    """A process that ended but that nobody asked about yet (a zombie) has no command line any more."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def _data(home: Home) -> str:
    return next(home.path.glob("pg*")).name


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_an_ordinary_user_needs_nothing_more(home: Home) -> None:
    os.chown(home.path.parent, NOBODY, NOBODY)
    home.user, home.python = NOBODY, _python_for_everybody()
    running = home.start()
    assert _write_row(ready(running)) == 1
    assert (home.path / _data(home)).stat().st_uid == NOBODY
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (0, "")
    home.wait_for_nothing()


def _python_for_everybody() -> str:
    """A Python of this version that other users may run, with our packages; root's own may lie in a closed folder."""
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        try:
            subprocess.run([python, "-c", "import psycopg"], user=NOBODY, group=NOBODY, env=packages(), check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("no Python that other users may run")
