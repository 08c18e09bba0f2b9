"""A slice from claim to outcome against a sink, over every way a message can end."""

from pathlib import Path

from sqlalchemy.orm import Session

from curator.delivery.engine import SliceResult, run_slice
from curator.delivery.models import Delivery, DeliveryState, MessageState
from curator.issues.models import Issue, IssueState
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery, states
from tests.sink import Sink


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
