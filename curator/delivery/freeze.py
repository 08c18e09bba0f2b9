"""Freezing: the edition and the audience of a delivery, fixed in one transaction together with the number expected.

After it neither an edit of the issue nor a new subscriber changes what is sent or to whom. Excluded people are rows
too, with the reason, so that every candidate is accounted for.
"""

import secrets

from sqlalchemy import ColumnElement, Text, Uuid, and_, case, func, insert, literal, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from curator.audience.eligible import candidates
from curator.delivery import batches
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.pilot_rule import MOST_OF_AUDIENCE, pilot_size
from curator.doorbell import ring
from curator.editions.edition import make_edition
from curator.issues.approval import refuse_unapproved
from curator.issues.models import Newsletter, Tracking
from curator.settings import Settings

_COUNTED = select(func.count(), func.count().filter(Message.state == MessageState.PENDING))

SLICES_AT_START = 2
"""Slices rung for when a delivery starts. The sweep rings for more as long as idle workers answer."""


def begin_freezing(session: Session, delivery_id: int) -> bool:
    """`scheduled` and due becomes `freezing`, for everybody to see. False when it is not due or already further."""
    delivery = _locked(session, delivery_id)
    if delivery is None:
        return False
    delivery.state = DeliveryState.FREEZING
    session.flush()
    return True


def freeze(session: Session, delivery_id: int, settings: Settings) -> Delivery | None:
    """Edition, audience and `expected`, then `sending`. None when another process does it or it is not due.

    `TemplateFailed` and other refusals leave nothing behind: see `fail_freezing`.
    """
    delivery = _locked(session, delivery_id)
    if delivery is None:
        return None
    newsletter = session.get_one(Newsletter, delivery.newsletter_id)
    refuse_unapproved(session, delivery.issue_id)  # settings may have changed since Send
    edition = make_edition(
        session, delivery.issue_id, public_url=settings.public_url, inbound_domain=settings.inbound_domain
    )
    delivery.edition_id = edition.id
    most = 0.0 if delivery.pilot == 0 else max(settings.pilot_share, MOST_OF_AUDIENCE)
    _freeze_audience(session, delivery, newsletter, sample=min(2 * most, 1.0))
    delivery.expected, mailed = session.execute(_COUNTED.where(Message.delivery_id == delivery.id)).one()
    if delivery.pilot is None:
        delivery.pilot = pilot_size(mailed, share=settings.pilot_share, least=settings.pilot_least)
    batches.cut(session, delivery.id, mailed, delivery.pilot)
    delivery.state, delivery.reason = DeliveryState.SENDING, None
    delivery.frozen_at = delivery.started_at = session.scalar(select(func.clock_timestamp()))
    session.flush()
    for _ in range(SLICES_AT_START):
        ring(session, "delivery.slice", delivery.id)
    return delivery


def fail_freezing(session: Session, delivery_id: int, reason: str) -> None:
    """Pause a delivery that could not be frozen. It can be undone, corrected and sent again, or resumed."""
    delivery = _locked(session, delivery_id)
    if delivery is not None:
        delivery.state, delivery.reason = DeliveryState.PAUSED, reason
        session.flush()


def _locked(session: Session, delivery_id: int) -> Delivery | None:
    """The delivery if it is due to be frozen and nobody else holds it."""
    return session.scalar(
        select(Delivery)
        .where(
            Delivery.id == delivery_id,
            or_(
                Delivery.state == DeliveryState.FREEZING,
                and_(Delivery.state == DeliveryState.SCHEDULED, Delivery.scheduled_at <= func.clock_timestamp()),
            ),
        )
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


def _freeze_audience(session: Session, delivery: Delivery, newsletter: Newsletter, *, sample: float) -> None:
    """One INSERT … SELECT: nobody twice. A share of them drawn by lot comes first, for the pilot to be taken from."""
    people = candidates(newsletter.id).subquery("candidate")
    is_individual = {
        Tracking.INDIVIDUAL: people.c.tracking_consent,
        Tracking.HYGIENE: literal(True),  # its own pixel, of which only the date is kept
    }.get(newsletter.tracking, literal(False))
    is_mailed = people.c.reason.is_(None)
    # 128 bits of a hash with a salt nobody keeps: asking the system for random numbers a million times takes seconds.
    salted = func.convert_to(literal(secrets.token_hex(16)) + sql_cast(people.c.subscriber_id, Text), "UTF8")
    identity = func.substr(func.encode(func.sha256(salted), "hex"), 1, 32)
    rows = select(
        literal(delivery.id),
        people.c.subscriber_id,
        people.c.subscription_id,
        people.c.address,
        people.c.name,
        is_individual,
        sql_cast(identity, Uuid),
        case((is_mailed, MessageState.PENDING.value), else_=MessageState.SUPPRESSED.value),
        people.c.reason,
        case((is_mailed, None), else_=func.clock_timestamp()),
    ).order_by(_lot(people.c.subscriber_id, delivery.id, sample).nulls_last(), people.c.subscriber_id)
    columns = (
        Message.delivery_id,
        Message.subscriber_id,
        Message.subscription_id,
        Message.address,
        Message.name,
        Message.is_individual,
        Message.message_id,
        Message.state,
        Message.reason,
        Message.done_at,
    )
    session.execute(insert(Message).from_select([column.key for column in columns], rows))


def _lot(subscriber_id: ColumnElement[int], delivery_id: int, sample: float) -> ColumnElement[int]:
    """A number for those who are drawn, another one for the next delivery; NULL for the rest.

    They stay in the order of the indexes: to shuffle all of a million rows took two thirds more of the database's time.
    """
    number = func.hashint8extended(subscriber_id, delivery_id)
    return case((number.op("&")(1023) < round(1024 * sample), number))
