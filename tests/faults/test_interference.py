"""What happens in the middle of a send: pause, resume, cancel, leave, Send pressed again, connections cut."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
import redis
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from curator.audience.leave import leave
from curator.db.session import transaction
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.plan import cancel, pause, resume, send_issue
from curator.errors import Conflict
from curator.issues.models import Issue, IssueState
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery, an_issue_to_send
from tests.faults.laboratory import judge, seeded, send_until_done, state_of
from tests.sink import Faults, Sink

READERS = 400


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


def test_fifty_presses_of_send_make_one_delivery(committed: Session, settings: Settings, tmp_path: Path) -> None:
    issue = an_issue_to_send(committed, settings, 20, 25)
    committed.commit()

    def press(_: int) -> int | None:
        try:
            with transaction() as session:
                return send_issue(session, issue.id, by="editor@example.org", now=True, settings=settings).id
        except Conflict as refusal:
            assert refusal.facts["delivery"] is not None
            return None

    with ThreadPoolExecutor(12) as presses:
        made = [number for number in presses.map(press, range(50)) if number is not None]
    assert len(made) == 1
    assert committed.scalars(select(Delivery.id)).all() == made


def test_pause_and_resume_twenty_times_fast(committed: Session, settings: Settings, tmp_path: Path) -> None:
    pauses = 0

    def disturb() -> None:
        nonlocal pauses
        for verb in (pause, resume):
            with transaction() as session:
                verb(session, delivery.id, "editor@example.org")
        pauses += 1

    with Sink(tmp_path / "log", faults=Faults(delay=0.01)) as sink:
        delivery = a_frozen_delivery(committed, settings, READERS, sink.port)
        with meanwhile(sink, READERS // 22, disturb):
            send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, sink, most_unknown=0)[MessageState.ACCEPTED] == READERS
    assert pauses >= 10


def test_a_cancel_takes_effect_within_the_messages_in_flight(
    committed: Session, settings: Settings, tmp_path: Path
) -> None:
    def disturb() -> None:
        with transaction() as session:
            cancel(session, delivery.id, "editor@example.org")

    with Sink(tmp_path / "log", faults=Faults(delay=0.01)) as sink:
        delivery = a_frozen_delivery(committed, settings, READERS, sink.port)
        with meanwhile(sink, READERS // 2, disturb):
            send_until_done(committed, delivery, settings)
    counts = judge(committed, delivery, sink, most_unknown=0)
    assert counts[MessageState.ACCEPTED] + counts[MessageState.CANCELLED] == READERS
    assert counts[MessageState.CANCELLED] > 0
    issue = committed.get_one(Issue, delivery.issue_id, populate_existing=True)
    assert issue.state is IssueState.SENT, "readers hold it, so the archive shows it"


def test_who_leaves_before_the_marker_gets_nothing(committed: Session, settings: Settings, tmp_path: Path) -> None:
    chance = seeded(7)
    left: dict[int, datetime] = {}

    def disturb() -> None:
        subscription = chance.choice(subscriptions)
        if subscription in left:
            return
        with transaction() as session:
            leave(session, subscription, form="one-click")
        with transaction() as session:
            left[subscription] = session.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]

    with Sink(tmp_path / "log", faults=Faults(delay=0.02)) as sink:
        delivery = a_frozen_delivery(committed, settings, READERS, sink.port, connections=4)
        subscriptions = list(committed.scalars(select(Message.subscription_id).order_by(Message.id)))
        committed.rollback()
        with meanwhile(sink, 5, disturb):
            send_until_done(committed, delivery, settings)
    counts = judge(committed, delivery, sink, most_unknown=0)
    accepted = sink.recipients()
    assert counts[MessageState.SUPPRESSED] > 0
    for message in committed.scalars(select(Message)):
        gone_at = left.get(message.subscription_id or 0)
        if gone_at is not None and (message.marked_at is None or message.marked_at > gone_at):
            assert accepted[message.address] == 0, "I7 mail after opt-out"
            assert (message.state, message.reason) == (MessageState.SUPPRESSED, "unsubscribed")


@pytest.mark.parametrize("seed", [1, 2])
def test_connections_cut_by_the_database(committed: Session, settings: Settings, tmp_path: Path, seed: int) -> None:
    """Also a stand-in for a restart: every connection of the engine goes at once, and its lock with it."""
    chance = random.Random(seed)
    cuts = 0

    def disturb() -> None:
        nonlocal cuts
        with transaction() as session:
            pids = session.scalars(
                text("SELECT pid FROM pg_stat_activity WHERE application_name = 'curator delivery' ORDER BY pid")
            ).all()
            victims = pids if chance.random() < 0.5 else pids[:1]
            cuts += sum(bool(session.scalar(select(func.pg_terminate_backend(pid)))) for pid in victims)

    with Sink(tmp_path / "log", faults=Faults(delay=0.01)) as sink:
        delivery = a_frozen_delivery(committed, settings, READERS, sink.port)
        with meanwhile(sink, 40, disturb):
            send_until_done(committed, delivery, settings)
    counts = judge(committed, delivery, sink, most_unknown=cuts * 8)
    assert cuts > 0
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


def test_a_limited_relay_and_a_redis_that_is_emptied(
    committed: Session, settings: Settings, redis_client: "redis.Redis[bytes]", tmp_path: Path
) -> None:
    with Sink(tmp_path / "log") as sink:
        delivery = a_frozen_delivery(committed, settings, 100, sink.port, rate=100.0)
        with meanwhile(sink, 10, redis_client.flushdb):
            send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, sink, most_unknown=0)[MessageState.ACCEPTED] == 100
    times = sorted(entry["at"] for entry in sink.entries())
    assert max(sum(1 for t in times if at <= t < at + 0.5) for at in times) <= 70, "I12 a burst"


def test_a_paused_delivery_sends_nothing(committed: Session, settings: Settings, tmp_path: Path) -> None:
    from curator.delivery.engine import SliceResult, run_slice

    with Sink(tmp_path / "log") as sink:
        delivery = a_frozen_delivery(committed, settings, 10, sink.port)
        pause(committed, delivery.id, "editor@example.org")
        committed.commit()
        assert run_slice(delivery.id, settings=settings, should_stop=lambda: False) == SliceResult()
        assert sink.accepted == 0
    assert state_of(committed, delivery) is DeliveryState.PAUSED
