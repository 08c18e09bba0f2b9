"""A deaf worker leaves and a stuck task is ended; a busy worker, a slow relay, or one with nothing to do, is let be."""

import socket
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, update
from sqlalchemy.orm import Session

from curator.delivery.batches import cut
from curator.delivery.models import Batch, Delivery, Message, MessageState
from curator.issues.compose import create_issue
from curator.issues.newsletters import create_newsletter
from curator.settings import Settings
from workers import stall
from workers.stall import STALLED_AFTER, Running, StallWatch, is_stalled, is_stuck, longest_wait


@pytest.mark.parametrize(
    ("messages_wait", "tasks_running", "idle_seconds", "expected"),
    [
        (True, 0, STALLED_AFTER + 1, True),
        (False, 0, STALLED_AFTER + 1, False),
        (True, 1, STALLED_AFTER + 1, False),
        (True, 0, STALLED_AFTER - 1, False),
    ],
)
def test_the_rule(messages_wait: bool, tasks_running: int, idle_seconds: float, expected: bool) -> None:
    found = is_stalled(messages_wait=messages_wait, tasks_running=tasks_running, idle_seconds=idle_seconds)
    assert found is expected


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    heard: list[bool] = []
    monkeypatch.setattr(stall, "leave", lambda: heard.append(True))
    return heard


def waiting_message(session: Session, state: MessageState) -> None:
    newsletter = create_newsletter(session, "weekly", name="Weekly", from_address="desk@weekly.example")
    issue = create_issue(session, newsletter.id, "One")
    delivery = Delivery(
        issue_id=issue.id, newsletter_id=newsletter.id, state="sending", scheduled_at=issue.created_at, by="test"
    )
    session.add(delivery)
    session.flush()
    row = {"delivery_id": delivery.id, "address": "a@example.org", "state": state, "message_id": uuid.uuid4()}
    session.execute(insert(Message), [row])
    cut(session, delivery.id, 1)


@pytest.mark.parametrize(("state", "leaves"), [(MessageState.PENDING, True), (MessageState.ACCEPTED, False)])
def test_it_leaves_only_when_messages_wait(
    session: Session, left: list[bool], state: MessageState, leaves: bool
) -> None:
    waiting_message(session, state)
    now = [0.0]
    watch = StallWatch(lambda: 0, clock=lambda: now[0])
    watch()
    assert left == []
    now[0] = STALLED_AFTER + 1
    watch()
    assert left == ([True] if leaves else [])


def test_a_delivery_that_rests_waits_for_nobody(session: Session, left: list[bool]) -> None:
    waiting_message(session, MessageState.PENDING)
    session.execute(update(Delivery).values(rests_until=func.now() + timedelta(hours=5)))
    now = [0.0]
    watch = StallWatch(lambda: 0, clock=lambda: now[0])
    now[0] = STALLED_AFTER + 1
    watch()
    assert left == []


def test_activity_starts_the_time_anew(session: Session, left: list[bool]) -> None:
    waiting_message(session, MessageState.PENDING)
    now = [0.0]
    watch = StallWatch(lambda: 0, clock=lambda: now[0])
    now[0] = STALLED_AFTER - 1
    watch.note_activity()
    now[0] = STALLED_AFTER + 10
    watch()
    assert left == []


@pytest.mark.parametrize(
    ("messages_wait", "has_moved", "task_seconds", "expected"),
    [
        (True, False, 161.0, True),
        (True, False, 159.0, False),
        (True, True, 900.0, False),
        (False, False, 900.0, False),
    ],
)
def test_the_rule_for_a_stuck_task(messages_wait: bool, has_moved: bool, task_seconds: float, expected: bool) -> None:
    found = is_stuck(messages_wait=messages_wait, has_moved=has_moved, task_seconds=task_seconds, longest_wait=100.0)
    assert found is expected


def test_a_relay_may_take_its_time_for_the_dot_or_for_every_phase(settings: Settings) -> None:
    assert longest_wait(settings) == 600.0
    assert longest_wait(settings.model_copy(update={"smtp_phase_seconds": 300.0})) == 2400.0


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    heard: list[int] = []
    monkeypatch.setattr(stall, "end", heard.append)
    return heard


def watch_of(pid: int, *, seconds: float) -> StallWatch:
    """A worker with one task, begun so long ago, and a relay that may take 100 seconds."""
    return StallWatch(lambda: 1, lambda: [Running(pid, time.time() - seconds)], longest_wait=100.0)


def test_a_task_that_never_ends_is_ended_while_messages_wait(
    session: Session, left: list[bool], ended: list[int]
) -> None:
    waiting_message(session, MessageState.PENDING)
    watch_of(4711, seconds=100.0)()
    assert ended == []
    watch_of(4711, seconds=200.0)()
    assert (ended, left) == ([4711], [])


def test_a_task_that_never_ends_is_let_be_when_nothing_waits_for_it(session: Session, ended: list[int]) -> None:
    waiting_message(session, MessageState.ACCEPTED)
    watch_of(4711, seconds=900.0)()
    assert ended == []


@pytest.mark.parametrize(("marked_seconds_ago", "ends"), [(150.0, False), (170.0, True)])
def test_what_it_holds_waits_for_it_alone(
    session: Session, ended: list[int], marked_seconds_ago: float, ends: bool
) -> None:
    """Held with a lease that goes on being renewed: nobody else can take it."""
    waiting_message(session, MessageState.ATTEMPTING)
    owner = f"{socket.gethostname()}:4711:abc"
    session.execute(update(Batch).values(owner=owner, lease_until=datetime(2100, 1, 1, tzinfo=UTC), is_open=True))
    marked = datetime.fromtimestamp(time.time() - marked_seconds_ago, UTC)
    session.execute(update(Message).values(owner=owner, marked_at=marked))
    watch_of(471, seconds=900.0)()
    assert ended == [], "another process's"
    watch_of(4711, seconds=900.0)()
    assert ended == ([4711] if ends else [])
