"""Readers as the public pages meet them: by tokens, without cookies."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash
from curator.audience.models import Subscriber, Subscription, SubscriptionState
from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.tokens import Purpose, Signer
from curator.web.public import subscribe
from tests.web.conftest import Cast

Sign = Callable[..., str]
AddReader = Callable[..., Subscription]


@pytest.fixture(autouse=True)
def _answer_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribe, "ANSWER_SECONDS", 0.0)


@pytest.fixture
def sign(settings: Settings) -> Sign:
    """`sign(Purpose.LEAVE, subscription_id, message_id)`: a token as it stands in a mail."""
    signer = Signer({1: settings.secret("tokens")})

    def one(purpose: Purpose, a: int, b: int = 0) -> str:
        return signer.sign(purpose, a, b)

    return one


@pytest.fixture
def add_reader(session: Session, settings: Settings, cast: Cast) -> AddReader:
    """`add_reader("anna@example.org", state="active", to=newsletter)`."""

    def one(
        address: str = "anna@example.org", *, state: str = "active", to: Newsletter | None = None, **columns: object
    ) -> Subscription:
        subscriber = session.query(Subscriber).filter_by(address_key=address).one_or_none()
        if subscriber is None:
            hashed = address_hash(address, settings.secret("pepper"))
            subscriber = Subscriber(address=address, address_key=address, address_hash=hashed)
            session.add(subscriber)
            session.flush()
        subscription = Subscription(
            subscriber_id=subscriber.id,
            newsletter_id=(to or cast.weekly).id,
            state=SubscriptionState(state),
            **columns,
        )
        session.add(subscription)
        session.flush()
        session.refresh(subscription)
        return subscription

    return one
