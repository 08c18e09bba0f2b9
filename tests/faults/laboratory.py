"""The fault laboratory: real worker processes that can be killed, and the judge who joins sink and ledger.

S(r) is how often the sink accepted a message for r, st(r) the state of r's row. The invariants are I1 to I6, I8 and I9.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.delivery.engine import run_slice
from curator.delivery.ledger import delivery_status, export_csv
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.sweep import has_claimable, sweep
from curator.settings import Settings
from tests.sink import Sink

MAY_HAVE_NONE = {MessageState.REJECTED, MessageState.SUPPRESSED, MessageState.CANCELLED, MessageState.UNKNOWN}


def judge(session: Session, delivery: Delivery, sink: Sink, *, most_unknown: int) -> Counter[MessageState]:
    """Assert every invariant; the count of each state. `most_unknown`: transactions in flight at all faults."""
    session.rollback()
    rows = session.execute(
        select(Message.address, Message.state, Message.message_id).where(Message.delivery_id == delivery.id)
    ).all()
    accepted = sink.recipients()
    for address, state, _ in rows:
        times = accepted[address]
        assert times >= 1 or state in MAY_HAVE_NONE, f"I1 silent loss: {address} {state}"
        assert times <= 1, f"I2 duplicate: {address} {times} {state}"
        assert state is not MessageState.ACCEPTED or times == 1, f"I3 false success: {address}"
        assert times == 0 or state in (MessageState.ACCEPTED, MessageState.UNKNOWN), f"I4 hidden: {address} {state}"
    counts = Counter(state for _, state, _ in rows)
    assert counts[MessageState.UNKNOWN] <= most_unknown, f"I6 doubt: {counts}"
    _check_closure(session, delivery, counts)
    identities = {address: f"<{identity.hex}@example.org>" for address, _, identity in rows}
    assert set(accepted) <= set(identities), "I8 stranger"
    for entry in sink.entries():
        assert entry["recipient"] == entry["to"], "I9 mix-up"
        assert entry["message_id"] == identities[entry["recipient"]], "I9 mix-up"
    return counts


def _check_closure(session: Session, delivery: Delivery, counts: Counter[MessageState]) -> None:
    status = delivery_status(session, delivery.issue_id)
    total = sum(counts.values())
    assert total == status["expected"] == status["candidates"], "I5 closure"
    terms = ("accepted", "failed", "unknown", "waiting", "excluded_total")
    assert total == sum(status[term] for term in terms), "I5 closure"
    assert total == sum(1 for _ in export_csv(session, delivery.issue_id)) - 1, "I5 closure"


def send_until_done(
    session: Session, delivery: Delivery, settings: Settings, seconds: float = 30.0, between: Callable[[], None] = bool
) -> None:
    """What workers and beat do, in this process: slices while something is claimable, sweeps in between."""
    ends_at = time.monotonic() + seconds
    while state_of(session, delivery) not in (DeliveryState.SENT, DeliveryState.CANCELLED):
        assert time.monotonic() < ends_at, f"I10 no progress: {delivery_status(session, delivery.issue_id)}"
        sweep(session, settings)
        session.commit()
        if has_claimable(session, delivery.id):
            session.commit()
            run_slice(delivery.id, settings=settings, should_stop=lambda: False)
        else:
            time.sleep(0.02)
        between()


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


class Processes:
    """Workers and beat as real processes, restarted like a supervisor would. Ends all of them with the block."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._running: list[subprocess.Popen[bytes]] = []
        self._number = 0

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.kill()
            process.wait()

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """`python -m …` with a log file of its own."""
        self._number += 1
        with (self._folder / f"process-{self._number}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        self._running.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        """A Celery worker with one pool process."""
        return self.start("workers.main", "--processes", "1")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9; the kernel ends its pool process with it."""
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._running.remove(process)

    def logs(self) -> str:
        """The end of every log, for a failing assertion."""
        return "\n".join(path.read_text()[-3000:] for path in sorted(self._folder.glob("process-*.log")))


def pool_processes(parent: subprocess.Popen[bytes]) -> list[int]:
    """The children of a worker's main process."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent.pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def seeded(default: int) -> random.Random:
    """Chance with a seed that is printed; CURATOR_TEST_SEED repeats a run."""
    seed = int(os.environ.get("CURATOR_TEST_SEED", default))
    print(f"seed {seed}")
    return random.Random(seed)
