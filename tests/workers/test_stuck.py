"""A pool process that hangs in the middle of a slice: the worker ends it, others are mailed, nobody twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery.models import Delivery, DeliveryState, MessageState
from curator.delivery.sweep import sweep
from curator.doorbell import ring_now
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery
from tests.faults.laboratory import judge, senders, state_of
from tests.sink import Faults, Sink

LINES = 4
IMPATIENT = "import workers.stall as stall; stall.STUCK_AFTER = 1.0; from workers.main import main; main()"
WAITS = {
    "CURATOR_SMTP_PHASE_SECONDS": "0.5",
    "CURATOR_SMTP_REPLY_SECONDS": "2",
    "CURATOR_LEASE_SECONDS": "5",
    "CURATOR_SLICE_SECONDS": "1",
}


@pytest.fixture
def worker(settings: Settings, redis_client: object) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", IMPATIENT, "--processes=1"]
    process = subprocess.Popen(command, env={**os.environ, **WAITS}, stderr=subprocess.DEVNULL)
    yield process
    process.terminate()
    process.wait(30)


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_hung_slice_is_ended_and_the_rest_is_mailed(
    committed: Session, settings: Settings, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    with Sink(tmp_path / "log", faults=Faults(delay=0.1)) as sink:
        delivery = a_frozen_delivery(committed, settings, 200, sink.port, connections=LINES)
        pid = until_sending(committed, delivery, settings)
        os.kill(pid, signal.SIGSTOP)
        ends_at = time.monotonic() + 120
        while state_of(committed, delivery) is not DeliveryState.SENT:
            assert time.monotonic() < ends_at and worker.poll() is None
            sweep_once(committed, settings)
        assert not Path(f"/proc/{pid}").exists(), "the hung process is gone, the worker is not"
    assert judge(committed, delivery, sink, in_flight=LINES)[MessageState.ACCEPTED] >= 200 - LINES


def until_sending(session: Session, delivery: Delivery, settings: Settings) -> int:
    """The process that has messages in flight."""
    ends_at = time.monotonic() + 60
    while not (found := senders(session, delivery)):
        assert time.monotonic() < ends_at
        sweep_once(session, settings)
    return found.pop()


def sweep_once(session: Session, settings: Settings) -> None:
    """As beat would: ring for what is due."""
    for task, delivery_id in sweep(session, settings):
        session.commit()
        ring_now(task, delivery_id)
    session.commit()
    time.sleep(0.1)
