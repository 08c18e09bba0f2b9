"""A slice from claim to outcome against a sink, over every way a message can end."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from curator.delivery.engine import SliceResult, run_slice
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState, Relay
from curator.errors import Unavailable
from curator.issues.models import Issue, IssueState
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery, states
from tests.sink import Faults, Sink


def test_a_slice_sends_to_everybody_once_and_closes(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "log", keep=True) as sink:
        delivery = a_frozen_delivery(committed, settings, 30, sink.port)
        assert run_slice(delivery.id, settings=settings, should_stop=lambda: False) == SliceResult(sent=30)
    assert sink.recipients() == {f"r{n}@example.org": 1 for n in range(30)}
    assert set(states(committed, delivery.id).values()) == {MessageState.ACCEPTED}
    assert committed.get_one(Delivery, delivery.id, populate_existing=True).state is DeliveryState.SENT
    assert committed.get_one(Issue, delivery.issue_id, populate_existing=True).state is IssueState.SENT
    for entry in sink.entries():
        assert entry["recipient"] == entry["to"]
        assert entry["sender"] == "redactie@example.org"


def stop_never() -> bool:
    return False


def the(session: Session, delivery: Delivery) -> Delivery:
    session.rollback()
    return session.get_one(Delivery, delivery.id, populate_existing=True)


def test_refused_recipients_are_failed_by_reason(committed: Session, settings: Settings, tmp_path: Path) -> None:
    plan = {"rcpt": [(0.3, "550 5.1.1 <who> nobody here"), (0.3, "552 5.2.2 full")]}
    with Sink(tmp_path / "log", faults=Faults(5, plan)) as sink:
        delivery = a_frozen_delivery(committed, settings, 40, sink.port)
        result = run_slice(delivery.id, settings=settings, should_stop=stop_never)
    status = delivery_status(committed, delivery.issue_id)
    assert set(status["failed_reasons"]) == {"unknown user", "mailbox full"}
    assert result == SliceResult(sent=status["accepted"], rejected=status["failed"])
    assert sum(result) == 40
    assert status["state"] == "sent"


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"mail": [(1.0, "550 5.1.8 sender domain unknown")]}, "5.1.8"),
        ({"rcpt": [(1.0, "554 5.7.1 relay access denied")]}, "relay access denied"),
        ({"dot": [(1.0, "550 5.7.1 looks like spam")]}, "spam"),
        ({"connect": [(1.0, "554 5.7.1 you are blocked")]}, "you are blocked"),
    ],
)
def test_a_refusal_about_us_pauses_and_punishes_nobody(
    committed: Session, settings: Settings, tmp_path: Path, plan: dict[str, list[tuple[float, str]]], words: str
) -> None:
    with Sink(tmp_path / "log", faults=Faults(5, plan)) as sink:
        delivery = a_frozen_delivery(committed, settings, 30, sink.port)
        assert sum(run_slice(delivery.id, settings=settings, should_stop=stop_never)) == 0
    assert the(committed, delivery).state is DeliveryState.PAUSED
    assert words in str(the(committed, delivery).reason)
    assert set(states(committed, delivery.id).values()) == {MessageState.PENDING}


def test_a_wrong_password_pauses(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "log", users={"u": "right"}) as sink:
        delivery = a_frozen_delivery(committed, settings, 3, sink.port, username="u", password="wrong")
        run_slice(delivery.id, settings=settings, should_stop=stop_never)
    assert the(committed, delivery).state is DeliveryState.PAUSED
    assert "535" in str(the(committed, delivery).reason)


def test_a_relay_that_is_away_is_waited_for(
    committed: Session, settings: Settings, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    delivery = a_frozen_delivery(committed, settings, 5, port)
    short = settings.model_copy(update={"slice_seconds": 0.5})
    run_slice(delivery.id, settings=short, should_stop=stop_never)
    waiting = the(committed, delivery)
    assert waiting.state is DeliveryState.SENDING
    assert "connection refused" in str(waiting.reason)
    assert set(states(committed, delivery.id).values()) == {MessageState.PENDING}
    with Sink(tmp_path / "log", port=port):
        assert run_slice(delivery.id, settings=settings, should_stop=stop_never) == SliceResult(sent=5)
    assert (the(committed, delivery).state, the(committed, delivery).reason) == (DeliveryState.SENT, None)


def test_told_to_stop_it_finishes_what_is_in_flight(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "log", faults=Faults(delay=0.02)) as sink:
        delivery = a_frozen_delivery(committed, settings, 300, sink.port)
        result = run_slice(delivery.id, settings=settings, should_stop=lambda: sink.accepted > 40)
    counts = Counter(states(committed, delivery.id).values())
    assert counts == {MessageState.ACCEPTED: result.sent, MessageState.PENDING: 300 - result.sent}
    assert 40 < result.sent < 300
    assert result.sent == sink.recipients().total()


def test_a_message_given_up_after_days_is_failed_with_the_last_word(
    committed: Session, settings: Settings, tmp_path: Path
) -> None:
    with Sink(tmp_path / "log", faults=Faults(1, {"rcpt": [(1.0, "451 4.7.1 later")]})) as sink:
        delivery = a_frozen_delivery(committed, settings, 1, sink.port)
        committed.execute(update(Message).values(attempts=20))
        committed.execute(update(Delivery).values(started_at=func.now() - timedelta(days=4)))
        committed.commit()
        assert run_slice(delivery.id, settings=settings, should_stop=stop_never) == SliceResult(rejected=1)
    row = committed.scalars(select(Message)).one()
    assert "given up after 21 tries" in str(row.reason)
    assert row.last_reply == "451 4.7.1 later"


def test_addresses_no_mail_can_hold_are_failed_alone(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "log") as sink:
        delivery = a_frozen_delivery(committed, settings, 4, sink.port)
        committed.execute(update(Message).where(Message.address == "r0@example.org").values(address="jürgen@x.org"))
        committed.execute(update(Message).where(Message.address == "r1@example.org").values(address="r@bücher.example"))
        committed.commit()
        result = run_slice(delivery.id, settings=settings, should_stop=stop_never)
    found = states(committed, delivery.id)
    assert found["jürgen@x.org"] is MessageState.REJECTED
    assert result.rejected <= 2
    assert result.sent + result.rejected == 4


def test_no_relay_pauses_with_the_next_step(committed: Session, settings: Settings) -> None:
    delivery = a_frozen_delivery(committed, settings, 1, 25)
    committed.execute(delete(Relay))
    committed.commit()
    with pytest.raises(Unavailable):
        run_slice(delivery.id, settings=settings, should_stop=stop_never)
    assert the(committed, delivery).state is DeliveryState.PAUSED
    assert "curator relays set" in str(the(committed, delivery).reason)


def test_two_slices_at_once_share_the_work(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "log", faults=Faults(delay=0.005)) as sink:
        delivery = a_frozen_delivery(committed, settings, 600, sink.port)
        delivery_id = delivery.id

        def send(_: int) -> int:
            return run_slice(delivery_id, settings=settings, should_stop=stop_never).sent

        with ThreadPoolExecutor(2) as both:
            sent = list(both.map(send, range(2)))
    assert sum(sent) == 600
    assert set(sink.recipients().values()) == {1}
    assert the(committed, delivery).state is DeliveryState.SENT


@pytest.mark.parametrize("has_room", [False, True])
def test_a_question_that_fails_ends_the_slice(
    committed: Session, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_room: bool
) -> None:
    monkeypatch.setattr("curator.delivery.company.LOOK_SECONDS", 0.01)  # company asks too, when there is room for it
    monkeypatch.setattr("curator.delivery.company._Room.is_left", lambda _: has_room)

    def fail() -> bool:
        if sink.accepted > 20:
            raise OSError("cannot be asked")
        return False

    with Sink(tmp_path / "log", faults=Faults(delay=0.02)) as sink:
        delivery = a_frozen_delivery(committed, settings, 400, sink.port)
        result = run_slice(delivery.id, settings=settings.model_copy(update={"slice_seconds": 60.0}), should_stop=fail)
    assert 20 < result.sent < 400
    assert set(states(committed, delivery.id).values()) == {MessageState.ACCEPTED, MessageState.PENDING}
