"""What happens in the middle of a send: pause, resume, cancel, leave, Send pressed again, connections cut."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from curator.audience.leave import leave
from curator.audience.models import Subscriber
from curator.db.session import transaction
from curator.delivery.engine import SliceResult, run_slice
from curator.delivery.freeze import freeze
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.plan import cancel, pause, resume, send_issue
from curator.errors import Conflict
from curator.issues.models import Issue, IssueState
from curator.settings import Settings
from tests.faults.cast import a_delivery, a_newsletter, aim, an_issue
from tests.faults.invariants import Leave, busiest
from tests.faults.laboratory import judge, meanwhile, seeded, send_until_done, state_of
from tests.sink import Faults, Sink

READERS = 300
PRESSES = 25
LATE = 30
"""So many more may be counted before Redis is emptied: the sink is looked at every few milliseconds."""


def test_fifty_presses_of_send_make_one_delivery(committed: Session, settings: Settings, tmp_path: Path) -> None:
    issue = an_issue(committed, a_newsletter(committed, settings, 100))
    ready = threading.Barrier(PRESSES)

    def press(_: int) -> int | None:
        ready.wait(30)
        try:
            with transaction() as session:
                return send_issue(session, issue_id, by="editor@example.org", now=True, settings=settings).id
        except Conflict as refusal:
            assert refusal.facts["delivery"] is not None
            return None

    with Sink(tmp_path / "log") as sink:
        aim(committed, sink.port)
        committed.commit()
        issue_id = issue.id  # a session is for one thread: the others never ask it
        with ThreadPoolExecutor(PRESSES) as presses:
            made = [number for number in presses.map(press, range(2 * PRESSES)) if number is not None]
        assert len(made) == 1
        assert committed.scalars(select(Delivery.id)).all() == made
        delivery = committed.get_one(Delivery, made[0])
        with ThreadPoolExecutor(4) as freezers:
            frozen = list(freezers.map(lambda _: freeze_delivery(made[0], settings), range(4)))
        assert sorted(frozen) == [False, False, False, True]
        send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, sink) == {MessageState.ACCEPTED: 100}


def freeze_delivery(delivery_id: int, settings: Settings) -> bool:
    """What the task does, however often it is rung for."""
    with transaction() as session:
        return freeze(session, delivery_id, settings) is not None


def test_pause_and_resume_twenty_times_fast(committed: Session, settings: Settings, tmp_path: Path) -> None:
    pauses = 0

    def disturb() -> None:
        nonlocal pauses
        for verb in (pause, resume):
            with transaction() as session:
                verb(session, delivery_id, "editor@example.org")
        pauses += 1

    with Sink(tmp_path / "log", faults=Faults(delay=0.01)) as sink:
        delivery = a_delivery(committed, settings, READERS, sink.port)
        delivery_id = delivery.id
        with meanwhile(sink, READERS // 22, disturb):
            send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, sink)[MessageState.ACCEPTED] == READERS
    assert pauses >= 10


def test_a_cancel_takes_effect_within_the_messages_in_flight(
    committed: Session, settings: Settings, tmp_path: Path
) -> None:
    def disturb() -> None:
        with transaction() as session:
            cancel(session, delivery_id, "editor@example.org")

    with Sink(tmp_path / "log", faults=Faults(delay=0.01)) as sink:
        delivery = a_delivery(committed, settings, READERS, sink.port)
        delivery_id = delivery.id
        with meanwhile(sink, READERS // 2, disturb):
            send_until_done(committed, delivery, settings)
    counts = judge(committed, delivery, sink)
    assert counts[MessageState.ACCEPTED] + counts[MessageState.CANCELLED] == READERS
    assert counts[MessageState.CANCELLED] > 0
    issue = committed.get_one(Issue, delivery.issue_id, populate_existing=True)
    assert issue.state is IssueState.SENT, "readers hold it, so the archive shows it"


def test_who_leaves_before_the_marker_gets_nothing(committed: Session, settings: Settings, tmp_path: Path) -> None:
    chance = seeded(7)
    left: dict[str, Leave] = {}

    def disturb() -> None:
        address, subscription = chance.choice(people)
        if address not in left:
            with transaction() as session:
                leave(session, subscription, form="one-click")
            left[address] = Leave(address, time.time())

    with Sink(tmp_path / "log", faults=Faults(delay=0.02)) as sink:
        delivery = a_delivery(committed, settings, READERS, sink.port, connections=4)
        people = committed.execute(select(Message.address, Message.subscription_id).order_by(Message.id)).all()
        committed.rollback()
        with meanwhile(sink, 5, disturb):
            send_until_done(committed, delivery, settings)
    counts = judge(committed, delivery, sink, leaves=list(left.values()))
    assert counts[MessageState.SUPPRESSED] > 0
    assert counts[MessageState.ACCEPTED] + counts[MessageState.SUPPRESSED] == READERS
    for message in committed.scalars(select(Message).where(Message.state == MessageState.SUPPRESSED)):
        assert message.address in left and message.reason == "unsubscribed"


def test_who_is_deleted_in_the_middle_gets_nothing_and_is_still_counted(
    committed: Session, settings: Settings, tmp_path: Path
) -> None:
    chance = seeded(8)
    gone: dict[str, Leave] = {}

    def disturb() -> None:
        address = chance.choice(addresses)
        if address not in gone:
            with transaction() as session:
                session.execute(delete(Subscriber).where(Subscriber.address == address))
            gone[address] = Leave(address, time.time())

    with Sink(tmp_path / "log", faults=Faults(delay=0.02)) as sink:
        delivery = a_delivery(committed, settings, READERS, sink.port, connections=4)
        addresses = list(committed.scalars(select(Message.address).order_by(Message.id)))
        committed.rollback()
        with meanwhile(sink, 5, disturb):
            send_until_done(committed, delivery, settings)
    counts = judge(committed, delivery, sink, leaves=list(gone.values()))
    assert counts[MessageState.SUPPRESSED] > 0
    assert counts[MessageState.ACCEPTED] + counts[MessageState.SUPPRESSED] == READERS


@pytest.mark.parametrize("seed", [1, 2])
def test_connections_cut_by_the_database(committed: Session, settings: Settings, tmp_path: Path, seed: int) -> None:
    """Also a stand-in for a restart: every connection of the engine goes at once, and its lock with it."""
    chance = random.Random(seed)
    cuts = 0

    def disturb() -> None:
        nonlocal cuts
        with transaction() as session:
            pids = session.scalars(
                text(
                    "SELECT pid FROM pg_stat_activity WHERE application_name = 'curator delivery'"
                    " AND datname = current_database() ORDER BY pid"  # others test beside this
                )
            ).all()
            victims = pids if chance.random() < 0.5 else pids[:1]
            cuts += sum(bool(session.scalar(select(func.pg_terminate_backend(pid)))) for pid in victims)

    with Sink(tmp_path / "log", faults=Faults(delay=0.01)) as sink:
        delivery = a_delivery(committed, settings, READERS, sink.port)
        with meanwhile(sink, 40, disturb):
            send_until_done(committed, delivery, settings)
    counts = judge(committed, delivery, sink, in_flight=cuts * 8)
    assert cuts > 0
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


@pytest.mark.parametrize(("readers", "every"), [pytest.param(300, 100, marks=pytest.mark.long), (120, 30)])
def test_a_limited_relay_and_a_redis_that_is_emptied(
    committed: Session,
    settings: Settings,
    redis_client: "redis.Redis[bytes]",
    tmp_path: Path,
    readers: int,
    every: int,
) -> None:
    """Three slices at once keep one limit between them; whatever is forgotten begins one window later.

    So between two losses no more goes out than was allowed, and a window that holds one is never fuller than others.
    """
    rate = 100.0

    def slice_of_it() -> None:
        while not ended.is_set():
            run_slice(delivery_id, settings=settings, should_stop=ended.is_set)

    ended = threading.Event()
    with Sink(tmp_path / "log") as sink, ThreadPoolExecutor(2) as others:
        delivery = a_delivery(committed, settings, readers, sink.port, rate=rate)
        delivery_id = delivery.id
        for _ in range(2):
            others.submit(slice_of_it)
        try:
            with meanwhile(sink, every, redis_client.flushdb):
                send_until_done(committed, delivery, settings)
        finally:
            ended.set()
    assert judge(committed, delivery, sink, rate=rate)[MessageState.ACCEPTED] == readers
    if every < rate:
        began = sorted(line["began"] for line in sink.entries())
        assert busiest(began, 1.0)[0] <= every + LATE, "a loss let something through early"


def test_a_paused_delivery_sends_nothing(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "log") as sink:
        delivery = a_delivery(committed, settings, 10, sink.port)
        pause(committed, delivery.id, "editor@example.org")
        committed.commit()
        assert run_slice(delivery.id, settings=settings, should_stop=lambda: False) == SliceResult()
        assert sink.accepted == 0
    assert state_of(committed, delivery) is DeliveryState.PAUSED
