"""A relay that misbehaves in every phase: nobody lost, nobody mailed twice, doubt only after the dot."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery import relay_choice, replies
from curator.delivery.models import Health, MessageState
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery
from tests.faults.laboratory import judge, send_until_done
from tests.sink import Faults, Sink

BEFORE_THE_DOT = ("connect", "ehlo", "mail", "rcpt", "data", "body", "dot")
READERS = 60


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(replies, "LONGEST_WAIT", 0.2)
    monkeypatch.setitem(relay_choice.FIRST_PAUSE, Health.DOWN, 0.01)
    monkeypatch.setitem(relay_choice.LONGEST_PAUSE, Health.DOWN, 0.05)


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Half a second is long enough for a sink that answers at all."""
    return settings.model_copy(update={"smtp_phase_seconds": 0.5, "smtp_reply_seconds": 0.5})


@pytest.mark.parametrize("act", ["close", "reset", "421 4.3.2 later", "451 4.3.0 later", "450 4.2.1 later", "stall"])
def test_trouble_before_the_message_is_taken(committed: Session, quick: Settings, tmp_path: Path, act: str) -> None:
    chance = 0.02 if act == "stall" else 0.1
    plan = {phase: [(chance, act)] for phase in BEFORE_THE_DOT}
    with Sink(tmp_path / "log", faults=Faults(11, plan)) as sink:
        delivery = a_frozen_delivery(committed, quick, READERS, sink.port)
        send_until_done(committed, delivery, quick)
    # A line lost while the reply to the dot is awaited is doubt, whatever the relay did with the message.
    is_doubt = act in ("close", "reset", "stall")
    counts = judge(committed, delivery, sink, most_unknown=READERS if is_doubt else 0)
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS
    if not is_doubt:
        assert counts[MessageState.ACCEPTED] == READERS


@pytest.mark.parametrize("act", ["close", "reset", "stall"])
def test_silence_after_the_message_is_taken(committed: Session, quick: Settings, tmp_path: Path, act: str) -> None:
    with Sink(tmp_path / "log", faults=Faults(12, {"after": [(0.1, act)]})) as sink:
        delivery = a_frozen_delivery(committed, quick, READERS, sink.port)
        send_until_done(committed, delivery, quick)
    counts = judge(committed, delivery, sink, most_unknown=READERS)
    assert sink.recipients().total() == READERS
    assert counts[MessageState.UNKNOWN] > 0
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


def test_a_goodbye_after_the_message_is_taken_loses_nothing(
    committed: Session, quick: Settings, tmp_path: Path
) -> None:
    """250 and then a closed line is an acceptance, however rude."""

    with Sink(tmp_path / "log", faults=Faults(13, {"after": [(0.3, "250 2.0.0 taken, and goodbye")]})) as sink:
        delivery = a_frozen_delivery(committed, quick, READERS, sink.port)
        send_until_done(committed, delivery, quick)
    assert judge(committed, delivery, sink, most_unknown=0)[MessageState.ACCEPTED] == READERS


def test_a_relay_without_pipelining(committed: Session, quick: Settings, tmp_path: Path) -> None:
    plan = {"rcpt": [(0.2, "550 5.1.1 nobody here")], "data": [(0.1, "451 4.3.0 later")]}
    with Sink(tmp_path / "log", faults=Faults(14, plan), capabilities=("SIZE 1000000",)) as sink:
        delivery = a_frozen_delivery(committed, quick, READERS, sink.port)
        send_until_done(committed, delivery, quick)
    counts = judge(committed, delivery, sink, most_unknown=0)
    assert counts[MessageState.REJECTED] > 0
    assert counts[MessageState.ACCEPTED] + counts[MessageState.REJECTED] == READERS
