"""kill -9 of real workers in the middle of a pilot: nobody beyond it is mailed before a person releases the rest."""

import time
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.delivery.freeze import freeze
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.plan import release, send_issue
from curator.settings import Settings
from tests.delivery.cast import an_issue_to_send
from tests.faults.laboratory import Processes, count_of, judge, pool_processes, senders, state_of
from tests.sink import Faults, Sink

READERS, PILOT, LINES, KILLS = 400, 40, 4, 3


def a_delivery_with_a_pilot(session: Session, settings: Settings, port: int) -> Delivery:
    settings = settings.model_copy(update={"undo_seconds": 0, "pilot_share": PILOT / READERS})
    issue = an_issue_to_send(session, settings, READERS, port, connections=LINES)
    delivery = send_issue(session, issue.id, by="editor@example.org", settings=settings)
    assert freeze(session, delivery.id, settings) is delivery and delivery.pilot == PILOT
    session.commit()
    return delivery


@pytest.mark.usefixtures("redis_client")
def test_killed_workers_mail_nobody_beyond_the_pilot(committed: Session, settings: Settings, tmp_path: Path) -> None:
    faults = Faults(delay=0.3)
    hours = {"CURATOR_PILOT_HOLD_MINUTES": "600"}
    with Sink(tmp_path / "log", faults=faults) as sink, Processes(tmp_path, **hours) as processes:
        workers = [processes.start_worker(), processes.start_worker()]
        processes.start("workers.beat")
        delivery = a_delivery_with_a_pilot(committed, settings, sink.port)
        first = set(committed.scalars(select(Message.address).order_by(Message.id).limit(PILOT)))
        killed, ends_at = 0, time.monotonic() + 100
        while state_of(committed, delivery) is not DeliveryState.HOLDING:
            assert time.monotonic() < ends_at, f"I10 no progress\n{processes.logs()}"
            busy = senders(committed, delivery) if killed < KILLS else set()
            for number, worker in enumerate(workers):
                if busy & set(pool_processes(worker)):
                    processes.kill(worker)
                    workers[number] = processes.start_worker()
                    killed += 1
                    break
            time.sleep(0.05)
        time.sleep(3)  # sweeps and idle workers have had their chance
        assert killed, "the pilot was over before anybody could be killed"
        assert state_of(committed, delivery) is DeliveryState.HOLDING
        assert set(sink.recipients()) <= first
        assert count_of(committed, delivery, MessageState.PENDING) == READERS - PILOT
        release(committed, delivery.id, "editor@example.org")
        committed.commit()
        while state_of(committed, delivery) is not DeliveryState.SENT:
            assert time.monotonic() < ends_at, f"I10 no progress\n{processes.logs()}"
            time.sleep(0.1)
    counts = judge(committed, delivery, sink, most_unknown=killed * LINES)
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS
