"""Pools of relays: one that is down, dies, refuses or is slow costs nobody and holds up nobody."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.delivery import relay_choice, replies
from curator.delivery.engine import run_slice
from curator.delivery.models import Delivery, DeliveryState, Health, Message, MessageState, Relay, RelayHealth
from curator.delivery.relays import set_relay
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery
from tests.faults import laboratory
from tests.faults.laboratory import send_until_done, state_of
from tests.sink import FLUSH_SECONDS, Faults, Sink

READERS = 400


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "FIRST_WAIT", 0.02)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """One log for all sinks: the judge reads what any of them accepted."""
    return tmp_path / "log"


@pytest.fixture
def sinks() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def a_pool(session: Session, settings: Settings, *ports: int, readers: int = READERS, **fields: object) -> Delivery:
    """A delivery over the pool `all`: `default` at the first port, `second` at the second. Committed."""
    for name, port in zip(("second", "third"), ports[1:], strict=False):
        set_relay(session, name, host="127.0.0.1", port=port, security="none", pool="all", **fields)  # type: ignore[arg-type]
    return a_frozen_delivery(session, settings, readers, ports[0], pool="all")


def judge(session: Session, delivery: Delivery, sink: Sink, **seen: int) -> Counter[MessageState]:
    """Every invariant, once the sinks that share the log have written what they accepted last."""
    time.sleep(3 * FLUSH_SECONDS)
    return laboratory.judge(session, delivery, sink, **seen)


def carried(session: Session) -> Counter[str]:
    """How many messages each relay carried, by the ledger."""
    session.rollback()
    rows = session.execute(
        select(Relay.name, func.count())
        .join(Message, Message.relay_id == Relay.id)
        .where(Message.state == MessageState.ACCEPTED)
        .group_by(Relay.name)
    )
    return Counter(dict(rows.all()))  # type: ignore[arg-type]


def health(session: Session, name: str) -> RelayHealth:
    session.rollback()
    return session.scalars(
        select(RelayHealth).join(Relay, Relay.id == RelayHealth.relay_id).where(Relay.name == name)
    ).one()


def test_both_carry_and_the_ledger_says_which(
    committed: Session, settings: Settings, log: Path, sinks: ExitStack
) -> None:
    one, two = (sinks.enter_context(Sink(log, faults=Faults(delay=0.01))) for _ in range(2))
    delivery = a_pool(committed, settings, one.port, two.port)
    send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, one)[MessageState.ACCEPTED] == READERS
    assert carried(committed) == {"default": one.accepted, "second": two.accepted}
    assert min(one.accepted, two.accepted) > READERS / 4


def test_weights_share_the_work(committed: Session, settings: Settings, log: Path, sinks: ExitStack) -> None:
    one, two = (sinks.enter_context(Sink(log, faults=Faults(delay=0.02))) for _ in range(2))
    delivery = a_pool(committed, settings, one.port, two.port, readers=800, weight=3)
    send_until_done(committed, delivery, settings)
    assert 1.5 < two.accepted / one.accepted < 6  # 8 lines to 3


def test_one_that_is_down_the_whole_time_delays_nothing(
    committed: Session, settings: Settings, log: Path, sinks: ExitStack, free_port: Callable[[], int]
) -> None:
    sink = sinks.enter_context(Sink(log))
    delivery = a_pool(committed, settings, free_port(), sink.port)
    started = time.monotonic()
    send_until_done(committed, delivery, settings)
    assert time.monotonic() - started < 5
    assert judge(committed, delivery, sink)[MessageState.ACCEPTED] == READERS
    assert carried(committed) == {"second": READERS}
    found = health(committed, "default")
    assert (found.state, found.reason) == (Health.DOWN, "connection refused")
    assert health(committed, "second").state is Health.UP


def test_one_that_hangs_at_the_start_delays_nothing(
    committed: Session, settings: Settings, log: Path, sinks: ExitStack
) -> None:
    mute = sinks.enter_context(Sink(None, faults=Faults(1, {"connect": [(1.0, "stall")]})))
    sink = sinks.enter_context(Sink(log))
    delivery = a_pool(committed, settings, mute.port, sink.port)
    started = time.monotonic()
    send_until_done(committed, delivery, settings)
    assert time.monotonic() - started < 5
    assert judge(committed, delivery, sink)[MessageState.ACCEPTED] == READERS


def test_one_that_dies_in_the_middle_is_replaced_within_seconds(
    committed: Session, settings: Settings, log: Path, sinks: ExitStack
) -> None:
    dying, sink = (sinks.enter_context(Sink(log, faults=Faults(delay=0.02))) for _ in range(2))
    delivery = a_pool(committed, settings, dying.port, sink.port, readers=1500, weight=0)
    died_at: list[float] = []

    def die() -> bool:
        if dying.accepted > 150 and not died_at:
            died_at.append(time.time())
            dying.die()
        return False

    run_slice(delivery.id, settings=settings, should_stop=die)
    send_until_done(committed, delivery, settings)
    counts = judge(committed, delivery, sink, in_flight=8)
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == 1500
    first_of_second = committed.scalar(
        select(func.min(Message.done_at))
        .join(Relay, Relay.id == Message.relay_id)
        .where(Relay.name == "second", Message.state == MessageState.ACCEPTED)
    )
    assert isinstance(first_of_second, datetime)
    assert 0 < first_of_second.timestamp() - died_at[0] < 5
    assert dying.accepted > 150


@pytest.mark.long
def test_one_that_comes_back_carries_again(
    committed: Session, settings: Settings, log: Path, sinks: ExitStack, free_port: Callable[[], int]
) -> None:
    port = free_port()
    sink = sinks.enter_context(Sink(log, faults=Faults(delay=0.05)))
    delivery = a_pool(committed, settings, port, sink.port, readers=1200)
    back: list[Sink] = []

    def come_back() -> bool:
        if sink.accepted > 100 and not back:
            back.append(sinks.enter_context(Sink(log, port=port, faults=Faults(delay=0.05))))
        return False

    long = settings.model_copy(update={"slice_seconds": 30.0})
    run_slice(delivery.id, settings=long, should_stop=come_back)
    send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, sink)[MessageState.ACCEPTED] == 1200
    assert back[0].accepted > 100
    assert health(committed, "default").state is Health.UP


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"connect": [(1.0, "554 5.7.1 you are blocked")]}, "you are blocked"),
        ({"mail": [(1.0, "550 5.1.8 sender domain unknown")]}, "5.1.8"),
        ({"rcpt": [(1.0, "554 5.7.1 relay access denied")]}, "relay access denied"),
        ({"dot": [(1.0, "550 5.7.1 looks like spam")]}, "spam"),
    ],
)
def test_one_that_refuses_is_left_alone_and_the_other_goes_on(
    committed: Session,
    settings: Settings,
    log: Path,
    sinks: ExitStack,
    faults: dict[str, list[tuple[float, str]]],
    words: str,
) -> None:
    refusing = sinks.enter_context(Sink(None, faults=Faults(1, faults)))
    sink = sinks.enter_context(Sink(log))
    delivery = a_pool(committed, settings, refusing.port, sink.port)
    send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, sink)[MessageState.ACCEPTED] == READERS
    found = health(committed, "default")
    assert found.state is Health.REFUSING
    assert words in str(found.reason)
    assert refusing.taken < 20  # not asked again and again


def test_a_wrong_password_beside_a_right_one(
    committed: Session, settings: Settings, log: Path, sinks: ExitStack
) -> None:
    sink = sinks.enter_context(Sink(log, users={"u": "right"}))
    set_relay(
        committed, "bad", host="127.0.0.1", port=sink.port, security="none", username="u", password="wrong", pool="all"
    )
    delivery = a_frozen_delivery(committed, settings, READERS, sink.port, username="u", password="right", pool="all")
    send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, sink)[MessageState.ACCEPTED] == READERS
    assert "535" in str(health(committed, "bad").reason)


def test_when_all_refuse_the_delivery_pauses_and_a_resume_tries_them_again(
    committed: Session, settings: Settings, log: Path, sinks: ExitStack
) -> None:
    from curator.delivery.plan import resume

    faults = {"connect": [(1.0, "554 5.7.1 you are blocked")]}
    one, two = (sinks.enter_context(Sink(log, faults=Faults(1, dict(faults)))) for _ in range(2))
    delivery = a_pool(committed, settings, one.port, two.port)
    run_slice(delivery.id, settings=settings, should_stop=lambda: False)
    assert state_of(committed, delivery) is DeliveryState.PAUSED
    reason = str(committed.get_one(Delivery, delivery.id, populate_existing=True).reason)
    assert "default (127.0.0.1" in reason
    assert "second (127.0.0.1" in reason
    two.faults.plan.clear()  # the provider relents, nobody touches our settings
    resume(committed, delivery.id, "editor@example.org")
    committed.commit()
    send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, two)[MessageState.ACCEPTED] == READERS
    assert carried(committed) == {"second": READERS}


def test_a_slow_one_does_not_slow_the_other(
    committed: Session, settings: Settings, log: Path, sinks: ExitStack
) -> None:
    slow = sinks.enter_context(Sink(log, faults=Faults(delay=1.0)))
    fast = sinks.enter_context(Sink(log))
    delivery = a_pool(committed, settings, slow.port, fast.port, readers=1500)
    started = time.monotonic()
    send_until_done(committed, delivery, settings)
    assert time.monotonic() - started < 8
    assert judge(committed, delivery, fast)[MessageState.ACCEPTED] == 1500
    assert fast.accepted > 10 * slow.accepted > 0


def test_a_backup_is_used_only_when_nothing_else_is_up(
    committed: Session, settings: Settings, log: Path, sinks: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(relay_choice.FIRST_PAUSE, Health.DOWN, 0.05)
    sink = sinks.enter_context(Sink(log, faults=Faults(delay=0.002)))
    backup = sinks.enter_context(Sink(log))
    delivery = a_pool(committed, settings, sink.port, backup.port, weight=0)
    send_until_done(committed, delivery, settings)
    assert judge(committed, delivery, sink)[MessageState.ACCEPTED] == READERS
    assert (sink.accepted, backup.accepted) == (READERS, 0)
