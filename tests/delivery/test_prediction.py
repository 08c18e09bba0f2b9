"""The forecast from what is stored: the audience before Send, the ledger while sending."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.due import rest
from curator.delivery.limits import MARGIN
from curator.delivery.models import Delivery, DeliveryState, Message
from curator.delivery.prediction import predict_end, predict_send
from curator.delivery.relays import set_relay
from curator.delivery.throttles import set_throttle
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery


def seconds_until(session: Session, delivery: Delivery) -> float | None:
    end = predict_end(session, delivery, batches.count(session, delivery.id))
    now = session.scalars(select(func.clock_timestamp())).one()
    return (end - now).total_seconds() if end is not None else None


def test_while_sending_it_goes_by_the_rate_of_the_last_minutes_and_the_limits(
    committed: Session, settings: Settings
) -> None:
    delivery = a_bare_delivery(committed, settings, 100)
    assert seconds_until(committed, delivery) is None  # no relay
    relay = set_relay(committed, "default", host="127.0.0.1", port=25, security="none")
    assert seconds_until(committed, delivery) is None  # nobody knows
    delivery.started_at = datetime.now(UTC) - timedelta(seconds=20)
    first = committed.scalars(select(Message.id).order_by(Message.id).limit(40)).all()
    done = update(Message).where(Message.id.in_(first)).values(state="accepted", done_at=func.clock_timestamp())
    committed.execute(done)
    batches.settle(committed, delivery.id)
    assert seconds_until(committed, delivery) == pytest.approx(30, rel=0.1)
    relay.rate = 1
    assert seconds_until(committed, delivery) == pytest.approx(60 * MARGIN, rel=0.1)
    other = set_relay(committed, "other", host="127.0.0.1", port=26, security="none", rate=0.5, pool="default")
    assert seconds_until(committed, delivery) == pytest.approx(40 * MARGIN, rel=0.1)  # they share the work
    other.weight = 0
    assert seconds_until(committed, delivery) == pytest.approx(60 * MARGIN, rel=0.1)  # it only stands in
    set_throttle(committed, "recipient-domain", "example.org", 0.5)
    assert seconds_until(committed, delivery) == pytest.approx(120 * MARGIN, rel=0.1)
    rest(committed, delivery.id, 3600, "tomorrow")
    committed.refresh(delivery)
    assert seconds_until(committed, delivery) == pytest.approx(3600 + 120 * MARGIN, rel=0.01)
    delivery.state = DeliveryState.PAUSED
    assert seconds_until(committed, delivery) is None


def test_before_send_it_goes_by_earlier_deliveries_and_the_audience(committed: Session, settings: Settings) -> None:
    earlier = a_bare_delivery(committed, settings, 60)
    start = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert predict_send(committed, earlier.newsletter_id, start) is None
    set_relay(committed, "default", host="127.0.0.1", port=25, security="none")
    assert predict_send(committed, earlier.newsletter_id, start) is None
    earlier.state, earlier.started_at, earlier.finished_at = DeliveryState.SENT, start, start + timedelta(seconds=30)
    committed.flush()
    assert predict_send(committed, earlier.newsletter_id, start) == start + timedelta(seconds=30)
    assert predict_send(committed, earlier.newsletter_id, start, 600) == start + timedelta(seconds=600)
    set_throttle(committed, "recipient-domain", "example.org", 0.1)
    end = predict_send(committed, earlier.newsletter_id, start)
    assert end is not None
    assert (end - start).total_seconds() == pytest.approx(600 * MARGIN)
