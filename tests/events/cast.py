"""A small sent issue for tests of events and reports: three links, and as many readers as asked for."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash, canonical
from curator.audience.models import Subscriber, Subscription, SubscriptionState
from curator.delivery.batches import cut
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.editions.models import Edition, Link
from curator.events.models import Actor, Event, EventKind
from curator.issues.models import Issue, IssueState, Newsletter, Tracking
from curator.settings import get_settings

LINKS = {
    1: "https://example.org/first",
    2: "https://example.org/second?a=1&b=%20x",
    3: "https://example.com/dritte/grün",
    4: "javascript:alert(1)",
}
_numbers = count(1)


@dataclass
class Sent:
    """A sent issue and its readers; `messages[i]` went to `subscriptions[i]`."""

    newsletter: Newsletter
    issue: Issue
    edition: Edition
    delivery: Delivery
    subscriptions: list[Subscription] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


def send_issue(
    session: Session,
    *,
    readers: int = 2,
    consent: bool = True,
    tracking: Tracking = Tracking.INDIVIDUAL,
    accepted: timedelta = timedelta(hours=1),
    newsletter: Newsletter | None = None,
    number: int = 7,
    state: DeliveryState = DeliveryState.SENT,
    states: tuple[MessageState, ...] = (),
) -> Sent:
    """Everything up to messages accepted `accepted` ago; `states` gives the first readers other ends.

    A newsletter of its own is made unless one is given.
    """
    at = datetime.now(UTC) - accepted
    newsletter = newsletter or Newsletter(
        slug=f"weekly-{next(_numbers)}",
        name="The Weekly",
        from_name="The Weekly",
        from_address="news@example.org",
        language="en",
        tracking=tracking,
        section_template=[],
    )
    session.add(newsletter)
    session.flush()
    issue = Issue(newsletter_id=newsletter.id, number=number, subject=f"Number {number}", state=IssueState.SENT)
    session.add(issue)
    session.flush()
    edition = Edition(
        issue_id=issue.id,
        content_hash=b"x" * 32,
        subject="Seven",
        tracking=tracking.value,
        html="",
        text="",
        segments=b"",
        html_bytes=0,
        facts={},
    )
    session.add(edition)
    session.flush()
    session.add_all(Link(edition_id=edition.id, number=n, address=a, label=f"Link {n}") for n, a in LINKS.items())
    delivery = Delivery(
        issue_id=issue.id,
        newsletter_id=newsletter.id,
        edition_id=edition.id,
        state=state,
        scheduled_at=at,
        expected=readers,
        by="editor@example.org",
        frozen_at=at,
        started_at=at,
        finished_at=at if state is DeliveryState.SENT else None,
    )
    session.add(delivery)
    session.flush()
    sent = Sent(newsletter, issue, edition, delivery)
    for index in range(readers):
        state = states[index] if index < len(states) else MessageState.ACCEPTED
        _add_reader(session, sent, at, consent=consent, state=state)
    cut(session, delivery.id, readers)
    return sent


def _add_reader(session: Session, sent: Sent, at: datetime, *, consent: bool, state: MessageState) -> None:
    found = canonical(f"reader{next(_numbers)}@example.org")
    hashed = address_hash(found.key, get_settings().secret("pepper"))
    subscriber = Subscriber(address=found.address, address_key=found.key, address_hash=hashed)
    session.add(subscriber)
    session.flush()
    subscription = Subscription(
        subscriber_id=subscriber.id,
        newsletter_id=sent.newsletter.id,
        state=SubscriptionState.ACTIVE,
        tracking_consent=consent,
    )
    session.add(subscription)
    session.flush()
    message = Message(
        delivery_id=sent.delivery.id,
        subscriber_id=subscriber.id,
        subscription_id=subscription.id,
        address=found.address,
        is_individual=consent,
        state=state,
        reason={MessageState.REJECTED: "mailbox unknown", MessageState.SUPPRESSED: "paused"}.get(state),
        marked_at=at,
        done_at=at,
    )
    session.add(message)
    session.flush()
    sent.subscriptions.append(subscription)
    sent.messages.append(message)


def add_event(
    session: Session,
    sent: Sent,
    kind: EventKind,
    *,
    reader: int | None = None,
    link: int | None = None,
    actor: Actor = Actor.PERSON,
    at: datetime | None = None,
) -> Event:
    """An event as the intake would have stored it; without a reader it is an aggregate one."""
    message = sent.messages[reader] if reader is not None else None
    event = Event(
        at=at or datetime.now(UTC),
        kind=kind,
        actor=actor if message else Actor.AGGREGATE,
        issue_id=sent.issue.id,
        edition_id=sent.edition.id,
        message_id=message.id if message else None,
        subscription_id=message.subscription_id if message else None,
        link_number=link,
    )
    session.add(event)
    session.flush()
    return event
