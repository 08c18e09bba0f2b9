"""Freezing: what identifies a row, and what becomes of it when its delivery or its subscription goes."""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from curator.audience.models import Subscription
from curator.delivery.freeze import freeze
from curator.delivery.models import Batch, Delivery, Message
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery, claimed_by, marked_by

READERS = 40


def identities(session: Session, delivery: Delivery) -> set[str]:
    found = session.scalars(select(Message.message_id).where(Message.delivery_id == delivery.id)).all()
    assert len(found) == READERS
    return {identity.hex for identity in found}


def test_no_two_messages_share_an_identity_not_even_of_two_freezings(committed: Session, settings: Settings) -> None:
    delivery = a_frozen_delivery(committed, settings, READERS, 25)
    first = identities(committed, delivery)
    committed.execute(delete(Message))
    committed.execute(delete(Batch))
    delivery.state = "freezing"  # type: ignore[assignment]
    committed.flush()
    assert freeze(committed, delivery.id, settings)
    second = identities(committed, delivery)
    assert len(first) == len(second) == READERS and not first & second


def test_the_messages_of_a_delivery_go_with_it(committed: Session, settings: Settings) -> None:
    delivery = a_frozen_delivery(committed, settings, READERS, 25)
    committed.execute(delete(Delivery).where(Delivery.id == delivery.id + 1))
    assert committed.scalar(select(func.count()).select_from(Message)) == READERS
    committed.execute(delete(Delivery))
    assert committed.scalar(select(func.count()).select_from(Message)) == 0
    assert committed.scalar(select(func.count()).select_from(Batch)) == 0


def test_who_unsubscribes_without_a_trace_is_not_mailed(committed: Session, settings: Settings) -> None:
    """The row still names a subscription that is gone: it gets no marker, before the claim or after it."""
    delivery = a_frozen_delivery(committed, settings, READERS, 25)
    gone, later = committed.scalars(select(Message.subscription_id).order_by(Message.id).limit(2)).all()
    committed.execute(delete(Subscription).where(Subscription.id == gone))
    committed.commit()
    claim = claimed_by(settings, delivery, "host:1:a")
    assert [message.may_mail for message in claim.messages[:3]] == [False, True, True]
    committed.execute(delete(Subscription).where(Subscription.id == later))
    committed.commit()
    marked = marked_by(settings, "host:1:a", list(claim.messages[:3]), None, delivery)
    assert marked == {claim.messages[2].id}
