"""The small cast of the audience: one newsletter, a second one that must see nothing, a way to add people."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash, canonical
from curator.audience.models import Subscriber, Subscription, SubscriptionState
from curator.issues.models import Newsletter
from curator.settings import Settings

AddSubscription = Callable[..., Subscription]


def make_newsletter(session: Session, slug: str) -> Newsletter:
    """A newsletter with the least it needs."""
    newsletter = Newsletter(
        slug=slug,
        name=slug.title(),
        from_name=slug.title(),
        from_address=f"{slug}@example.org",
        language="nl",
        section_template=[],
    )
    session.add(newsletter)
    session.flush()
    return newsletter


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return make_newsletter(session, "weekly")


@pytest.fixture
def other(session: Session) -> Newsletter:
    return make_newsletter(session, "monthly")


@pytest.fixture
def add(session: Session, newsletter: Newsletter, settings: Settings) -> AddSubscription:
    """`add("anna@example.org", state=…, newsletter=…, **columns of the subscription)`."""

    def add_one(
        address: str, *, state: str = "active", to: Newsletter | None = None, **columns: object
    ) -> Subscription:
        canonic = canonical(address)
        subscriber = session.query(Subscriber).filter_by(address_key=canonic.key).one_or_none()
        if subscriber is None:
            hashed = address_hash(canonic.key, settings.secret("pepper"))
            subscriber = Subscriber(address=canonic.address, address_key=canonic.key, address_hash=hashed)
            session.add(subscriber)
            session.flush()
        subscription = Subscription(
            subscriber_id=subscriber.id,
            newsletter_id=(to or newsletter).id,
            state=SubscriptionState(state),
            **columns,
        )
        session.add(subscription)
        session.flush()
        session.refresh(subscription)
        return subscription

    return add_one
