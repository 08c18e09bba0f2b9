"""Domains that ask us to wait: held back over that relay, the others at full speed, and everybody is reached."""

import random
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.delivery import replies
from curator.delivery.engine import run_slice
from curator.delivery.models import Delivery, DomainHold, Message, MessageState
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery
from tests.faults.laboratory import judge, send_until_done
from tests.sink import Faults, Sink

READERS = 600


def two_domains(session: Session, settings: Settings, port: int) -> Delivery:
    """Every second reader is at slow.example, the others at fine.example."""
    delivery = a_frozen_delivery(session, settings, READERS, port)
    name = func.split_part(Message.address, "@", 1)
    for rest, domain in enumerate(("slow.example", "fine.example")):
        address = name.concat(f"@{domain}")
        session.execute(update(Message).where(Message.id % 2 == rest).values(address=address))
    session.commit()
    return delivery


def asked_for(sink: Sink, domain: str) -> int:
    return sum(command.startswith("RCPT") and domain in command for command in sink.commands)


def test_others_go_on_and_the_held_are_hardly_asked(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "log", faults=Faults(domains={"slow.example": "451 4.7.0 come back later"})) as sink:
        delivery = two_domains(committed, settings, sink.port)
        started = time.monotonic()
        short = settings.model_copy(update={"slice_seconds": 3.0})
        run_slice(delivery.id, settings=short, should_stop=lambda: sink.accepted == READERS / 2)
        assert sink.accepted == READERS / 2
        assert time.monotonic() - started < 3
        # One burst over eight lines, then one message at a time.
        assert asked_for(sink, "slow.example") < 24
        [hold] = committed.scalars(select(DomainHold)).all()
        assert (hold.domain, hold.reply) == ("slow.example", "451 4.7.0 come back later")
        # Another worker, or this one after a restart, begins with what is known.
        asked, strikes = asked_for(sink, "slow.example"), hold.strikes
        run_slice(delivery.id, settings=settings.model_copy(update={"slice_seconds": 1.0}), should_stop=lambda: False)
        assert asked_for(sink, "slow.example") - asked <= 4
        committed.rollback()
        assert committed.scalars(select(DomainHold.strikes)).one() >= strikes
        sink.faults.domains.clear()
        send_until_done(committed, delivery, settings, seconds=60)
    assert judge_addresses(committed, delivery) == READERS
    committed.rollback()
    assert committed.scalars(select(DomainHold)).all() == []


def judge_addresses(session: Session, delivery: Delivery) -> int:
    """How many were accepted. The envelopes were changed, so the judge would see a mix-up."""
    session.rollback()
    accepted = (Message.delivery_id == delivery.id) & (Message.state == MessageState.ACCEPTED)
    return session.scalar(select(func.count()).where(accepted)) or 0


@pytest.mark.long
@pytest.mark.parametrize("phase", ["rcpt", "dot"])
def test_one_in_five_told_to_wait_reaches_everybody(
    committed: Session, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    monkeypatch.setattr(replies, "FIRST_WAIT", 0.2)
    codes = ("421 4.7.0", "450 4.2.1", "451 4.3.0", "452 4.3.1", "454 4.7.0")
    plan = {phase: [(0.05, f"{code} later") for code in codes]}
    with Sink(tmp_path / "log", faults=Faults(random.Random(7).randrange(1000), plan)) as sink:
        delivery = a_frozen_delivery(committed, settings, READERS // 3, sink.port)
        send_until_done(committed, delivery, settings, seconds=60)
    assert judge(committed, delivery, sink)[MessageState.ACCEPTED] == READERS // 3
