"""Refusals enter the record once; the hard ones suppress at once, soft ones in time, ours nobody."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.audience.models import Scope, Subscriber, Suppression
from curator.delivery.batches import settle
from curator.delivery.bounce_rules import BounceClass
from curator.delivery.bounces import enter_bounces, follow
from curator.delivery.engine import run_slice
from curator.delivery.models import Bounce, Delivery, DeliveryState, Message, MessageState, Source
from curator.reports.issue_report import issue_report
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, a_frozen_delivery
from tests.sink import Faults, Sink

NOW = datetime.now(UTC)


def refuse(session: Session, delivery: Delivery, *replies: str) -> None:
    """The first messages of the delivery were refused with these words."""
    messages = session.scalars(select(Message).where(Message.delivery_id == delivery.id).order_by(Message.id)).all()
    for message, reply in zip(messages, replies, strict=False):
        message.state, message.last_reply, message.done_at = MessageState.REJECTED, reply, NOW
    settle(session, delivery.id)
    session.commit()


def suppressed(session: Session) -> dict[str, str]:
    """Address to reason of everybody suppressed for bouncing."""
    rows = session.execute(
        select(Subscriber.address, Suppression.reason)
        .join(Suppression, Suppression.address_hash == Subscriber.address_hash)
        .where(Suppression.scope == Scope.HARD_BOUNCE)
    )
    return dict(rows.all())  # type: ignore[arg-type]


def test_what_was_refused_is_entered_once_and_hard_ones_are_suppressed(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 6)
    refuse(
        committed,
        delivery,
        "550 5.1.1 <R0@example.org>: user unknown",
        "552 5.2.2 mailbox full",
        "554 5.7.1 blocked using a list",
        "451 4.3.0 later",
        "not one address",
    )
    assert enter_bounces(committed) == 5
    assert enter_bounces(committed, delivery.id) == 0
    rows = committed.scalars(select(Bounce).order_by(Bounce.message_id)).all()
    assert [(row.kind, row.is_hard, row.code, row.status) for row in rows] == [
        (BounceClass.RECIPIENT, True, 550, "5.1.1"),
        (BounceClass.MAILBOX_FULL, False, 552, "5.2.2"),
        (BounceClass.BLOCK, False, 554, "5.7.1"),
        (BounceClass.OTHER, False, 451, "4.3.0"),
        (BounceClass.RECIPIENT, False, None, ""),
    ]
    assert rows[0].text == "5.1.1 <…>: user unknown"
    assert {row.source for row in rows} == {Source.SESSION}
    assert {row.newsletter_id for row in rows} == {delivery.newsletter_id}
    assert suppressed(committed) == {"r0@example.org": "hard bounce"}
    assert issue_report(committed, delivery.issue_id)["bounces"] == 5


def test_a_slice_enters_what_it_was_refused(committed: Session, settings: Settings, tmp_path: Path) -> None:
    plan = {"rcpt": [(0.3, "550 5.1.1 nobody here"), (0.2, "552 5.2.2 full")]}
    with Sink(tmp_path / "log", faults=Faults(5, plan)) as sink:
        delivery = a_frozen_delivery(committed, settings, 40, sink.port)
        result = run_slice(delivery.id, settings=settings, should_stop=lambda: False)
    committed.rollback()
    kinds = dict(committed.execute(select(Bounce.kind, func.count()).group_by(Bounce.kind)).all())  # type: ignore[arg-type]
    assert sum(kinds.values()) == result.rejected > 0
    assert len(suppressed(committed)) == kinds[BounceClass.RECIPIENT]
    assert issue_report(committed, delivery.issue_id)["bounces"] == result.rejected


def test_the_sweep_finds_what_ended_within_the_hour_and_no_older(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 2)
    refuse(committed, delivery, "550 5.1.1 no")
    values = {"state": DeliveryState.SENT, "finished_at": NOW - timedelta(hours=2)}
    committed.execute(update(Delivery).values(**values))
    assert enter_bounces(committed) == 0
    committed.execute(update(Delivery).values(finished_at=NOW - timedelta(minutes=5)))
    assert enter_bounces(committed) == 1


def past_bounces(session: Session, subscriber_id: int, kind: BounceClass, *days_ago: int) -> None:
    for days in days_ago:
        at = NOW - timedelta(days=days)
        session.add(Bounce(subscriber_id=subscriber_id, source=Source.MAIL, kind=kind, is_hard=False, at=at))
    session.flush()


@pytest.mark.parametrize(
    ("kind", "delivered_days_ago", "count"),
    [
        (BounceClass.MAILBOX_FULL, None, 1),
        (BounceClass.MAILBOX_FULL, 10, 0),
        (BounceClass.MAILBOX_FULL, 30, 1),
        (BounceClass.BLOCK, None, 0),
        (BounceClass.POLICY, None, 0),
    ],
)
def test_soft_bounces_suppress_unless_a_mail_arrived_between(
    committed: Session, settings: Settings, kind: BounceClass, delivered_days_ago: int | None, count: int
) -> None:
    delivery = a_bare_delivery(committed, settings, 1)
    message = committed.scalars(select(Message).where(Message.delivery_id == delivery.id)).one()
    assert message.subscriber_id is not None
    past_bounces(committed, message.subscriber_id, kind, 20, 15, 9, 5, 1)
    if delivered_days_ago is not None:
        message.state, message.done_at = MessageState.ACCEPTED, NOW - timedelta(days=delivered_days_ago)
        committed.flush()
    assert follow(committed, {message.subscriber_id}) == count
    assert len(suppressed(committed)) == count


def test_a_message_that_came_back_by_mail_is_no_delivery(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 1)
    message = committed.scalars(select(Message).where(Message.delivery_id == delivery.id)).one()
    assert message.subscriber_id is not None
    message.state, message.done_at = MessageState.ACCEPTED, NOW - timedelta(days=2)
    past_bounces(committed, message.subscriber_id, BounceClass.MAILBOX_FULL, 20, 15, 9, 5)
    committed.add(
        Bounce(
            message_id=message.id,
            subscriber_id=message.subscriber_id,
            source=Source.MAIL,
            kind=BounceClass.MAILBOX_FULL,
            is_hard=False,
            at=NOW,
        )
    )
    committed.flush()
    assert follow(committed, {message.subscriber_id}) == 1
    assert issue_report(committed, delivery.issue_id)["bounces"] == 1
