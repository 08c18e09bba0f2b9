"""One kind of task: a transaction, a note of what was done, and errors sorted into over, again or a defect."""

from typing import Any

import pytest
import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from curator.db.heartbeats import Heartbeat, Process
from curator.delivery.models import Relay
from curator.errors import Conflict, Unavailable
from workers import base, stopping


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PAUSES", (0.0, 0.0))


def relay(name: str) -> Relay:
    return Relay(name=name, host="127.0.0.1", port=25, security="none")


def test_what_a_task_did_and_the_note_of_it_are_committed_together(session: Session) -> None:
    base.perform("delivery.example", lambda own, number: own.add(relay(f"relay-{number}")), (7,))
    assert session.scalar(select(Relay.name)) == "relay-7"
    heartbeat = session.scalars(select(Heartbeat)).one()
    assert (heartbeat.kind, heartbeat.progress) == (Process.WORKER, "delivery.example 7")


def test_a_refusal_is_over_and_leaves_nothing_behind(session: Session) -> None:
    tries: list[int] = []

    def refused(own: Session) -> None:
        tries.append(1)
        own.add(relay("half-done"))
        own.flush()
        raise Conflict("somebody was first")

    with structlog.testing.capture_logs() as lines:
        base.perform("delivery.example", refused, ())
    assert len(tries) == 1
    assert session.scalar(select(Relay)) is None
    assert [(line["event"], line["code"]) for line in lines] == [("task_refused", "conflict")]


def test_a_server_that_was_away_is_tried_again(session: Session) -> None:
    tries: list[int] = []

    def flaky(own: Session) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("SELECT", {}, Exception("gone"))
        own.add(relay("there"))
        return 1

    base.perform("delivery.example", flaky, ())
    assert len(tries) == 3
    assert session.scalar(select(Relay.name)) == "there"


@pytest.mark.parametrize("own_transactions", [False, True])
def test_a_server_that_stays_away_is_left_to_the_sweeps(session: Session, own_transactions: bool) -> None:
    def away(*_: Any) -> None:
        raise Unavailable("no relay answers")

    with structlog.testing.capture_logs() as lines:
        base.perform("delivery.example", away, (), own_transactions=own_transactions)
    assert lines[-1]["event"] == "task_left_to_sweeps"
    assert session.scalar(select(Heartbeat)) is None


def test_a_defect_is_raised(session: Session) -> None:
    with pytest.raises(ZeroDivisionError):
        base.perform("delivery.example", lambda own: 1 / 0, ())


def test_with_its_own_transactions_a_task_gets_ids_only(session: Session) -> None:
    heard: list[tuple[int, ...]] = []
    base.perform("delivery.example", lambda *ids: heard.append(ids), (3, 4), own_transactions=True)
    assert heard == [(3, 4)]
    assert session.scalars(select(Heartbeat.progress)).one() == "delivery.example 3 4"


def test_a_termination_asks_the_running_task_to_end_and_is_forgotten_by_the_next(session: Session) -> None:
    seen: list[bool] = []

    def long(own: Session) -> None:
        seen.append(stopping.should_stop())
        stopping._terminated(15, None)
        seen.append(stopping.should_stop())

    base.perform("delivery.example", long, ())
    base.perform("delivery.example", lambda own: seen.append(stopping.should_stop()), ())
    assert seen == [False, True, False]
