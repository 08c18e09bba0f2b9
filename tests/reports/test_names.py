"""The names behind every term and reason, page by page, by address, while batches are free and while they are held."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from curator.audience.models import Subscriber
from curator.delivery.batches import settle
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Delivery, Message, MessageState
from curator.reports import names
from curator.reports.names import Term, find, names_of
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, hold

READERS = 200
ENDS: Sequence[tuple[str, str | None]] = (
    ("accepted", None),
    ("accepted", None),
    ("pending", None),
    ("attempting", None),
    ("deferred", "relay asked to wait (451)"),
    ("rejected", "unknown user"),
    ("rejected", None),
    ("unknown", "connection lost"),
    ("suppressed", "unsubscribed"),
    ("suppressed", None),
    ("cancelled", "cancelled"),
)


@pytest.fixture
def delivery(committed: Session, settings: Settings) -> Delivery:
    """200 readers in seven batches, every end in each."""
    made = a_bare_delivery(committed, settings, READERS)
    for place, message in enumerate(committed.query(Message).order_by(Message.id)):
        state, message.reason = ENDS[place % len(ENDS)]
        message.state = MessageState(state)
        message.done_at = message.not_before = datetime.now(UTC)
    settle(committed, made.id)
    return made


def all_of(session: Session, delivery: Delivery, term: Term, reason: str = "", limit: int = 7) -> list[str]:
    """Every name of a term, page after page."""
    found, after = list[str](), 0
    while True:
        page = names_of(session, delivery.id, term, reason=reason, after=after, limit=limit)
        found += [row.address for row in page.rows]
        if page.next_after is None:
            return found
        after = page.next_after


@pytest.mark.parametrize("held", [False, True])
def test_every_number_opens_to_as_many_names(committed: Session, delivery: Delivery, held: bool) -> None:
    if held:
        hold(committed, "host:1:a", seconds=60)
    status = delivery_status(committed, delivery.issue_id)
    seen: list[str] = []
    for term, total in (("excluded", "excluded_total"), *((term, term) for term in Term if term != "excluded")):
        found = all_of(committed, delivery, Term(term))
        assert len(found) == status[total] > 0
        seen += found
    assert sorted(seen) == sorted(f"r{number}@example.org" for number in range(READERS))
    waiting = {state: status["counts"][state] for state in ("pending", "claimed", "attempting", "deferred")}
    parts = {Term.EXCLUDED: status["excluded"], Term.FAILED: status["failed_reasons"], Term.WAITING: waiting}
    for term, reasons in parts.items():
        assert {each: len(all_of(committed, delivery, Term(term), each)) for each in reasons} == reasons


def test_only_batches_with_the_reason_are_opened(committed: Session, delivery: Delivery) -> None:
    """A tally that hides a reason hides its messages: nothing else is read."""
    committed.query(Message).filter(Message.reason == "unknown user").update({"reason": "mailbox full"})
    assert all_of(committed, delivery, Term.FAILED, "mailbox full") == []
    settle(committed, delivery.id)
    assert len(all_of(committed, delivery, Term.FAILED, "mailbox full")) == READERS // len(ENDS)


@pytest.mark.parametrize("text", ["r11@example.org", " R11@Example.ORG ", "r11@"])
def test_one_reader_is_found(committed: Session, delivery: Delivery, text: str) -> None:
    found = find(committed, delivery.id, text)
    assert [row.address for row in found.rows] == ["r11@example.org"] and found.next_after is None
    assert found.rows[0].state is MessageState.ACCEPTED


def test_addresses_that_begin_alike_come_in_order(committed: Session, delivery: Delivery) -> None:
    found = find(committed, delivery.id, "r11", limit=5)
    assert [row.address for row in found.rows] == [f"r11{n}@example.org" for n in ("0", "1", "2", "3", "4")]
    assert found.next_after is not None


@pytest.mark.parametrize("text", ["nobody@example.org", "%", "_", "", "  ", "r11%"])
def test_nobody_is_found_by_what_no_address_begins_with(committed: Session, delivery: Delivery, text: str) -> None:
    assert find(committed, delivery.id, text) == names.Names([], None)


def test_readers_of_other_deliveries_are_not_found(committed: Session, delivery: Delivery) -> None:
    assert find(committed, delivery.id + 1, "r11").rows == []


def test_it_says_when_it_did_not_look_at_everybody(
    committed: Session, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_LOOKED_AT", 10)
    assert find(committed, delivery.id, "r").next_after is not None
    committed.query(Subscriber).filter(Subscriber.address_key.like("r1%")).update({"address_key": Subscriber.id})
    assert find(committed, delivery.id, "r11").next_after is None
