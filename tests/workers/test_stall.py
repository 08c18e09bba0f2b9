"""A deaf worker leaves; a busy one, or one with nothing to do, stays."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, update
from sqlalchemy.orm import Session

from curator.delivery.batches import cut
from curator.delivery.models import Delivery, Message, MessageState
from curator.issues.compose import create_issue
from curator.issues.newsletters import create_newsletter
from workers import stall
from workers.stall import STALLED_AFTER, StallWatch, is_stalled


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
