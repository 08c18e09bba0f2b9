"""The fault laboratory: slices and sweeps in this process, disturbances in the middle, and the judge at the end.

The judge joins the sink's log and the ledger and asserts every invariant (see invariants.py).
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from curator.delivery.engine import run_slice
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.sweep import has_claimable, sweep
from curator.settings import Settings
from tests.faults.evidence import collect
from tests.faults.invariants import Leave, verdict
from tests.sink import Sink


def judge(
    session: Session,
    delivery: Delivery,
    sink: Sink,
    *,
    in_flight: int = 0,
    leaves: Sequence[Leave] = (),
    without: Sequence[str] = (),
    **seen: Any,
) -> Counter[MessageState]:
    """Assert every invariant; the count of each state.

    `in_flight`: transactions in flight at all faults but the sink's own, which it counts itself.
    """
    evidence = collect(session, delivery.id, sink.lines(), leaves=leaves, in_flight=in_flight, **seen)
    found = verdict(evidence, without)
    assert found.is_clean, f"\n{found.broken()}"
    return Counter(MessageState(row.state) for row in evidence.rows)


def send_until_done(session: Session, delivery: Delivery, settings: Settings, seconds: float = 30.0) -> None:
    """What workers and beat do, in this process: slices while something is claimable, sweeps in between."""
    ends_at = time.monotonic() + seconds
    while state_of(session, delivery) not in (DeliveryState.SENT, DeliveryState.CANCELLED):
        assert time.monotonic() < ends_at, f"I10 no progress: {delivery_status(session, delivery.issue_id)}"
        send_what_can_be(session, delivery, settings)


def send_what_can_be(session: Session, delivery: Delivery, settings: Settings) -> None:
    """One turn of beat and worker."""
    sweep(session, settings)
    session.commit()
    if has_claimable(session, delivery.id):
        session.commit()
        run_slice(delivery.id, settings=settings, should_stop=lambda: False)
    else:
        session.rollback()
        time.sleep(0.02)


def state_of(session: Session, delivery: Delivery) -> DeliveryState:
    """The state as other processes see it now."""
    session.rollback()
    found = session.scalar(select(Delivery.state).where(Delivery.id == delivery.id))
    assert found is not None
    return found


def count_of(session: Session, delivery: Delivery, *wanted: MessageState) -> int:
    """How many messages are in these states now."""
    session.rollback()
    statement = select(func.count()).where(Message.delivery_id == delivery.id, Message.state.in_(wanted))
    return session.scalar(statement) or 0


def senders(session: Session, delivery: Delivery) -> set[int]:
    """Process ids of those who have a message in flight now."""
    session.rollback()
    owners = select(Message.owner).where(
        Message.delivery_id == delivery.id, Message.state == MessageState.ATTEMPTING, Message.owner.is_not(None)
    )
    return {int(owner.split(":")[1]) for owner in session.scalars(owners.distinct()) if owner}


@contextmanager
def meanwhile(sink: Sink, every: int, disturb: Callable[[], object]) -> Iterator[None]:
    """Call `disturb` in another thread whenever the sink took `every` more messages; its failure fails the test."""
    ended, failures = threading.Event(), []

    def run() -> None:
        next_at = every
        while not ended.wait(0.002):
            if sink.accepted >= next_at:
                next_at = sink.accepted + every
                try:
                    disturb()
                except Exception as error:  # noqa: BLE001 - handed to the test below
                    failures.append(error)
                    return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert not failures, failures


@contextmanager
def patient() -> Iterator[None]:
    """For one look at a database that may be away: its absence is no failure."""
    try:
        yield
    except (OperationalError, psycopg.OperationalError):
        time.sleep(0.1)


def seeded(default: int) -> random.Random:
    """Chance with a seed that is printed; CURATOR_TEST_SEED repeats a run."""
    seed = int(os.environ.get("CURATOR_TEST_SEED", default))
    print(f"seed {seed}")
    return random.Random(seed)
