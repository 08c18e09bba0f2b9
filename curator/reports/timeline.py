"""Where is my mail? Everything known about one address, in the order it happened.

Holds what consent allows to be stored and no more. For the desk and the command line, never for a public page.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash, canonical
from curator.audience.models import Consent, Subscriber, Subscription, Suppression
from curator.delivery.models import Delivery, Message, MessageState, Notice, Requeue, Requeued
from curator.editions.compile import sender_domain
from curator.editions.models import Link
from curator.errors import NotFound
from curator.events.models import Actor, Event, EventKind
from curator.issues.models import Issue, Newsletter
from curator.settings import Settings
from curator.sources.suggestions import contributions_of


class Entry(NamedTuple):
    """One thing that happened. `issue` is the issue's number where there is one."""

    at: datetime
    what: str
    newsletter: str | None
    issue: int | None
    detail: str


def subscriber_view(session: Session, address: str, settings: Settings) -> dict[str, Any]:
    """Plain values, times in ISO 8601 with offset, the timeline oldest first.

    Raises `Invalid` for what is no address, and `NotFound` for one we neither mail, refuse to mail nor heard from.
    """
    wanted = canonical(address)
    person = session.execute(select(Subscriber).where(Subscriber.address_key == wanted.key)).scalar_one_or_none()
    suppressed = _suppressed(session, address_hash(wanted.key, settings.secret("pepper")))
    suggestions = contributions_of(session, wanted.address, settings)
    if person is None and not suppressed and not suggestions:
        raise NotFound(f"{wanted.address} is not known here: never signed up, never imported, and not suppressed.")
    consents = _consents(session, person) if person else []
    entries = (_happened(session, person, consents) if person else []) + [_suggested(one) for one in suggestions]
    return {
        "address": person.address if person else wanted.address,
        "name": person.name if person else "",
        "subscriptions": _subscriptions(session, person) if person else [],
        "consent": [_consent(consent, slug) for consent, slug in consents],
        "suppressed": suppressed,
        "suggestions": suggestions,
        "timeline": [_plain(entry) for entry in sorted(entries, key=lambda entry: entry.at)],
    }


def _suggested(suggestion: dict[str, Any]) -> Entry:
    at = datetime.fromisoformat(suggestion["at"])
    return Entry(at, "suggested an article", suggestion["newsletter"], None, suggestion["article"])


def _subscriptions(session: Session, person: Subscriber) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Subscription, Newsletter.slug)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.subscriber_id == person.id)
        .order_by(Subscription.id)
    )
    return [
        {
            "newsletter": slug,
            "state": subscription.state.value,
            "tracking_consent": subscription.tracking_consent,
            "paused_until": _iso(subscription.paused_until),
            "confirmed_at": _iso(subscription.confirmed_at),
            "left_at": _iso(subscription.left_at),
            "last_open_on": _iso(subscription.last_open_on),
        }
        for subscription, slug in rows
    ]


def _suppressed(session: Session, hashed: bytes) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Suppression, Newsletter.slug)
        .outerjoin(Newsletter, Newsletter.id == Suppression.newsletter_id)
        .where(Suppression.address_hash == hashed)
        .order_by(Suppression.id)
    )
    return [
        {
            "scope": found.scope.value,
            "newsletter": slug,
            "reason": found.reason,
            "since": _iso(found.created_at),
        }
        for found, slug in rows
    ]


def _consents(session: Session, person: Subscriber) -> list[tuple[Consent, str]]:
    rows = session.execute(
        select(Consent, Newsletter.slug)
        .join(Newsletter, Newsletter.id == Consent.newsletter_id)
        .where(Consent.subscriber_id == person.id)
        .order_by(Consent.at, Consent.id)
    )
    return [(consent, slug) for consent, slug in rows]


def _consent(consent: Consent, slug: str) -> dict[str, Any]:
    return {
        "at": _iso(consent.at),
        "newsletter": slug,
        "purpose": consent.purpose.value,
        "action": consent.action.value,
        "form": consent.form,
        "wording": consent.wording,
        "language": consent.language,
        "actor": consent.actor,
    }


