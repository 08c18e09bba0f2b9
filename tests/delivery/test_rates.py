"""The rate now and over all, from batches that are free, in work, many or few."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from curator.delivery import rates
from curator.delivery.batches import settle
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Batch, Delivery, DeliveryState, Message, MessageState
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, hold

READERS = 600


@pytest.fixture
def delivery(committed: Session, settings: Settings) -> Delivery:
    """Ten minutes under way; 600 readers in batches of 32."""
    made = a_bare_delivery(committed, settings, READERS)
    made.started_at = datetime.now(UTC) - timedelta(minutes=10)
    committed.flush()
    return made


def accept(session: Session, delivery: Delivery, first: int, count: int, ago: float) -> None:
    """Some messages, by their order, accepted `ago` seconds before now."""
    start = session.query(Message.id).order_by(Message.id).limit(1).scalar() or 0
    session.execute(
        update(Message)
        .where(Message.id >= start + first, Message.id < start + first + count)
        .values(state=MessageState.ACCEPTED, done_at=datetime.now(UTC) - timedelta(seconds=ago))
    )
    settle(session, delivery.id)


def test_now_is_the_last_minute_and_the_average_is_all(committed: Session, delivery: Delivery) -> None:
    accept(committed, delivery, 0, 300, 400)
    accept(committed, delivery, 300, 120, 20)
    status = delivery_status(committed, delivery.issue_id)
    assert status["rate"] == 2.0
    assert status["average_rate"] == 0.7


def test_a_batch_that_ended_long_ago_is_not_counted_for_its_last_retry(committed: Session, delivery: Delivery) -> None:
    accept(committed, delivery, 0, 32, 400)
    accept(committed, delivery, 31, 1, 1)
    assert delivery_status(committed, delivery.issue_id)["rate"] == 0.0  # one in a minute: 0.02


def test_batches_in_work_count(committed: Session, delivery: Delivery) -> None:
    hold(committed, "host:1:a", seconds=60)
    accept(committed, delivery, 0, 180, 5)
    assert delivery_status(committed, delivery.issue_id)["rate"] == 3.0


def test_many_batches_are_sampled(committed: Session, delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "SAMPLE", 5)
    accept(committed, delivery, 0, READERS, 10)
    assert committed.query(Batch).count() > 15
    assert delivery_status(committed, delivery.issue_id)["rate"] == pytest.approx(10.0, rel=0.1)


def test_a_young_delivery_is_not_divided_by_a_minute(committed: Session, delivery: Delivery) -> None:
    delivery.started_at = datetime.now(UTC) - timedelta(seconds=10)
    accept(committed, delivery, 0, 300, 1)
    assert delivery_status(committed, delivery.issue_id)["rate"] == pytest.approx(30, rel=0.2)


def test_when_it_is_over_both_are_the_average(committed: Session, delivery: Delivery) -> None:
    accept(committed, delivery, 0, READERS, 0)
    delivery.state = DeliveryState.SENT
    committed.flush()
    status = delivery_status(committed, delivery.issue_id)
    assert status["rate"] == status["average_rate"] == 1.0


def test_before_anything_is_accepted_there_is_none(committed: Session, delivery: Delivery) -> None:
    status = delivery_status(committed, delivery.issue_id)
    assert (status["rate"], status["average_rate"]) == (0.0, 0.0)
