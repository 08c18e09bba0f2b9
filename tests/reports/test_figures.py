"""The numbers for a monitoring system: right, complete when there is nothing, and never about one person."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import update
from sqlalchemy.orm import Session

from curator.db.heartbeats import Process, beat
from curator.delivery.models import Batch, Delivery, DeliveryState, MessageState, Notice, NoticeKind
from curator.delivery.relays import set_relay
from curator.events.models import EventKind
from curator.reports.figures import figures
from curator.reports.rollups import rebuild
from curator.settings import Settings
from tests.events.cast import add_event, send_issue

ENDS = (MessageState.REJECTED, MessageState.SUPPRESSED, MessageState.UNKNOWN, MessageState.PENDING)


@pytest.fixture
def read(session: Session, settings: Settings, redis_client: "redis.Redis[bytes]") -> Any:
    """All figures by name, their values by labels."""

    def all_of_them(**changed: Any) -> dict[str, dict[tuple[str, ...], float]]:
        session.flush()
        return {each.name: each.values for each in figures(session, settings.model_copy(update=changed))}

    return all_of_them


def test_an_empty_installation_has_zeros_not_gaps(read: Any) -> None:
    found = read()
    assert found["deliveries"] == {(state.value,): 0 for state in DeliveryState}
    assert found["messages"] == {(state.value,): 0 for state in MessageState}
    assert found["processes"] == {(kind.value,): 0 for kind in Process}
    assert found["accepted_messages_per_second"] == found["still_seconds"] == found["due_batches"] == {(): 0}
    assert found["broker_up"] == {(): 1} and set(found["queue_tasks"].values()) == {0}


def test_messages_are_of_unfinished_deliveries(session: Session, read: Any) -> None:
    send_issue(session, readers=6, states=ENDS, state=DeliveryState.SENDING)
    send_issue(session, readers=6, number=8)
    found = read()
    assert (found["deliveries"]["sending",], found["deliveries"]["sent",]) == (1, 1)
    counts = {state: count for (state,), count in found["messages"].items() if count}
    assert counts == {"accepted": 2, "pending": 1, "rejected": 1, "suppressed": 1, "unknown": 1}


def test_what_is_due_ages_and_what_stands_still_is_told(session: Session, read: Any) -> None:
    send_issue(session, readers=6, states=ENDS, state=DeliveryState.SENDING)
    found = read()
    assert found["due_batches"] == {(): 1}
    assert found["oldest_due_batch_seconds"][()] == pytest.approx(3600, abs=60)
    assert found["still_seconds"][()] == pytest.approx(3600, abs=60)
    session.execute(update(Batch).values(not_before=datetime.now(UTC) + timedelta(minutes=1)))
    assert read()["due_batches"] == read()["still_seconds"] == {(): 0}


def test_the_rate_is_of_all_that_is_sending(session: Session, read: Any) -> None:
    for number in (7, 8):
        sent = send_issue(session, readers=6, number=number, state=DeliveryState.SENDING, accepted=timedelta(seconds=5))
        session.get_one(Delivery, sent.delivery.id).started_at = datetime.now(UTC) - timedelta(hours=1)
    assert read()["accepted_messages_per_second"] == {(): pytest.approx(0.2)}


def test_processes_have_ages(session: Session, read: Any) -> None:
    beat(session, Process.WORKER, "delivery.slice 1")
    beat(session, Process.BEAT)
    found = read()
    assert (found["processes"]["worker",], found["processes"]["web",]) == (1, 0)
    assert set(found["heartbeat_age_seconds"]) == {("worker",), ("beat",)}
    assert set(found["progress_age_seconds"]) == {("worker",)}


def test_queues_are_as_long_as_they_are(read: Any, redis_client: "redis.Redis[bytes]") -> None:
    redis_client.lpush("deliver", "a", "b", "c")
    assert read()["queue_tasks"]["deliver",] == 3


def test_a_broker_that_is_away_is_told_and_has_no_queues(read: Any, free_port: Any) -> None:
    found = read(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    assert found["broker_up"] == {(): 0} and found["queue_tasks"] == {}


def test_events_by_kind_and_those_behind(session: Session, read: Any) -> None:
    sent = send_issue(session, readers=3)
    add_event(session, sent, EventKind.OPEN, reader=0)
    assert read()["events_uncounted"][()] >= 1
    add_event(session, sent, EventKind.CLICK, reader=0, link=1)
    rebuild(session)
    found = read()
    assert found["events"] == {("open", "person"): 1, ("click", "person"): 1}
    assert found["events_uncounted"] == {(): 0} and found["events_stored"][()] >= 2


def test_what_waits_on_disk_is_measured(settings: Settings, read: Any) -> None:
    assert read()["event_spool_bytes"] == {(): 0}
    folder = settings.home / "spool"
    folder.mkdir(parents=True)
    Path(folder / "hits-0001-x.lines").write_bytes(b"x" * 100)
    Path(folder / "links").mkdir()
    assert read()["event_spool_bytes"] == {(): 100}


def test_notices_and_relays(session: Session, read: Any) -> None:
    facts = {"sender": "a@example.org", "address": "b@example.org", "content": b"x", "facts": {}}
    session.add(Notice(kind=NoticeKind.TEST, key="one", **facts))
    set_relay(session, "default", host="127.0.0.1", port=25, security="none")
    found = read()
    assert found["notices_waiting"] == {
        ("test",): 1,
        ("confirmation",): 0,
        ("sign-in",): 0,
        ("approval",): 0,
        ("thanks",): 0,
        ("approved",): 0,
        ("sent-back",): 0,
    }
    assert found["relay_state"] == {("default", "unknown"): 1}


def test_no_series_is_about_one_person_or_one_issue(session: Session, read: Any) -> None:
    sent = send_issue(session, readers=6, states=ENDS, state=DeliveryState.SENDING)
    add_event(session, sent, EventKind.OPEN, reader=5)
    rebuild(session)
    before = {name: len(values) for name, values in read().items()}
    other = send_issue(session, readers=50, number=8, state=DeliveryState.SENDING)
    add_event(session, other, EventKind.OPEN, reader=5)
    rebuild(session)
    found = read()
    assert {name: len(values) for name, values in found.items()} == before
    labels = " ".join(label for values in found.values() for labels in values for label in labels)
    assert "@" not in labels and not re.search(r"\d", labels)
