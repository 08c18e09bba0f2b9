"""Warming up: a plan's ceilings by day, and a relay that stops at today's with words for people."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.engine import run_slice
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.relays import set_relay
from curator.delivery.sweep import has_claimable
from curator.delivery.warm_up import WarmUp, count_sent, end_warm_up, set_warm_up, warm_up_of
from curator.errors import Invalid, NotFound
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery
from tests.sink import Faults, Sink

TODAY = datetime.now(UTC).date()
pytestmark = pytest.mark.usefixtures("redis_client")


@pytest.mark.parametrize(("day", "ceiling"), [(-5, 50), (0, 50), (1, 100), (2, 500), (3, None), (300, None)])
def test_the_ceiling_rises_day_by_day_and_then_there_is_none(day: int, ceiling: int | None) -> None:
    first = date(2026, 11, 20)
    assert WarmUp((50, 100, 500), first).ceiling(first + timedelta(days=day)) == ceiling


@pytest.mark.parametrize("plan", [[], [0], [5, -1], [1] * 400])
def test_what_is_no_plan_is_refused(session: Session, plan: list[int]) -> None:
    set_relay(session, "default", host="127.0.0.1", port=25, security="none")
    with pytest.raises(Invalid):
        set_warm_up(session, "default", plan, TODAY)
    with pytest.raises(NotFound):
        set_warm_up(session, "nobody", [5], TODAY)


def stop_never() -> bool:
    return False


def test_at_the_ceiling_the_delivery_waits_for_tomorrow_and_says_so(
    committed: Session, settings: Settings, tmp_path: Path
) -> None:
    with Sink(tmp_path / "log") as sink:
        delivery = a_frozen_delivery(committed, settings, 40, sink.port, connections=4)
        relay = set_warm_up(committed, "default", [25, 1000], TODAY)
        committed.commit()
        long = settings.model_copy(update={"slice_seconds": 30})
        assert run_slice(delivery.id, settings=long, should_stop=stop_never).sent == 25
        assert sink.recipients().total() == 25
        status = delivery_status(committed, delivery.issue_id)
        committed.rollback()
        assert status["state"] == "sending"
        assert status["reason"].startswith("Relay default is warming up: 25 of 25 messages today; goes on at 00:00 UTC")
        tomorrow = datetime.combine(TODAY + timedelta(days=1), datetime.min.time(), UTC)
        assert abs(datetime.fromisoformat(status["rests_until"]) - tomorrow) < timedelta(seconds=10)
        assert not has_claimable(committed, delivery.id)
        assert count_sent(committed, relay.id, TODAY) == 25
        assert warm_up_of(relay) == WarmUp((25, 1000), TODAY)
        end_warm_up(committed, "default")
        committed.commit()
        assert has_claimable(committed, delivery.id)
        committed.rollback()
        assert run_slice(delivery.id, settings=long, should_stop=stop_never).sent == 15
    assert set(sink.recipients().values()) == {1}
    committed.rollback()
    assert committed.scalars(select(Delivery.state)).one() is DeliveryState.SENT


def test_a_count_that_redis_lost_is_taken_from_the_ledger(
    committed: Session, settings: Settings, tmp_path: Path, redis_client: "object"
) -> None:
    with Sink(tmp_path / "log", faults=Faults(1, {"rcpt": [(0.3, "451 4.2.0 later")]})) as sink:
        delivery = a_frozen_delivery(committed, settings, 40, sink.port, connections=2)
        set_warm_up(committed, "default", [20], TODAY)
        committed.commit()
        long = settings.model_copy(update={"slice_seconds": 30})
        run_slice(delivery.id, settings=long, should_stop=lambda: sink.accepted >= 10)
        redis_client.flushdb()  # type: ignore[attr-defined]
        for _ in range(3):
            committed.execute(update(Message).where(Message.state == MessageState.DEFERRED).values(state="pending"))
            batches.settle(committed, delivery.id)
            committed.commit()
            run_slice(delivery.id, settings=long, should_stop=stop_never)
    assert sink.recipients().total() == 20


def test_in_a_pool_the_others_carry_what_one_may_not(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "young") as young, Sink(tmp_path / "old", faults=Faults(delay=0.02)) as old:
        set_relay(committed, "old", host="127.0.0.1", port=old.port, security="none", connections=2, pool="all")
        delivery = a_frozen_delivery(committed, settings, 200, young.port, connections=4, pool="all")
        set_warm_up(committed, "default", [25, 1000], TODAY)
        committed.commit()
        long = settings.model_copy(update={"slice_seconds": 30})
        assert run_slice(delivery.id, settings=long, should_stop=stop_never).sent == 200
        assert young.accepted <= 25 < old.accepted
        assert young.recipients() + old.recipients() == dict.fromkeys(young.recipients() | old.recipients(), 1)
    committed.rollback()
    assert committed.scalars(select(Delivery.state)).one() is DeliveryState.SENT
