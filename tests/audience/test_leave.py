"""Leaving and what goes with it: effective once, evidence each time something changed."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.audience.leave import UNDO_DAYS, give_reason, leave, leave_all, pause, rejoin, set_tracking
from curator.audience.models import Consent, ConsentAction, Purpose, Scope, Subscription, SubscriptionState
from curator.audience.suppress import suppress
from curator.errors import Invalid, NotFound
from curator.issues.models import Newsletter
from curator.settings import Settings

Add = Callable[..., Subscription]


def evidence(session: Session) -> list[tuple[Purpose, ConsentAction, str]]:
    return [(c.purpose, c.action, c.wording) for c in session.scalars(select(Consent).order_by(Consent.id))]


def test_leave_once(session: Session, add: Add) -> None:
    subscription = add("anna@example.org", paused_until=date(2099, 1, 1))
    assert leave(session, subscription.id, form="one-click", reason=" too much ")
    assert not leave(session, subscription.id, form="one-click")
    assert subscription.state is SubscriptionState.LEFT and subscription.left_at
    assert subscription.paused_until is None
    assert evidence(session) == [(Purpose.MAIL, ConsentAction.WITHDRAWN, "too much")]


def test_leave_what_is_gone(session: Session) -> None:
    with pytest.raises(NotFound):
        leave(session, 987_654, form="one-click")


def test_undo(session: Session, add: Add) -> None:
    subscription = add("anna@example.org", confirmed_at=func.now())
    leave(session, subscription.id, form="/u")
    assert rejoin(session, subscription.id, form="/u/undo", wording="Undo")
    assert subscription.state is SubscriptionState.ACTIVE and subscription.left_at is None
    assert evidence(session)[-1] == (Purpose.MAIL, ConsentAction.CONFIRMED, "Undo")
    assert not rejoin(session, subscription.id, form="/u/undo"), "there is nothing to undo"


def test_undo_does_not_confirm(session: Session, add: Add) -> None:
    subscription = add("anna@example.org", state="pending")
    leave(session, subscription.id, form="/u")
    assert not rejoin(session, subscription.id, form="/u/undo")
    assert subscription.state is SubscriptionState.PENDING


def test_undo_ends(session: Session, add: Add) -> None:
    subscription = add("anna@example.org", confirmed_at=func.now())
    leave(session, subscription.id, form="/u")
    session.execute(update(Subscription).values(left_at=func.now() - timedelta(days=UNDO_DAYS + 1)))
    assert not rejoin(session, subscription.id, form="/u/undo")


def test_undo_is_not_for_the_suppressed(session: Session, add: Add, settings: Settings) -> None:
    subscription = add("anna@example.org", confirmed_at=func.now())
    leave(session, subscription.id, form="complaint")
    suppress(session, "anna@example.org", Scope.COMPLAINT, settings=settings)
    assert not rejoin(session, subscription.id, form="/u/undo")
    assert subscription.state is SubscriptionState.LEFT


def test_leave_all(session: Session, add: Add, other: Newsletter) -> None:
    here = add("anna@example.org")
    there = add("anna@example.org", to=other)
    stays = add("ben@example.org")
    leave(session, here.id, form="/u")
    assert leave_all(session, here.subscriber_id, form="/p") == 1
    assert there.state is SubscriptionState.LEFT
    session.refresh(stays)
    assert stays.state is SubscriptionState.ACTIVE


def test_pause(session: Session, add: Add) -> None:
    subscription = add("anna@example.org")
    today = session.scalars(select(func.current_date())).one()
    assert pause(session, subscription.id, today + timedelta(days=30)).paused_until == today + timedelta(days=30)
    assert pause(session, subscription.id, None).paused_until is None
    for wrong in (today, today - timedelta(days=1), today + timedelta(days=400)):
        with pytest.raises(Invalid):
            pause(session, subscription.id, wrong)


def test_measuring(session: Session, add: Add) -> None:
    subscription = add("anna@example.org")
    assert set_tracking(session, subscription.id, True, form="/p", wording="Measure me")
    assert not set_tracking(session, subscription.id, True, form="/p")
    assert set_tracking(session, subscription.id, False, form="/p")
    assert evidence(session) == [
        (Purpose.TRACKING, ConsentAction.CONFIRMED, "Measure me"),
        (Purpose.TRACKING, ConsentAction.WITHDRAWN, ""),
    ]


def test_reason_only_from_who_left(session: Session, add: Add) -> None:
    subscription = add("anna@example.org")
    give_reason(session, subscription.id, form="/u/reason", reason="never asked for it")
    assert evidence(session) == []
    leave(session, subscription.id, form="/u")
    give_reason(session, subscription.id, form="/u/reason", reason="  ")
    give_reason(session, subscription.id, form="/u/reason", reason="never asked\x00 for it")
    assert evidence(session)[1:] == [(Purpose.MAIL, ConsentAction.WITHDRAWN, "never asked for it")]