def _happened(session: Session, person: Subscriber, consents: list[tuple[Consent, str]]) -> list[Entry]:
    return [
        *(
            Entry(consent.at, f"{consent.purpose.value} {consent.action.value}", slug, None, consent.form)
            for consent, slug in consents
        ),
        *_messages(session, person),
        *_requeued(session, person),
        *_events(session, person),
        *_notices(session, person),
    ]


def _messages(session: Session, person: Subscriber) -> list[Entry]:
    """Where each issue's mail is: when its row was made, and what last became of it."""
    rows = session.execute(
        select(Message, Delivery, Issue.number, Newsletter)
        .join(Delivery, Delivery.id == Message.delivery_id)
        .join(Issue, Issue.id == Delivery.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(Message.subscriber_id == person.id)
    )
    return [
        Entry(
            message.done_at or message.marked_at or delivery.frozen_at or delivery.created_at,
            f"mail {message.state.value}",
            newsletter.slug,
            number,
            _told(message, sender_domain(newsletter.from_address)),
        )
        for message, delivery, number, newsletter in rows
    ]


def _requeued(session: Session, person: Subscriber) -> list[Entry]:
    """What had become of a mail before somebody had it sent again, and that somebody did."""
    rows = session.execute(
        select(Requeue, Requeued, Issue.number, Newsletter.slug)
        .join(Requeued, Requeued.requeue_id == Requeue.id)
        .join(Message, Message.id == Requeued.message_id)
        .join(Delivery, Delivery.id == Requeue.delivery_id)
        .join(Issue, Issue.id == Delivery.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(Message.subscriber_id == person.id)
    )
    found = []
    for act, before, number, slug in rows:
        words = "; ".join(word for word in (before.reason, before.last_reply) if word)
        found.append(Entry(before.done_at or act.at, f"mail {act.was.value}", slug, number, words))
        found.append(Entry(act.at, "mail sent again", slug, number, f"by {act.by}"))
    return found


def _told(message: Message, domain: str) -> str:
    """The reason or the relay's last words, and the Message-ID to look for in other servers' logs."""
    words = [message.reason or "", message.last_reply or ""]
    if message.state is MessageState.UNKNOWN:
        words.append("the connection broke before the relay answered: it may or may not have arrived")
    words.append(f"Message-ID <{message.message_id.hex}@{domain}>")
    return "; ".join(word for word in words if word)


def _events(session: Session, person: Subscriber) -> list[Entry]:
    rows = session.execute(
        select(Event, Issue.number, Newsletter.slug, Link.label, Link.address)
        .join(Message, Message.id == Event.message_id)
        .join(Issue, Issue.id == Event.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .outerjoin(Link, (Link.edition_id == Event.edition_id) & (Link.number == Event.link_number))
        .where(Message.subscriber_id == person.id)
    )
    return [
        Entry(event.at, _what(event), slug, number, label or address or event.sign)
        for event, number, slug, label, address in rows
    ]


def _what(event: Event) -> str:
    is_machine = event.actor is Actor.MACHINE and event.kind in (EventKind.OPEN, EventKind.CLICK)
    return f"{event.kind.value} by a machine" if is_machine else event.kind.value


def _notices(session: Session, person: Subscriber) -> list[Entry]:
    rows = session.execute(
        select(Notice, Newsletter.slug)
        .outerjoin(Newsletter, Newsletter.id == Notice.newsletter_id)
        .where(Notice.address == person.address)
    )
    return [
        Entry(
            notice.sent_at or notice.created_at,
            f"{notice.kind.value} mail {notice.state.value}",
            slug,
            None,
            notice.last_reply or "",
        )
        for notice, slug in rows
    ]


def _plain(entry: Entry) -> dict[str, Any]:
    return entry._asdict() | {"at": _iso(entry.at)}


def _iso(value: Any) -> str | None:
    return value.isoformat() if value is not None else None
