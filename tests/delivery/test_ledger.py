"""The equation, its terms by reason, pages and the export."""

import csv
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.delivery.batches import settle
from curator.delivery.ledger import COLUMNS, delivery_status, export_csv, page_of_messages
from curator.delivery.models import Delivery, Message, MessageState
from curator.errors import NotFound
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, hold

OUTCOMES: Sequence[tuple[str, str | None]] = (
    ("accepted", None),
    ("accepted", None),
    ("pending", None),
    ("pending", None),
    ("attempting", None),
    ("deferred", "relay asked to wait (451)"),
    ("rejected", "unknown user"),
    ("rejected", "mailbox full"),
    ("unknown", "connection lost"),
    ("suppressed", "unsubscribed"),
    ("suppressed", "bounced"),
    ("cancelled", "cancelled"),
)


@pytest.fixture
def delivery(committed: Session, settings: Settings) -> Delivery:
    made = a_bare_delivery(committed, settings, len(OUTCOMES))
    for message, (state, reason) in zip(committed.query(Message).order_by(Message.id), OUTCOMES, strict=True):
        message.state, message.reason = MessageState(state), reason
        message.done_at = committed.scalar(select(func.clock_timestamp()))
    settle(committed, made.id)
    return made


def test_the_equation_holds_and_opens(committed: Session, delivery: Delivery) -> None:
    status = delivery_status(committed, delivery.issue_id)
    assert status["candidates"] == status["expected"] == len(OUTCOMES)
    assert (status["accepted"], status["failed"], status["unknown"]) == (2, 2, 1)
    assert (status["waiting"], status["excluded_total"]) == (4, 3)
    assert status["excluded"] == {"unsubscribed": 1, "bounced": 1, "cancelled": 1}
    assert status["failed_reasons"] == {"unknown user": 1, "mailbox full": 1}
    assert sum(status["counts"].values()) == status["candidates"]
    assert set(status["counts"]) == {state.value for state in MessageState}
    assert status["rate"] > 0
    assert status["state"] == "sending"
    assert status["started_at"].endswith("+00:00")


def test_it_holds_while_a_worker_changes_what_it_holds(committed: Session, delivery: Delivery) -> None:
    before = delivery_status(committed, delivery.issue_id)
    hold(committed, "host:1:a", seconds=60)
    held = delivery_status(committed, delivery.issue_id)
    assert (held["counts"]["claimed"], held["counts"]["pending"]) == (2, 0)
    timed = {"counts": 0, "rate": 0, "average_rate": 0}
    assert {**held, **timed} == {**before, **timed}
    row = committed.query(Message).filter(Message.state == MessageState.PENDING).first()
    assert row is not None
    row.state = MessageState.ACCEPTED
    committed.flush()
    after = delivery_status(committed, delivery.issue_id)
    assert (after["accepted"], after["waiting"]) == (3, 3)


def test_an_issue_without_a_delivery(committed: Session, delivery: Delivery) -> None:
    with pytest.raises(NotFound):
        delivery_status(committed, delivery.issue_id + 1)


def test_pages_go_on_after_the_last_row(committed: Session, delivery: Delivery) -> None:
    first = page_of_messages(committed, delivery.id, limit=5)
    rest = page_of_messages(committed, delivery.id, after=first[-1].id)
    assert [row.address for row in (*first, *rest)] == [f"r{n}@example.org" for n in range(len(OUTCOMES))]
    assert [row.address for row in page_of_messages(committed, delivery.id, state="unknown")] == ["r8@example.org"]
    assert [row.address for row in page_of_messages(committed, delivery.id, reason="bounced")] == ["r10@example.org"]


def test_the_export_has_every_row_and_nothing_that_computes(committed: Session, delivery: Delivery) -> None:
    first = committed.query(Message).order_by(Message.id).first()
    assert first is not None
    first.address, first.last_reply = "=sum@example.org", '550 "a,b"\r\nc'
    committed.flush()
    lines = list(export_csv(committed, delivery.issue_id))
    found = list(csv.DictReader(lines))
    assert tuple(found[0]) == COLUMNS
    assert len(found) == len(OUTCOMES)
    assert found[0]["address"] == "'=sum@example.org"
    assert found[0]["last_reply"] == '550 "a,b"\r\nc'
    assert found[0]["message_id"] == f"<{first.message_id.hex}@example.org>"
    assert [row["state"] for row in found] == [state for state, _ in OUTCOMES]
