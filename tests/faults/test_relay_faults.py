"""A relay that misbehaves in every phase: nobody lost, nobody mailed twice, doubt only after the dot."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery.models import MessageState
from curator.settings import Settings
from tests.faults.cast import a_delivery
from tests.faults.laboratory import judge, send_until_done
from tests.sink import Faults, Sink
from tests.sink_faults import GARBAGE, PHASES

READERS = 80
TEMPORARY = ("421 4.3.2 later", "450 4.2.1 later", "451 4.3.0 later", "452 4.2.2 full", "454 4.7.0 not now")
BEFORE = ("connect", "ehlo", "mail", "rcpt", "data", "body", "dot")
"""Phases in which the message has not been taken."""


def send(
    committed: Session,
    settings: Settings,
    log: Path,
    faults: Faults,
    capabilities: tuple[str, ...] = ("PIPELINING", "SIZE 50000000", "8BITMIME"),
) -> Counter[MessageState]:
    """A whole delivery through a sink with these faults, judged."""
    with Sink(log, faults=faults, capabilities=capabilities) as sink:
        delivery = a_delivery(committed, settings, READERS, sink.port)
        send_until_done(committed, delivery, settings)
    counts = judge(committed, delivery, sink)
    assert any("fault" in line for line in sink.lines()), "nothing went wrong, so nothing was shown"
    assert counts.total() == READERS
    return counts


@pytest.mark.parametrize("act", TEMPORARY)
def test_asked_to_wait_in_any_phase(committed: Session, hurried: Settings, tmp_path: Path, act: str) -> None:
    plan = {phase: [(0.1, act)] for phase in BEFORE}
    counts = send(committed, hurried, tmp_path / "log", Faults(11, plan))
    assert counts == {MessageState.ACCEPTED: READERS}, "a whole reply leaves no doubt"


@pytest.mark.parametrize("act", ["close", "reset", "stall", GARBAGE])
def test_no_answer_before_the_message_is_taken(committed: Session, hurried: Settings, tmp_path: Path, act: str) -> None:
    plan = {phase: [(0.02 if act == "stall" else 0.08, act)] for phase in BEFORE}
    counts = send(committed, hurried, tmp_path / "log", Faults(12, plan))
    # A line lost while the reply to the dot is awaited is doubt, whatever the relay did with the message.
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


@pytest.mark.parametrize("act", ["close", "reset", "stall", "late", GARBAGE])
def test_no_answer_after_the_message_is_taken(committed: Session, hurried: Settings, tmp_path: Path, act: str) -> None:
    counts = send(committed, hurried, tmp_path / "log", Faults(13, {"after": [(0.1, act)]}))
    assert counts[MessageState.UNKNOWN] > 0
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


@pytest.mark.parametrize("act", ["slow", "split", "lines"])
def test_right_replies_in_a_strange_manner(committed: Session, hurried: Settings, tmp_path: Path, act: str) -> None:
    plan = {phase: [(0.1, act)] for phase in PHASES if phase != "idle"}
    counts = send(committed, hurried, tmp_path / "log", Faults(14, plan))
    assert counts == {MessageState.ACCEPTED: READERS}


@pytest.mark.parametrize("act", ["421 4.4.2 idle for too long", "close", "reset"])
def test_a_line_ended_between_two_messages(committed: Session, hurried: Settings, tmp_path: Path, act: str) -> None:
    """Doubt only when the dot of the next one was on the way just then."""
    counts = send(committed, hurried, tmp_path / "log", Faults(15, {"idle": [(0.5, act)], "rcpt": [(0.1, "slow")]}))
    assert counts[MessageState.ACCEPTED] > READERS * 0.8
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


def test_replies_that_come_too_late(committed: Session, hurried: Settings, tmp_path: Path) -> None:
    plan = {phase: [(0.02, "late")] for phase in BEFORE}
    counts = send(committed, hurried, tmp_path / "log", Faults(16, plan))
    assert counts[MessageState.ACCEPTED] + counts[MessageState.UNKNOWN] == READERS


def test_a_goodbye_after_the_message_is_taken(committed: Session, hurried: Settings, tmp_path: Path) -> None:
    """250 and then a closed line is an acceptance, however rude."""
    counts = send(committed, hurried, tmp_path / "log", Faults(17, {"after": [(0.3, "250 2.0.0 taken, goodbye")]}))
    assert counts == {MessageState.ACCEPTED: READERS}


@pytest.mark.parametrize("phase", ["rcpt", "data", "dot"])
def test_recipients_refused(committed: Session, hurried: Settings, tmp_path: Path, phase: str) -> None:
    counts = send(committed, hurried, tmp_path / "log", Faults(18, {phase: [(0.2, "550 5.1.1 nobody here")]}))
    assert counts[MessageState.REJECTED] > 0
    assert counts[MessageState.ACCEPTED] + counts[MessageState.REJECTED] == READERS


def test_a_relay_without_pipelining(committed: Session, hurried: Settings, tmp_path: Path) -> None:
    plan = {"rcpt": [(0.2, "550 5.1.1 nobody here")], "data": [(0.1, "451 4.3.0 later")], "mail": [(0.1, "slow")]}
    counts = send(committed, hurried, tmp_path / "log", Faults(19, plan), ("SIZE 1000000",))
    assert counts[MessageState.REJECTED] > 0
    assert counts[MessageState.ACCEPTED] + counts[MessageState.REJECTED] == READERS


def test_the_same_seed_goes_wrong_the_same_way(committed: Session, hurried: Settings, tmp_path: Path) -> None:
    plan = {"rcpt": [(0.3, "550 5.1.1 nobody here")], "dot": [(0.2, "550 5.2.1 closed")]}
    with Sink(tmp_path / "log", faults=Faults(20, plan)) as sink:
        delivery = a_delivery(committed, hurried, READERS, sink.port, connections=1)
        send_until_done(committed, delivery, hurried)
    again = Faults(20, plan)
    refused = {line["recipient"] for line in sink.lines() if "fault" in line}
    addresses = refused | set(sink.recipients())
    assert refused == {a for a in addresses if again.draw("rcpt", a) or again.draw("dot", a)}
