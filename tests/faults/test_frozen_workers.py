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

from curator.delivery.models import Delivery, DeliveryState, MessageState
from curator.settings import Settings
from tests.faults.cast import a_delivery
from tests.faults.laboratory import count_of, judge, send_until_done, send_what_can_be, state_of
from tests.sink import Faults, Sink

READERS = 200
LINES = 8
ONE_SLICE = (
    "import sys; from curator.settings import get_settings; from curator.delivery.engine import run_slice\n"
    "print(run_slice(int(sys.argv[1]), settings=get_settings(), should_stop=lambda: False), flush=True)"
)


@contextmanager
def a_stopped_worker(session: Session, delivery: Delivery, sink: Sink) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Another process in the middle of its slice, stopped, and how many messages it has in flight."""
    process = subprocess.Popen([sys.executable, "-c", ONE_SLICE, str(delivery.id)], stdout=subprocess.PIPE)
    try:
        flying = 0
        while not flying:
            process.send_signal(signal.SIGCONT)
            while not (sink.accepted > 30 and count_of(session, delivery, MessageState.ATTEMPTING)):
                assert process.poll() is None
                time.sleep(0.005)
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.2)  # until the database has done what it was asked before
            flying = count_of(session, delivery, MessageState.ATTEMPTING)
        yield process, flying
    finally:
        process.kill()
        process.wait()


def send_the_rest(session: Session, delivery: Delivery, settings: Settings, flying: int) -> None:
    """Everything but what is in flight, once the lease of the stopped worker is over."""
    ends_at = time.monotonic() + 40
    while count_of(session, delivery, MessageState.ACCEPTED) < READERS - flying:
        assert time.monotonic() < ends_at, "I10 no progress"
        send_what_can_be(session, delivery, settings)


@pytest.fixture
def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The shortest lease there is, for this process and for the one that is stopped."""
    monkeypatch.setenv("CURATOR_LEASE_SECONDS", "5")
    return settings.model_copy(update={"lease_seconds": 5})


@pytest.mark.long
def test_a_stopped_worker_delays_only_what_it_has_in_flight(
    committed: Session, impatient: Settings, tmp_path: Path
) -> None:
    with Sink(tmp_path / "log", faults=Faults(delay=0.05)) as sink:
        delivery = a_delivery(committed, impatient, READERS, sink.port, connections=LINES)
        with a_stopped_worker(committed, delivery, sink) as (process, flying):
            send_the_rest(committed, delivery, impatient, flying)
            assert 0 < flying <= LINES
            assert count_of(committed, delivery, MessageState.ATTEMPTING) == flying
            assert state_of(committed, delivery) is DeliveryState.SENDING
            process.send_signal(signal.SIGCONT)
            process.communicate(timeout=30)
        send_until_done(committed, delivery, impatient)
    assert judge(committed, delivery, sink) == {MessageState.ACCEPTED: READERS}


@pytest.mark.long
def test_a_worker_silent_for_too_long_is_cut_off_and_its_late_truth_is_welcome(
    committed: Session, impatient: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curator.delivery.sweep._GRACE_SECONDS", 0)
    short = impatient.model_copy(update={"smtp_reply_seconds": 0.1})
    with Sink(tmp_path / "log", faults=Faults(delay=0.05)) as sink:
        delivery = a_delivery(committed, impatient, READERS, sink.port, connections=LINES)
        with a_stopped_worker(committed, delivery, sink) as (process, flying):
            send_the_rest(committed, delivery, impatient, flying)
            send_until_done(committed, delivery, short)
            assert judge(committed, delivery, sink, in_flight=LINES)[MessageState.UNKNOWN] == flying
            process.send_signal(signal.SIGCONT)
            process.communicate(timeout=30)
    assert judge(committed, delivery, sink) == {MessageState.ACCEPTED: READERS}
