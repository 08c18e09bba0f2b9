"""The worker and the scheduler as processes: alive within seconds, killed as a whole, leaving in good order."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.db.heartbeats import Process, alive
from curator.settings import Settings
from tests.flow.processes import Curator, wait_for


@pytest.fixture
def curator(committed: Session, settings: Settings, redis_client: object, tmp_path: Path) -> Iterator[Curator]:
    with Curator({"CURATOR_SWEEP_SECONDS": "0.5"}, tmp_path / "log") as running:
        yield running


def lives(session: Session, kind: Process) -> bool:
    session.rollback()
    return alive(session)[kind]


def pool_of(pid: int) -> set[int]:
    """The children of a process that still run; one that ended and was not buried yet does not."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.timeout(240)
def test_worker_and_beat_live_and_nothing_outlives_them(curator: Curator, committed: Session) -> None:
    worker, beat = curator.start("worker"), curator.start("beat")
    wait_for("the worker lives", lambda: lives(committed, Process.WORKER))
    wait_for("beat lives", lambda: lives(committed, Process.BEAT))
    pool = wait_for("the pool is there", lambda: pool_of(worker.pid))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    wait_for("the pool died with its parent", lambda: not any(runs(pid) for pid in pool))

    worker = curator.start("worker", "--processes", "1")
    pool = wait_for("a new pool is there", lambda: pool_of(worker.pid))
    wait_for("it takes tasks", lambda: progress(committed, pool))
    worker.terminate()
    beat.terminate()
    assert worker.wait(60) == 0 and beat.wait(60) == 0
    assert not any(runs(pid) for pid in pool)


def progress(session: Session, pool: set[int]) -> bool:
    """Has one of these processes finished a sweep?"""
    from curator.db.heartbeats import Heartbeat

    session.rollback()
    rows = session.query(Heartbeat).filter(Heartbeat.progress.is_not(None)).all()
    session.expire_all()
    return any(int(row.name.rpartition(":")[2]) in pool for row in rows)
