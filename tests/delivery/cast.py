"""The cast of the delivery tests: a newsletter with an issue to send, readers, a relay, a delivery."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash
from curator.audience.models import Subscriber, Subscription, SubscriptionState
from curator.delivery import batches, claim
from curator.delivery.claim import Claim, Claimed, Connection
from curator.delivery.freeze import freeze
from curator.delivery.marker import Outcome, record_and_mark
from curator.delivery.models import Batch, Delivery, DeliveryState, Message, MessageState, Relay
from curator.delivery.plan import send_issue
from curator.delivery.relays import set_relay
from curator.editions.edition import make_edition
from curator.editions.models import Edition
from curator.issues.compose import add_item
from curator.issues.models import Issue, IssueState, Newsletter
from curator.settings import Settings
from tests.issues.rows import a_newsletter, an_article, an_issue


def an_issue_to_send(session: Session, settings: Settings, readers: int, port: int, **relay: object) -> Issue:
    """An issue with one item, `readers` active subscribers r0@example.org …, and the relay `default` at `port`."""
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    add_item(session, issue.id, an_article(session, newsletter).id, issue.sections[0].name, "Een zin.")
    add_readers(session, settings, newsletter, [f"r{number}@example.org" for number in range(readers)])
    set_relay(session, "default", host="127.0.0.1", port=port, security="none", **relay)  # type: ignore[arg-type]
    return issue


def add_readers(
    session: Session,
    settings: Settings,
    newsletter: Newsletter,
    addresses: Sequence[str],
    state: SubscriptionState = SubscriptionState.ACTIVE,
) -> None:
    """Subscribers with a subscription in this state."""
    if not addresses:
        return
    pepper = settings.secret("pepper")
    people = [{"address": a, "address_key": a, "address_hash": address_hash(a, pepper)} for a in addresses]
    ids = session.scalars(insert(Subscriber).returning(Subscriber.id), people).all()
    rows = [{"subscriber_id": i, "newsletter_id": newsletter.id, "state": state} for i in ids]
    session.execute(insert(Subscription), rows)


def add_crowd(session: Session, newsletter: Newsletter, readers: int) -> None:
    """So many active subscribers by one statement. Their hashes are not real: nobody of them is ever suppressed."""
    values = {"newsletter": newsletter.id, "readers": readers}
    session.connection().exec_driver_sql(
        """
        WITH person AS (
            INSERT INTO subscriber (address, address_key, address_hash)
            SELECT address, address, sha256(address::bytea)
            FROM (SELECT format('r%%s-%%s@d%%s.example.org', %(newsletter)s::int, n, n %% 997) AS address
                  FROM generate_series(1, %(readers)s::int) AS n) AS made
            RETURNING id
        )
        INSERT INTO subscription (subscriber_id, newsletter_id, state)
        SELECT id, %(newsletter)s::bigint, 'active' FROM person
        """,
        values,
    )


def any_claim() -> Claimed:
    """A claim that belongs to nobody, for a message to look at."""
    return Claimed(1, "r@example.org", "", uuid.uuid4(), 1, False, 0, True)


def a_frozen_delivery(session: Session, settings: Settings, readers: int, port: int, **relay: object) -> Delivery:
    """A delivery that is sending, with nothing sent yet. Committed."""
    issue = an_issue_to_send(session, settings, readers, port, **relay)
    delivery = send_issue(session, issue.id, by="editor@example.org", now=True, settings=settings)
    assert freeze(session, delivery.id, settings) is delivery
    session.commit()
    return delivery


def sent_as_it_stands(session: Session, issue: Issue, settings: Settings, at: datetime | None = None) -> Edition:
    """The issue as a delivery that is over leaves it, without a reader; its edition. `at`: now if not given."""
    edition = make_edition(session, issue.id, public_url=settings.public_url, inbound_domain="mail.example")
    at = at or datetime.now(UTC)
    session.add(
        Delivery(
            issue_id=issue.id,
            newsletter_id=issue.newsletter_id,
            edition_id=edition.id,
            state=DeliveryState.SENT,
            scheduled_at=at,
            by="owner@weekly.example",
        )
    )
    issue.state, issue.sent_at = IssueState.SENT, at
    session.flush()
    return edition


def a_bare_delivery(session: Session, settings: Settings, readers: int, pilot: int = 0) -> Delivery:
    """A delivery that is sending, without an edition: enough for the ledger, quicker to make. Committed."""
    newsletter = a_newsletter(session)
    issue = an_issue(session, newsletter)
    issue.state = IssueState.SENDING
    add_readers(session, settings, newsletter, [f"r{number}@example.org" for number in range(readers)])
    now = datetime.now(UTC)
    delivery = Delivery(
        issue_id=issue.id,
        newsletter_id=newsletter.id,
        state=DeliveryState.SENDING,
        scheduled_at=now,
        started_at=now,
        expected=readers,
        by="editor@example.org",
        pilot=pilot,
    )
    session.add(delivery)
    session.flush()
    people = (
        select(
            literal(delivery.id),
            Subscriber.id,
            Subscription.id,
            Subscriber.address,
            literal(MessageState.PENDING.value),
        )
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .order_by(Subscriber.id)
    )
    columns = ["delivery_id", "subscriber_id", "subscription_id", "address", "state"]
    session.execute(insert(Message).from_select(columns, people))
    batches.cut(session, delivery.id, readers, pilot)
    session.commit()
    return delivery


def put_first(session: Session, number: int, **values: object) -> None:
    """Make the first messages like this: those of the pilot, where there is one. Committed."""
    first = session.scalars(select(Message.id).order_by(Message.id).limit(number)).all()
    session.execute(update(Message).where(Message.id.in_(first)).values(**values))
    for delivery_id in session.scalars(select(Delivery.id)):
        batches.settle(session, delivery_id)
    session.commit()


def put(session: Session, **values: object) -> None:
    """Make every message like this, and the tallies with it."""
    session.execute(update(Message).values(**values))
    for delivery_id in session.scalars(select(Delivery.id)):
        batches.settle(session, delivery_id)


def hold(session: Session, owner: str | None, *, seconds: float) -> None:
    """Every batch as if `owner` had claimed it with a lease that ends in so many seconds."""
    until = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    session.execute(update(Batch).values(owner=owner, lease_until=until))


def states(session: Session, delivery_id: int) -> dict[str, MessageState]:
    """The ledger: address to state, as it stands now."""
    session.rollback()
    rows = session.execute(select(Message.address, Message.state).where(Message.delivery_id == delivery_id))
    return dict(rows.all())  # type: ignore[arg-type]


def the_relay(session: Session) -> Relay:
    """The relay `default`."""
    return session.scalars(select(Relay)).one()


def with_connection(settings: Settings, act: Callable[[Connection], Any]) -> Any:
    """Run `act` with a connection of the engine's kind."""

    async def run() -> Any:
        async with await claim.connect(settings.database_url) as connection:
            return await act(connection)

    return asyncio.run(run())


def claimed_by(
    settings: Settings, delivery: Delivery, owner: str, lease: float = 60, *, or_none: bool = False
) -> Claim:
    """The next batch, claimed as a slice of that name would."""
    found = with_connection(settings, lambda c: claim.claim(c, delivery.id, owner, lease))
    assert or_none or found is not None
    return found


def marked_by(
    settings: Settings, owner: str, wanted: list[Claimed], outcomes: list[Outcome] | None, delivery: Delivery
) -> set[int]:
    """Who of `wanted` gets a marker when a slice of that name asks, after writing `outcomes`."""
    at_relay = [(claimed, 1) for claimed in wanted]
    return with_connection(settings, lambda c: record_and_mark(c, delivery.id, owner, outcomes or [], at_relay))
