"""Signing up: a request, then a confirmation. Known, unknown and suppressed addresses are treated alike outwardly.

Nobody is mailed before they confirm. At most one confirmation mail per mailbox and newsletter a day, three per
mailbox: whoever types a victim's address a thousand times reaches them three times.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.audience.addresses import Address, address_hash, canonical, mailbox_key
from curator.audience.clean import clean_language, clean_name
from curator.audience.consent import append_consent
from curator.audience.models import Consent, ConsentAction, Purpose, Subscriber, Subscription, SubscriptionState
from curator.audience.suppress import suppressed_scopes
from curator.errors import Conflict, NotFound
from curator.settings import Settings

ONE_NEWSLETTER_PER_DAY = 1
ALL_NEWSLETTERS_PER_DAY = 3
_DAY = timedelta(days=1)


class Requested(NamedTuple):
    """What a request led to. Tell the asker the same in every case."""

    subscription: Subscription | None
    needs_confirmation: bool


def request(
    session: Session,
    newsletter_id: int,
    address: str,
    *,
    name: str = "",
    language: str = "",
    tracking: bool = False,
    form: str,
    wording: str,
    machine: str | None = None,
    settings: Settings,
) -> Requested:
    """Somebody asks for the newsletter at this address. `Invalid` when it is no address.

    `needs_confirmation` says that a confirmation mail is due now; it is False for people who have the newsletter,
    for suppressed addresses and when the day's confirmations for the mailbox are used up.
    """
    canonic = canonical(address)
    hashed = address_hash(canonic.key, settings.secret("pepper"))
    _one_at_a_time(session, canonic)
    if suppressed_scopes(session, hashed, newsletter_id):
        return Requested(None, False)
    if not _may_be_asked(session, newsletter_id, canonic):
        return Requested(_find(session, newsletter_id, canonic), False)
    subscriber = _subscriber(session, canonic, hashed, clean_name(name), clean_language(language))
    subscription = _subscription(session, subscriber, newsletter_id)
    if subscription.state is SubscriptionState.ACTIVE:
        return Requested(subscription, False)
    for purpose in (Purpose.MAIL, Purpose.TRACKING) if tracking else (Purpose.MAIL,):
        append_consent(
            session,
            subscription,
            ConsentAction.REQUESTED,
            purpose=purpose,
            wording=wording,
            language=language,
            form=form,
            machine=machine,
        )
    return Requested(subscription, True)


def confirm(
    session: Session, subscription_id: int, *, form: str, wording: str, machine: str | None = None
) -> Subscription:
    """The person confirms: mail from now on, and measuring if they asked for it. Again changes nothing.

    `NotFound` when the request was deleted unconfirmed; `Conflict` when the person left after asking, or is suppressed.
    """
    subscription = lock_subscription(session, subscription_id)
    if subscription.state is SubscriptionState.ACTIVE:
        return subscription
    asked_at = _last_asked(session, subscription, Purpose.MAIL)
    if subscription.left_at and (asked_at is None or asked_at <= subscription.left_at):
        raise Conflict("You left this newsletter after this mail was sent. Sign up again to get it.")
    if suppressed_scopes(session, subscription.subscriber.address_hash, subscription.newsletter_id):
        raise Conflict("This address cannot be subscribed. Please write to the sender.")
    subscription.state = SubscriptionState.ACTIVE
    subscription.confirmed_at = func.now()
    subscription.left_at = subscription.paused_until = None
    language = subscription.subscriber.language
    measured_at = _last_asked(session, subscription, Purpose.TRACKING)
    subscription.tracking_consent = bool(asked_at and measured_at and measured_at >= asked_at)
    for purpose in (Purpose.MAIL, Purpose.TRACKING) if subscription.tracking_consent else (Purpose.MAIL,):
        append_consent(
            session,
            subscription,
            ConsentAction.CONFIRMED,
            purpose=purpose,
            wording=wording,
            language=language,
            form=form,
            machine=machine,
        )
    session.refresh(subscription)
    return subscription


def lock_subscription(session: Session, subscription_id: int) -> Subscription:
    """The subscription, held until the transaction ends; `NotFound` when it is gone."""
    found = session.scalar(
        select(Subscription)
        .where(Subscription.id == subscription_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("This subscription does not exist any more. Sign up again to get the newsletter.")
    return found


def _one_at_a_time(session: Session, address: Address) -> None:
    """Two requests for one mailbox wait for each other: together they could pass the cap."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(mailbox_key(address.key), 0))))


def _may_be_asked(session: Session, newsletter_id: int, address: Address) -> bool:
    """Whether another confirmation mail may go to this mailbox today. Plus tags and dots make no other mailbox."""
    local, domain = func.split_part(Subscriber.address_key, "@", 1), func.split_part(Subscriber.address_key, "@", 2)
    mailbox = func.replace(func.split_part(local, "+", 1), ".", "") + "@" + domain
    asked = session.execute(
        select(Consent.newsletter_id, func.count())
        .join(Subscriber, Subscriber.id == Consent.subscriber_id)
        .where(
            Consent.action == ConsentAction.REQUESTED,
            Consent.purpose == Purpose.MAIL,
            Consent.at > func.now() - _DAY,
            (mailbox == mailbox_key(address.key)) | (Subscriber.address_key == address.key),
        )
        .group_by(Consent.newsletter_id)
    )
    counts = {row[0]: row[1] for row in asked}
    return counts.get(newsletter_id, 0) < ONE_NEWSLETTER_PER_DAY and sum(counts.values()) < ALL_NEWSLETTERS_PER_DAY


def _find(session: Session, newsletter_id: int, address: Address) -> Subscription | None:
    return session.scalar(
        select(Subscription)
        .join(Subscriber)
        .where(Subscriber.address_key == address.key, Subscription.newsletter_id == newsletter_id)
    )


def _subscriber(session: Session, address: Address, hashed: bytes, name: str, language: str) -> Subscriber:
    """The person of this address. A form anybody can fill in does not rename somebody who has confirmed once."""
    values = {"address": address.address, "address_key": address.key, "address_hash": hashed}
    statement = insert(Subscriber).values(**values, name=name, language=language)
    session.execute(statement.on_conflict_do_nothing(index_elements=[Subscriber.address_key]))
    subscriber = session.scalars(select(Subscriber).where(Subscriber.address_key == address.key)).one()
    confirmed = exists().where(Subscription.subscriber_id == subscriber.id, Subscription.confirmed_at.is_not(None))
    if (name or language) and not session.scalar(select(confirmed)):
        subscriber.name, subscriber.language = name or subscriber.name, language or subscriber.language
        session.flush()
    return subscriber


def _subscription(session: Session, subscriber: Subscriber, newsletter_id: int) -> Subscription:
    statement = insert(Subscription).values(
        subscriber_id=subscriber.id, newsletter_id=newsletter_id, state=SubscriptionState.PENDING
    )
    session.execute(statement.on_conflict_do_nothing())
    return session.scalars(
        select(Subscription).where(
            Subscription.subscriber_id == subscriber.id, Subscription.newsletter_id == newsletter_id
        )
    ).one()


def _last_asked(session: Session, subscription: Subscription, purpose: Purpose) -> datetime | None:
    return session.scalar(
        select(func.max(Consent.at)).where(
            Consent.subscriber_id == subscription.subscriber_id,
            Consent.newsletter_id == subscription.newsletter_id,
            Consent.purpose == purpose,
            Consent.action == ConsentAction.REQUESTED,
        )
    )
