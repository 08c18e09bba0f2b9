"""Sending again and trying again: only whom it may concern, once per click, recorded, and the sum always holds."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.audience.models import Scope, Subscriber, Subscription, SubscriptionState, Suppression
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Batch, Delivery, DeliveryState, Message, MessageState, Requeue, Requeued
from curator.delivery.plan import cancel
from curator.delivery.requeue import requeues, resend, retry
from curator.delivery.sweep import has_claimable, sweep
from curator.errors import Conflict
from curator.issues.models import Issue, IssueState
from curator.reports.timeline import subscriber_view
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, claimed_by, hold, put_first

pytestmark = pytest.mark.usefixtures("redis_client")

BY = "editor@example.org"
READERS = 40
DOUBT = {"state": "unknown", "reason": "connection lost", "last_reply": "…", "owner": "x", "attempts": 1}


@pytest.fixture
def sent(committed: Session, settings: Settings) -> Delivery:
    """Sent: 5 in doubt, 35 accepted."""
    return _sent(committed, settings, 5, DOUBT)


def _sent(session: Session, settings: Settings, number: int, values: dict[str, Any]) -> Delivery:
    delivery = a_bare_delivery(session, settings, READERS)
    put_first(session, READERS, state="accepted", done_at=func.now(), attempts=1)
    put_first(session, number, **values)
    sweep(session, settings)
    session.commit()
    session.refresh(delivery)
    assert delivery.state is DeliveryState.SENT
    return delivery


def count(session: Session, delivery: Delivery) -> dict[str, int]:
    status = delivery_status(session, delivery.issue_id)
    terms = {name: status[name] for name in ("accepted", "failed", "unknown", "waiting", "excluded_total")}
    assert sum(terms.values()) == status["candidates"] == status["expected"] == READERS
    return {name: number for name, number in terms.items() if number}


def test_those_in_doubt_are_sent_again_under_the_same_identity(
    committed: Session, settings: Settings, sent: Delivery
) -> None:
    before = {row.id: row.message_id for row in committed.scalars(select(Message))}
    published = committed.get_one(Issue, sent.issue_id, populate_existing=True).sent_at
    act = resend(committed, sent.id, BY)
    committed.commit()
    assert act is not None and act.messages == 5
    assert (sent.state, sent.finished_at) == (DeliveryState.SENDING, None)
    assert count(committed, sent) == {"accepted": 35, "waiting": 5}
    again = claimed_by(settings, sent, "a").messages
    assert [(each.attempts, each.message_id) for each in again] == [(1, before[each.id]) for each in again]
    assert len(again) == 5
    hold(committed, None, seconds=0)
    put_first(committed, 5, state="accepted")
    sweep(committed, settings)
    committed.refresh(sent)
    assert sent.state is DeliveryState.SENT
    assert committed.get_one(Issue, sent.issue_id, populate_existing=True).sent_at == published


def test_what_they_were_is_kept(committed: Session, settings: Settings, sent: Delivery) -> None:
    resend(committed, sent.id, BY)
    kept = committed.scalars(select(Requeued)).all()
    assert {(row.reason, row.last_reply) for row in kept} == {("connection lost", "…")}
    assert [(act["was"], act["messages"], act["by"]) for act in requeues(committed, sent.id)] == [("unknown", 5, BY)]
    address = committed.get_one(Message, kept[0].message_id).address
    told = [(entry["what"], entry["detail"]) for entry in subscriber_view(committed, address, settings)["timeline"]]
    assert ("mail unknown", "connection lost; …") in told
    assert ("mail sent again", f"by {BY}") in told


def test_a_second_click_puts_nothing_back(committed: Session, sent: Delivery) -> None:
    act = resend(committed, sent.id, BY, seen=0)
    assert act is not None
    put_first(committed, 2, **DOUBT)  # in doubt once more, before the second click arrives
    assert resend(committed, sent.id, BY, seen=0) is None
    assert count(committed, sent)["unknown"] == 2
    assert resend(committed, sent.id, BY, seen=act.id) is not None


def _leave(session: Session) -> None:
    session.execute(update(Subscription).values(state=SubscriptionState.LEFT))


def _pause(session: Session) -> None:
    session.execute(update(Subscription).values(paused_until=date.today() + timedelta(days=9)))


def _bounce(session: Session) -> None:
    for hashed in session.scalars(select(Subscriber.address_hash)):
        session.add(Suppression(address_hash=hashed, scope=Scope.HARD_BOUNCE, reason="unknown user"))


@pytest.mark.parametrize("change", [_leave, _pause, _bounce])
@pytest.mark.parametrize("verb", [resend, retry])
def test_who_may_not_be_mailed_stays_as_they_are(
    committed: Session, settings: Settings, change: Callable[[Session], None], verb: Callable[..., Requeue | None]
) -> None:
    values = DOUBT if verb is resend else {"state": "rejected", "reason": "unknown user"}
    delivery = _sent(committed, settings, 5, values)
    before = count(committed, delivery)
    change(committed)
    committed.commit()
    with pytest.raises(Conflict, match="may still be mailed"):
        verb(committed, delivery.id, BY)
    committed.rollback()
    assert count(committed, delivery) == before
    assert committed.scalar(select(func.count()).select_from(Requeue)) == 0
    committed.refresh(delivery)
    assert delivery.state is DeliveryState.SENT


def test_those_who_failed_are_tried_again_by_reason(committed: Session, settings: Settings) -> None:
    delivery = _sent(committed, settings, 6, {"state": "rejected", "reason": "unknown user"})
    put_first(committed, 2, reason="mailbox full")
    put_first(committed, 1, reason=None)
    assert delivery_status(committed, delivery.issue_id)["failed_reasons"] == {
        "unknown user": 4,
        "mailbox full": 1,
        "refused": 1,
    }
    for reason, number in (("mailbox full", 1), ("refused", 1), (None, 4)):
        act = retry(committed, delivery.id, BY, reason=reason)
        assert act is not None and (act.messages, act.reason) == (number, reason)
    assert count(committed, delivery) == {"accepted": 34, "waiting": 6}
    with pytest.raises(Conflict, match="“mailbox full”"):
        retry(committed, delivery.id, BY, reason="mailbox full")


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (DeliveryState.SENT, DeliveryState.SENDING),
        (DeliveryState.CANCELLED, DeliveryState.SENDING),
        (DeliveryState.SENDING, DeliveryState.SENDING),
        (DeliveryState.PAUSED, DeliveryState.PAUSED),
    ],
)
def test_what_ended_goes_on_and_what_is_paused_stays_so(
    committed: Session, sent: Delivery, state: DeliveryState, after: DeliveryState
) -> None:
    sent.state = state
    resend(committed, sent.id, BY)
    assert sent.state is after
    assert has_claimable(committed, sent.id) is (after is DeliveryState.SENDING)
    assert committed.scalars(select(Batch.is_open)).first() is True


@pytest.mark.parametrize("state", [DeliveryState.SCHEDULED, DeliveryState.FREEZING, DeliveryState.HOLDING, None])
def test_others_take_nothing_back(committed: Session, sent: Delivery, state: DeliveryState | None) -> None:
    sent.state = state or DeliveryState.CANCELLED
    if state is None:
        sent.finished_at = None
    committed.commit()
    with pytest.raises(Conflict, match="takes nothing back yet"):
        resend(committed, sent.id, BY)


def test_an_issue_that_is_a_draft_again_is_sent_anew_instead(committed: Session, settings: Settings) -> None:
    """Its words may have changed since, and a new Send mails the same people."""
    delivery = _sent(committed, settings, READERS, {"state": "rejected", "reason": "refused"})
    delivery.state = DeliveryState.CANCELLED
    committed.execute(update(Issue).values(state=IssueState.DRAFT))
    committed.commit()
    with pytest.raises(Conflict, match="send it anew"):
        retry(committed, delivery.id, BY)


def test_a_cancel_leaves_in_doubt_what_was_in_doubt(committed: Session, settings: Settings) -> None:
    """They may have the first copy, so neither "cancelled" nor a draft would be the truth."""
    delivery = _sent(committed, settings, READERS, DOUBT)
    put_first(committed, 3, state="rejected", reason="mailbox full")
    resend(committed, delivery.id, BY)
    retry(committed, delivery.id, BY)
    cancel(committed, delivery.id, BY)
    assert count(committed, delivery) == {"unknown": READERS - 3, "excluded_total": 3}
    assert committed.get_one(Issue, delivery.issue_id, populate_existing=True).state is IssueState.SENT


def test_messages_of_a_batch_in_work_are_put_back_too(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, READERS)
    found = claimed_by(settings, delivery, "a")
    committed.execute(update(Message).where(Message.id == found.messages[0].id).values(**DOUBT))
    committed.commit()
    act = resend(committed, delivery.id, BY)
    assert act is not None and act.messages == 1
    assert committed.get_one(Batch, found.batch_id, populate_existing=True).owner == "a"
    assert count(committed, delivery) == {"waiting": READERS}
    assert committed.get_one(Message, found.messages[0].id, populate_existing=True).state is MessageState.PENDING


def test_a_pilot_is_judged_anew_after_it_was_sent_again(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 100, 40)
    put_first(committed, 40, **DOUBT)
    sweep(committed, settings)
    committed.refresh(delivery)
    assert delivery.state is DeliveryState.HOLDING
    delivery.state = DeliveryState.PAUSED
    resend(committed, delivery.id, BY)
    delivery.state = DeliveryState.SENDING
    committed.flush()
    sweep(committed, settings)
    committed.refresh(delivery)
    assert (delivery.state, delivery.hold_until) == (DeliveryState.SENDING, None)
    put_first(committed, 40, state="accepted")
    sweep(committed, settings)
    committed.refresh(delivery)
    assert (delivery.state, delivery.hold_until is None) == (DeliveryState.HOLDING, False)
