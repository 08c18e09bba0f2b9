"""What keeps a delivery from getting on: the rule on values, and the facts from a real ledger, broker and audit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from curator.accounts import audit
from curator.accounts.models import AuditEntry
from curator.db.heartbeats import Process, beat
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Batch, Delivery, DeliveryState, MessageState
from curator.delivery.trouble import STILL_SECONDS, Facts, broker_answers, sentences, still_seconds
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, hold, put

WELL = Facts(DeliveryState.SENDING, dict.fromkeys(Process, True), has_broker=True, still_seconds=3.0, reason=None)
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"alive": {**WELL.alive, Process.WORKER: False}}, "No worker is running"),
        ({"alive": {**WELL.alive, Process.BEAT: False}}, "The scheduler is not running"),
        ({"has_broker": False}, "The broker"),
        ({"reason": "Relay a cannot be reached."}, "Relay a cannot be reached."),
        ({"still_seconds": STILL_SECONDS + 5.0}, "Nothing has moved for a minute"),
        ({"still_seconds": 300.0}, "Nothing has moved for 5 minutes"),
    ],
)
def test_each_trouble_is_one_sentence(changed: dict[str, Any], word: str) -> None:
    (found,) = sentences(WELL._replace(**changed))
    assert found.startswith(word)


def test_all_is_well() -> None:
    assert sentences(WELL) == []
    assert sentences(WELL._replace(still_seconds=None)) == []


@pytest.mark.parametrize("state", [DeliveryState.PAUSED, DeliveryState.SENT, DeliveryState.CANCELLED])
def test_what_rests_waits_for_nobody(state: DeliveryState) -> None:
    worst = Facts(state, dict.fromkeys(Process, False), has_broker=False, still_seconds=900.0, reason="Paused by a.")
    assert sentences(worst) == []


def test_a_doctor_is_only_sent_for_when_nothing_explains_it() -> None:
    still = WELL._replace(still_seconds=300.0)
    assert "curator doctor" in sentences(still)[0]
    assert "curator doctor" not in sentences(still._replace(has_broker=False))[1]


def test_the_broker_is_asked(settings: Settings, free_port: Any) -> None:
    assert broker_answers(settings)
    nobody = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{free_port()}/0"})
    assert not broker_answers(nobody)


@pytest.fixture
def delivery(committed: Session, settings: Settings) -> Delivery:
    made = a_bare_delivery(committed, settings, 10)
    made.started_at = LONG_AGO
    committed.flush()
    return made


def test_nothing_moved_since_it_started(committed: Session, delivery: Delivery) -> None:
    found = still_seconds(committed, delivery, None)
    assert found is not None and found > STILL_SECONDS
    assert any("Nothing has moved" in each for each in delivery_status(committed, delivery.issue_id)["trouble"])


def test_something_moved_just_now(committed: Session, delivery: Delivery) -> None:
    beat(committed, Process.WORKER)
    beat(committed, Process.BEAT)
    hold(committed, "host:1:a", seconds=60)
    put_one(committed, marked_at=datetime.now(UTC))
    assert delivery_status(committed, delivery.issue_id)["trouble"] == []


def put_one(session: Session, **values: Any) -> None:
    from curator.delivery.models import Message

    first = session.query(Message.id).order_by(Message.id).limit(1).scalar_subquery()
    session.execute(update(Message).where(Message.id == first).values(state=MessageState.ATTEMPTING, **values))


def test_messages_that_wait_for_their_next_try_do_not_stand_still(committed: Session, delivery: Delivery) -> None:
    put(committed, state=MessageState.DEFERRED, not_before=datetime.now(UTC) + timedelta(minutes=5))
    assert still_seconds(committed, delivery, None) is None
    committed.execute(update(Batch).values(not_before=LONG_AGO))
    assert still_seconds(committed, delivery, None) is not None


def test_what_was_resumed_just_now_has_a_minute(committed: Session, delivery: Delivery) -> None:
    audit.record(committed, "editor@example.org", "delivery.resume", "issue", delivery.issue_id)
    committed.flush()
    found = still_seconds(committed, delivery, None)
    assert found is not None and found < STILL_SECONDS
    assert committed.query(AuditEntry).count() == 1
