"""The tasks of the delivery stage, called as a worker calls them."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.delivery.models import Delivery, DeliveryState, Notice
from curator.delivery.notices import send_sign_in
from curator.delivery.plan import send_issue
from curator.errors import TemplateFailed
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery, an_issue_to_send
from tests.delivery.test_thanks import publish, tip
from tests.issues.rows import a_newsletter
from tests.sink import Faults, Sink
from workers import delivery as tasks

pytestmark = pytest.mark.usefixtures("redis_client")


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    heard: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks, "ring_now", lambda *what: heard.append(what))
    monkeypatch.setattr("curator.doorbell.ring_now", lambda *what: heard.append(what))
    return heard


def state_and_reason(session: Session, delivery: Delivery) -> tuple[DeliveryState, str | None]:
    session.rollback()
    session.refresh(delivery)
    return delivery.state, delivery.reason


def test_freezing_rings_for_slices(committed: Session, settings: Settings, rung: list[tuple[Any, ...]]) -> None:
    issue = an_issue_to_send(committed, settings, 2, 25)
    delivery = send_issue(committed, issue.id, by="editor@example.org", now=True, settings=settings)
    committed.commit()
    tasks.freeze_delivery(delivery.id)
    tasks.freeze_delivery(delivery.id)
    assert state_and_reason(committed, delivery) == (DeliveryState.SENDING, None)
    assert set(rung) == {("delivery.slice", delivery.id)}


def test_a_design_that_breaks_between_check_and_freeze_pauses(
    committed: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = an_issue_to_send(committed, settings, 2, 25)
    delivery = send_issue(committed, issue.id, by="editor@example.org", now=True, settings=settings)
    committed.commit()

    def fail(*_: object, **__: object) -> None:
        raise TemplateFailed("Line 3 is wrong.")

    monkeypatch.setattr("curator.delivery.freeze.make_edition", fail)
    tasks.freeze_delivery(delivery.id)
    state, reason = state_and_reason(committed, delivery)
    assert state is DeliveryState.PAUSED
    assert "Line 3 is wrong." in str(reason)


def test_a_slice_that_leaves_something_rings_for_the_next(
    committed: Session, settings: Settings, rung: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "get_settings", lambda: settings.model_copy(update={"slice_seconds": 0.4}))
    with Sink(tmp_path / "log", faults=Faults(delay=0.05)) as sink:
        delivery = a_frozen_delivery(committed, settings, 400, sink.port, connections=2)
        rung.clear()
        tasks.send_slice(delivery.id)
        assert 0 < sink.accepted < 400
    assert rung == [("delivery.slice", delivery.id)]


def test_a_slice_makes_way_for_somebody_who_waits_for_a_link(
    committed: Session, settings: Settings, rung: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "FIRST_LOOK_SECONDS", 1.5)  # a busy machine needs a while for the first mail
    with Sink(tmp_path / "log", faults=Faults(delay=0.05)) as sink:
        delivery = a_frozen_delivery(committed, settings, 2000, sink.port, connections=2)
        send_sign_in(committed, "boss@example.org", "https://news.example.org/sign-in/x", settings)
        committed.commit()
        rung.clear()
        tasks.send_slice(delivery.id)
        assert 0 < sink.accepted < 2000
        assert rung == [("delivery.slice", delivery.id)]
        assert tasks.send_notices() is None
    assert sink.recipients()["boss@example.org"] == 1


def test_contributors_are_thanked_by_a_task(
    committed: Session, settings: Settings, rung: list[tuple[Any, ...]]
) -> None:
    newsletter = a_newsletter(committed, language="en")
    tip(committed, newsletter, settings, "anna@example.org")
    publish(committed, newsletter)
    committed.commit()
    for _ in range(2):
        tasks.thank()
    assert [one.address for one in committed.scalars(select(Notice))] == ["anna@example.org"]
    assert ("delivery.notices",) in rung
