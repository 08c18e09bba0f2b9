"""Signing up and confirming: evidence, caps against list bombing, and nothing that tells who is known."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.audience.leave import leave
from curator.audience.models import Consent, ConsentAction, Purpose, Scope, Subscriber, Subscription, SubscriptionState
from curator.audience.subscribe import Requested, confirm, request
from curator.audience.suppress import suppress
from curator.errors import Conflict, Invalid, NotFound
from curator.issues.models import Newsletter
from curator.settings import Settings
from tests.audience.conftest import make_newsletter

Ask = Callable[..., Requested]


@pytest.fixture
def ask(session: Session, newsletter: Newsletter, settings: Settings) -> Ask:
    def ask_one(address: str, to: Newsletter | None = None, **more: Any) -> Requested:
        given = {"form": "/subscribe/weekly", "wording": "Yes, mail me.", "machine": "192.0.2.0/24"} | more
        return request(session, (to or newsletter).id, address, settings=settings, **given)

    return ask_one


def a_day_passes(session: Session) -> None:
    session.execute(update(Consent).values(at=Consent.at - timedelta(days=1, minutes=1)))


def evidence(session: Session) -> list[tuple[Purpose, ConsentAction]]:
    return [(c.purpose, c.action) for c in session.scalars(select(Consent).order_by(Consent.id))]


def test_request_then_confirm(session: Session, ask: Ask) -> None:
    asked = ask("Anna@Example.org", name="Anna\u202e de\nVries", language="nl-NL")
    assert asked.needs_confirmation and asked.subscription
    assert asked.subscription.state is SubscriptionState.PENDING
    assert asked.subscription.subscriber.address == "Anna@example.org"
    assert asked.subscription.subscriber.name == "Anna de Vries"
    assert asked.subscription.subscriber.language == "nl"
    confirmed = confirm(session, asked.subscription.id, form="/confirm", wording="Confirm", machine="192.0.2.0/24")
    assert confirmed.state is SubscriptionState.ACTIVE and confirmed.confirmed_at and not confirmed.tracking_consent
    rows = session.scalars(select(Consent).order_by(Consent.id)).all()
    assert [(c.action, c.wording, c.form, c.machine) for c in rows] == [
        (ConsentAction.REQUESTED, "Yes, mail me.", "/subscribe/weekly", "192.0.2.0/24"),
        (ConsentAction.CONFIRMED, "Confirm", "/confirm", "192.0.2.0/24"),
    ]
    assert all(len(c.wording_hash) == 32 for c in rows) and rows[0].wording_hash != rows[1].wording_hash


def test_confirming_again_changes_nothing(session: Session, ask: Ask) -> None:
    subscription = ask("anna@example.org").subscription
    assert subscription
    first = confirm(session, subscription.id, form="/confirm", wording="").confirmed_at
    assert confirm(session, subscription.id, form="/confirm", wording="").confirmed_at == first
    assert len(evidence(session)) == 2


def test_measuring_only_when_asked_for(session: Session, ask: Ask) -> None:
    subscription = ask("anna@example.org", tracking=True).subscription
    assert subscription and not subscription.tracking_consent
    assert confirm(session, subscription.id, form="/confirm", wording="").tracking_consent
    assert evidence(session)[2:] == [
        (Purpose.MAIL, ConsentAction.CONFIRMED),
        (Purpose.TRACKING, ConsentAction.CONFIRMED),
    ]


def test_the_last_request_says_whether_to_measure(session: Session, ask: Ask) -> None:
    ask("anna@example.org", tracking=True)
    a_day_passes(session)
    subscription = ask("anna@example.org", tracking=False).subscription
    assert subscription
    assert not confirm(session, subscription.id, form="/confirm", wording="").tracking_consent


def test_known_people_are_not_mailed(session: Session, ask: Ask, add: Callable[..., Subscription]) -> None:
    add("anna@example.org", confirmed_at=func.now())
    asked = ask("anna@example.org", name="Somebody else")
    assert not asked.needs_confirmation and asked.subscription
    assert asked.subscription.subscriber.name == ""
    assert evidence(session) == []


@pytest.mark.parametrize("scope", [s for s in Scope if s is not Scope.NEWSLETTER])
def test_suppressed_people_leave_no_trace(session: Session, ask: Ask, settings: Settings, scope: Scope) -> None:
    suppress(session, "anna@example.org", scope, settings=settings)
    assert ask("ANNA@example.org") == Requested(None, False)
    assert session.scalar(select(func.count()).select_from(Subscriber)) == 0


def test_one_confirmation_a_day_and_newsletter(session: Session, ask: Ask) -> None:
    assert [ask("anna@example.org").needs_confirmation for _ in range(5)] == [True, False, False, False, False]
    assert len(evidence(session)) == 1
    a_day_passes(session)
    assert ask("anna@example.org").needs_confirmation


def test_tags_and_dots_are_one_victim(session: Session, ask: Ask) -> None:
    variants = ["victim@example.org", "vic.tim@example.org", "victim+1@example.org", "V.ictim+2@example.org"]
    assert [ask(address).needs_confirmation for address in variants] == [True, False, False, False]
    assert session.scalar(select(func.count()).select_from(Subscriber)) == 1
    assert ask("victim@example.com").needs_confirmation


def test_three_confirmations_a_day_over_all_newsletters(session: Session, ask: Ask) -> None:
    newsletters = [make_newsletter(session, f"news-{n}") for n in range(5)]
    answers = [ask(f"victim+{n}@example.org", to=to).needs_confirmation for n, to in enumerate(newsletters)]
    assert answers == [True, True, True, False, False]


def test_no_address_is_refused(ask: Ask) -> None:
    with pytest.raises(Invalid):
        ask("anna@example.org, ben@example.org")


def test_who_left_comes_back_by_a_new_request_only(session: Session, ask: Ask) -> None:
    subscription = ask("anna@example.org").subscription
    assert subscription
    confirm(session, subscription.id, form="/confirm", wording="")
    leave(session, subscription.id, form="/u")
    with pytest.raises(Conflict):
        confirm(session, subscription.id, form="/confirm", wording="")
    a_day_passes(session)
    session.execute(update(Subscription).values(left_at=Subscription.left_at - timedelta(days=1, minutes=1)))
    asked = ask("anna@example.org")
    assert asked.needs_confirmation and asked.subscription
    session.refresh(asked.subscription)
    assert asked.subscription.state is SubscriptionState.LEFT, "still out until they confirm"
    back = confirm(session, subscription.id, form="/confirm", wording="")
    assert back.state is SubscriptionState.ACTIVE and back.left_at is None


def test_suppressed_after_asking(session: Session, ask: Ask, settings: Settings) -> None:
    subscription = ask("anna@example.org").subscription
    assert subscription
    suppress(session, "anna@example.org", Scope.COMPLAINT, settings=settings)
    with pytest.raises(Conflict):
        confirm(session, subscription.id, form="/confirm", wording="")


def test_deleted_request(session: Session) -> None:
    with pytest.raises(NotFound):
        confirm(session, 987_654, form="/confirm", wording="")
