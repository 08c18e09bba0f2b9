"""A worker stopped (SIGSTOP) past its lease: others take over what it had claimed, nobody guesses about its flights."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery.engine import run_slice
from curator.delivery.models import Delivery, DeliveryState, MessageState
from curator.delivery.sweep import sweep
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery
from tests.faults.laboratory import count_of, judge, send_until_done, state_of
from tests.sink import Faults, Sink

READERS = 300
LINES = 8
ONE_SLICE = (
    "import sys; from curator.settings import get_settings; from curator.delivery.engine import run_slice\n"
    "print(run_slice(int(sys.argv[1]), settings=get_settings(), should_stop=lambda: False), flush=True)"
)


@contextmanager
def a_stopped_worker(session: Session, delivery: Delivery, sink: Sink) -> Iterator[subprocess.Popen[bytes]]:
    """Another process in the middle of its slice, with messages in flight, stopped."""
    process = subprocess.Popen([sys.executable, "-c", ONE_SLICE, str(delivery.id)], stdout=subprocess.PIPE)
    try:
        while not (sink.accepted > 30 and count_of(session, delivery, MessageState.ATTEMPTING)):
            time.sleep(0.005)
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.wait()


def sweep_until(session: Session, delivery: Delivery, settings: Settings, state: DeliveryState) -> None:
    """Sweeps until the delivery is there."""
    ends_at = time.monotonic() + 30
    while state_of(session, delivery) is not state:
        assert time.monotonic() < ends_at
        sweep(session, settings)
        session.commit()
        time.sleep(0.05)


@pytest.fixture
def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The shortest lease there is, for this process and for the one that is stopped."""
    monkeypatch.setenv("CURATOR_LEASE_SECONDS", "5")
    return settings.model_copy(update={"lease_seconds": 5})


def test_a_stopped_worker_delays_only_what_it_has_in_flight(
    committed: Session, impatient: Settings, tmp_path: Path
) -> None:
    with Sink(tmp_path / "log", faults=Faults(delay=0.02)) as sink:
        delivery = a_frozen_delivery(committed, impatient, READERS, sink.port, connections=LINES)
        with a_stopped_worker(committed, delivery, sink) as process:
            flying = count_of(committed, delivery, MessageState.ATTEMPTING)
            while count_of(committed, delivery, MessageState.PENDING, MessageState.CLAIMED):
                run_slice(delivery.id, settings=impatient, should_stop=lambda: False)
                sweep(committed, impatient)
                committed.commit()
            assert 0 < flying <= LINES
            assert count_of(committed, delivery, MessageState.ATTEMPTING) == flying
            assert count_of(committed, delivery, MessageState.ACCEPTED) == READERS - flying
            assert state_of(committed, delivery) is DeliveryState.SENDING
            process.send_signal(signal.SIGCONT)
            process.communicate(timeout=30)
        send_until_done(committed, delivery, impatient)
    assert judge(committed, delivery, sink, most_unknown=0)[MessageState.ACCEPTED] == READERS


def test_a_worker_silent_for_too_long_is_cut_off_and_its_late_truth_is_welcome(
    committed: Session, impatient: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curator.delivery.sweep._GRACE_SECONDS", 0)
    short = impatient.model_copy(update={"smtp_reply_seconds": 0.1})
    with Sink(tmp_path / "log", faults=Faults(delay=0.02)) as sink:
        delivery = a_frozen_delivery(committed, impatient, READERS, sink.port, connections=LINES)
        with a_stopped_worker(committed, delivery, sink) as process:
            flying = count_of(committed, delivery, MessageState.ATTEMPTING)
            while count_of(committed, delivery, MessageState.PENDING, MessageState.CLAIMED):
                run_slice(delivery.id, settings=impatient, should_stop=lambda: False)
                sweep(committed, impatient)
                committed.commit()
            sweep_until(committed, delivery, short, DeliveryState.SENT)
            assert judge(committed, delivery, sink, most_unknown=LINES)[MessageState.UNKNOWN] == flying
            process.send_signal(signal.SIGCONT)
            process.communicate(timeout=30)
    assert judge(committed, delivery, sink, most_unknown=0)[MessageState.ACCEPTED] == READERS
