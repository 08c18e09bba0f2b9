"""PostgreSQL restarted at once while workers send, Valkey emptied, workers replaced one by one, and a full disk."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery.models import DeliveryState, MessageState
from curator.settings import get_settings
from tests.faults.campaign import Campaign
from tests.faults.cast import a_delivery
from tests.faults.conftest import a_session, pointed_at
from tests.faults.laboratory import judge, seeded
from tests.faults.servers import Processes, Servers
from tests.sink import Faults, Sink

READERS = 1000
LINES = 8
PATIENCE = 150.0  # seconds, on a machine that does other things too
SMALL_DISK = "400m"

pytestmark = pytest.mark.timeout(240)


@pytest.mark.long
def test_servers_that_die_and_workers_that_are_replaced(servers: Servers, own: Session, tmp_path: Path) -> None:
    """A storm of pauses goes on meanwhile: it is a person's, and the database owes them an answer."""
    with Sink(tmp_path / "log", faults=Faults(delay=0.1)) as sink, Processes(tmp_path) as processes:
        campaign = Campaign(servers, processes, seeded(5), lines=LINES)
        delivery = a_delivery(own, get_settings(), READERS, sink.port, connections=LINES)
        campaign.begin(delivery.id)
        attacks = [
            lambda: campaign.crash_postgres(1.0),
            campaign.roll_workers,
            lambda: campaign.empty_valkey(1.0),
            campaign.storm,
            campaign.crash_postgres,
        ]
        started, done = time.monotonic(), 0
        while campaign.state() is not DeliveryState.SENT:
            assert time.monotonic() < started + PATIENCE, f"I10 no progress\n{processes.logs()}"
            if done < len(attacks) and sink.accepted > READERS * (done + 1) // (len(attacks) + 2):
                attacks[done]()
                done += 1
            time.sleep(0.02)
        counts = judge(own, delivery, sink, in_flight=campaign.in_flight)
    assert done == len(attacks)
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


@pytest.mark.long
def test_a_worker_whose_task_ends_while_valkey_is_away_hears_the_next_ring(
    servers: Servers, own: Session, tmp_path: Path
) -> None:
    """What it could not acknowledge must not count as work in hand for ever."""
    with Sink(tmp_path / "log", faults=Faults(delay=0.1)) as sink, Processes(tmp_path) as processes:
        campaign = Campaign(servers, processes, seeded(4), lines=2, workers=1, beats=1)
        delivery = a_delivery(own, get_settings(), 150, sink.port, connections=2)
        campaign.begin(delivery.id)
        wait_for(lambda: sink.accepted > 10)
        campaign.empty_valkey(4.0)  # a slice takes 2 s
        came_back = time.monotonic()
        wait_for(lambda: campaign.state() is DeliveryState.SENT)
        assert time.monotonic() - came_back < 45, f"only when it was found to be stalled\n{processes.logs()}"
    assert judge(own, delivery, sink) == {MessageState.ACCEPTED: 150}


def wait_for(happened: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < ends_at, "I10 no progress"
        time.sleep(0.05)


@pytest.mark.long
def test_files_that_cannot_grow(servers: Servers, own: Session, tmp_path: Path) -> None:
    """What a full disk does to a database, without a disk: errors, then a server that ends and cannot start."""
    with Sink(tmp_path / "log", faults=Faults(delay=0.05)) as sink, Processes(tmp_path) as processes:
        campaign = Campaign(servers, processes, seeded(11), lines=LINES)
        delivery = a_delivery(own, get_settings(), READERS, sink.port, connections=LINES)
        campaign.begin(delivery.id)
        wait_for(lambda: sink.accepted > READERS // 8)
        campaign.fill_disk(200_000, 3.0)
        before = sink.accepted
        wait_for(lambda: bool(campaign.start_postgres()) or campaign.state() is DeliveryState.SENT)
        counts = judge(own, delivery, sink, in_flight=campaign.in_flight)
    assert "File too large" in (servers.home / "log" / "postgres.log").read_text(errors="replace")
    assert before < READERS, "it was over before anything failed"
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Servers, Path]]:
    """Servers on a disk of their own that can be filled, and its folder."""
    with tempfile.TemporaryDirectory(prefix="curator-disk-", ignore_cleanup_errors=True) as folder:
        options = f"size={SMALL_DISK},mode=711"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a disk that can be filled needs the right to mount one (root with CAP_SYS_ADMIN)")
        try:
            with Servers(Path(folder)) as running, pointed_at(running, monkeypatch):
                yield running, Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.long
def test_a_full_disk(small_disk: tuple[Servers, Path], tmp_path: Path) -> None:
    """Nothing can be written for a while. Whether PostgreSQL bears it or ends: afterwards all is sent, once."""
    servers, folder = small_disk
    slow = Faults(delay=0.03)
    with Sink(tmp_path / "log", faults=slow) as sink, Processes(tmp_path) as processes, a_session() as own:
        campaign = Campaign(servers, processes, seeded(6), lines=LINES)
        delivery = a_delivery(own, get_settings(), READERS // 2, sink.port, connections=LINES)
        campaign.begin(delivery.id)
        started, was_full = time.monotonic(), False
        while campaign.state() is not DeliveryState.SENT:
            assert time.monotonic() < started + PATIENCE, f"I10 no progress\n{processes.logs()}"
            if not was_full and sink.accepted > READERS // 8:
                was_full = True
                campaign.in_flight += LINES * len(campaign.workers)
                fill(folder / "filler")
                time.sleep(5.0)
                (folder / "filler").unlink()
            if not servers.postgres.is_running():  # it panics when its log cannot grow; a supervisor starts it again
                servers.start_postgres()
            time.sleep(0.05)
        counts = judge(own, delivery, sink, in_flight=campaign.in_flight)
    assert was_full
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS // 2


def fill(path: Path) -> None:
    """Take every byte there is."""
    block = b"\0" * (1 << 20)
    with path.open("wb", buffering=0) as file:
        while block:
            try:
                file.write(block)
            except OSError:
                block = block[: len(block) // 2]
        os.fsync(file.fileno())
