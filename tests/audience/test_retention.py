"""What nobody confirmed goes; what is in use or was asked for again stays."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.audience.consent import append_consent
from curator.audience.models import Consent, ConsentAction, Subscriber, Subscription
from curator.audience.retention import delete_unconfirmed, forget_machines
from curator.issues.models import Newsletter
from curator.settings import Settings

Add = Callable[..., Subscription]


def test_only_old_and_unconfirmed(session: Session, settings: Settings, add: Add, other: Newsletter) -> None:
    old = func.now() - timedelta(days=settings.unconfirmed_days, minutes=1)
    add("gone@example.org", state="pending", created_at=old)
    add("elsewhere@example.org", state="pending", created_at=old)
    add("elsewhere@example.org", to=other)
    again = add("again@example.org", state="pending", created_at=old)
    append_consent(session, again, ConsentAction.REQUESTED, form="/subscribe")
    add("fresh@example.org", state="pending")
    add("active@example.org", created_at=old)
    add("left@example.org", state="left", created_at=old)
    assert delete_unconfirmed(session, settings) == 2
    assert delete_unconfirmed(session, settings) == 0
    people = session.scalars(select(Subscriber.address).order_by(Subscriber.address)).all()
    assert people == [
        "active@example.org", "again@example.org", "elsewhere@example.org", "fresh@example.org", "left@example.org",
    ]  # fmt: skip
    assert session.scalar(select(func.count()).select_from(Subscription)) == 5


def test_machines_are_forgotten(session: Session, settings: Settings, add: Add) -> None:
    subscription = add("anna@example.org")
    append_consent(session, subscription, ConsentAction.CONFIRMED, form="/confirm", machine="192.0.2.0/24")
    assert forget_machines(session, settings) == 0
    session.execute(update(Consent).values(at=Consent.at - timedelta(days=settings.unconfirmed_days + 1)))
    assert forget_machines(session, settings) == 1
    assert session.scalars(select(Consent.machine)).one() is None
