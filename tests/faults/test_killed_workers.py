"""kill -9 of real worker processes, again and again, in the middle of 2,000 messages; Redis is emptied on the way."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import redis
from sqlalchemy.orm import Session

from curator.delivery.models import Delivery, DeliveryState, MessageState
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery
from tests.faults.laboratory import Processes, judge, pool_processes, seeded, senders, state_of
from tests.sink import Faults, Sink

READERS = 2000
LINES = 8
KILLS = 8


def test_killed_workers_lose_nobody_and_mail_nobody_twice(
    committed: Session, settings: Settings, redis_client: "redis.Redis[bytes]", tmp_path: Path
) -> None:
    chance = seeded(2024)
    with Sink(tmp_path / "log", faults=Faults(delay=0.02)) as sink, Processes(tmp_path) as processes:
        workers = [processes.start_worker(), processes.start_worker()]
        processes.start("workers.beat")
        delivery = a_frozen_delivery(committed, settings, READERS, sink.port, connections=LINES)
        killed = 0
        ends_at = time.monotonic() + 100
        while state_of(committed, delivery) is not DeliveryState.SENT:
            assert time.monotonic() < ends_at, f"I10 no progress\n{processes.logs()}"
            is_time = killed < KILLS and sink.accepted > READERS * (killed + 1) // (KILLS + 2)
            if is_time and _kill_a_sender(committed, delivery, processes, workers, chance, is_whole=killed % 4 == 1):
                killed += 1
                if killed % 3 == 0:
                    redis_client.flushdb()
            time.sleep(0.02)
    counts = judge(committed, delivery, sink, most_unknown=killed * LINES)
    assert killed == KILLS
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS
    print(f"kills {killed}, {dict(counts)}")


def _kill_a_sender(
    session: Session,
    delivery: Delivery,
    processes: Processes,
    workers: list[subprocess.Popen[bytes]],
    chance: random.Random,
    *,
    is_whole: bool,
) -> bool:
    """kill -9 of a process with messages in flight, alone or with its whole worker, which is then started again."""
    busy = senders(session, delivery)
    found = [(worker, pid) for worker in workers for pid in pool_processes(worker) if pid in busy]
    if not found:
        return False
    worker, pid = chance.choice(found)
    if is_whole:
        processes.kill(worker)
        workers[workers.index(worker)] = processes.start_worker()
    else:
        os.kill(pid, signal.SIGKILL)
    return True
