"""A process whose slice mostly waits sends other deliveries beside it; one that is busy does not."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.delivery import company
from curator.delivery.company import MOST_GUESTS, Slice, send_in_company
from curator.delivery.engine import run_slice
from curator.delivery.freeze import freeze
from curator.delivery.models import Delivery, DeliveryState
from curator.delivery.plan import send_issue
from curator.delivery.relays import set_relay
from curator.issues.compose import add_item, create_issue
from curator.issues.newsletters import create_newsletter
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery, add_readers
from tests.issues.rows import an_article
from tests.sink import Sink


async def waiting(seconds: float) -> Counter[str]:
    await asyncio.sleep(seconds)
    return Counter(accepted=1)


async def busy(seconds: float) -> Counter[str]:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        await asyncio.sleep(0)
    return Counter(accepted=2)


class Queue:
    """Deliveries 2, 3, 4 … that could be sent, each once at a time."""

    def __init__(self, seconds: float = 0.2) -> None:
        self.invited: list[int] = []
        self._seconds = seconds

    async def invite(self, here: Collection[int]) -> tuple[int, Slice] | None:
        delivery_id = next(n for n in range(2, 99) if n not in here)
        self.invited.append(delivery_id)
        return delivery_id, waiting(self._seconds)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "LOOK_SECONDS", 0.05)


def test_one_that_waits_has_guests_up_to_a_limit() -> None:
    queue = Queue(seconds=10)
    assert asyncio.run(hosted(waiting(0.5), queue, all_end=False)) == Counter(accepted=1)
    assert queue.invited == list(range(2, 2 + MOST_GUESTS))


async def hosted(host: Slice, queue: Queue, *, all_end: bool = True) -> Counter[str]:
    if all_end:
        return await send_in_company(1, host, queue.invite)
    sending = asyncio.create_task(send_in_company(1, host, queue.invite))
    await asyncio.sleep(0.7)
    for task in asyncio.all_tasks() - {asyncio.current_task(), sending}:  # guests of ten seconds
        task.cancel()
    return await sending


def test_one_that_keeps_its_process_busy_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company, "BUSY", 0.05)  # the machine may be busy with something else,
    monkeypatch.setattr(company, "LOOK_SECONDS", 0.4)  # for longer than a look
    queue = Queue()
    assert asyncio.run(hosted(busy(1.0), queue)) == Counter(accepted=2)
    assert queue.invited == []


def test_guests_end_by_themselves_and_are_waited_for() -> None:
    queue = Queue(seconds=0.3)
    began = time.monotonic()
    asyncio.run(hosted(waiting(0.1), queue))
    assert queue.invited
    assert 0.3 < time.monotonic() - began < 1


def test_a_limited_delivery_holds_up_no_other(committed: Session, settings: Settings, tmp_path: Path) -> None:
    with Sink(tmp_path / "slow") as slow, Sink(tmp_path / "free") as free:
        limited = a_frozen_delivery(committed, settings, 100, slow.port, rate=5)
        newsletter = create_newsletter(committed, "other", name="Other", from_address="desk@other.example")
        newsletter.relay_id = set_relay(committed, "free", host="127.0.0.1", port=free.port, security="none").id
        issue = create_issue(committed, newsletter.id, "Other", by="editor@example.org")
        add_item(committed, issue.id, an_article(committed, newsletter).id, issue.sections[0].name, "Een zin.")
        add_readers(committed, settings, newsletter, [f"o{number}@other.example" for number in range(200)])
        other = send_issue(committed, issue.id, by="editor@example.org", now=True, settings=settings)
        freeze(committed, other.id, settings)
        committed.commit()
        short = settings.model_copy(update={"slice_seconds": 4.0})
        result = run_slice(limited.id, settings=short, should_stop=lambda: False)
    assert 0 < result.sent <= 21
    assert free.recipients().total() == 200
    committed.rollback()
    assert committed.get_one(Delivery, other.id, populate_existing=True).state is DeliveryState.SENT
    assert committed.get_one(Delivery, limited.id, populate_existing=True).state is DeliveryState.SENDING
