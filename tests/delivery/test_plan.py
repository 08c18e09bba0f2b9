"""What people decide: send, undo, pause, resume, cancel; and freezing, which carries it out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.audience.models import Subscriber, Subscription, SubscriptionState
from curator.delivery.freeze import begin_freezing, fail_freezing, freeze
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.plan import cancel, delivery_of, pause, resume, send_issue, undo
from curator.editions.models import Edition
from curator.errors import CheckFailed, Conflict, Invalid, NotFound, TemplateFailed
from curator.issues.compose import get_issue
from curator.issues.models import Issue, IssueState, Newsletter, Tracking
from curator.settings import Settings
from tests.delivery.cast import add_readers, an_issue_to_send
from tests.issues.rows import a_newsletter, an_issue

BY = "editor@example.org"


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the doorbell was rung for."""
    heard: list[tuple[Any, ...]] = []
    for module in ("plan", "freeze"):
        monkeypatch.setattr(f"curator.delivery.{module}.ring", lambda _, *what: heard.append(what))
    return heard


@pytest.fixture
def issue(session: Session, settings: Settings) -> Issue:
    return an_issue_to_send(session, settings, 3, 25)


def send(session: Session, issue: Issue, settings: Settings, **when: Any) -> Delivery:
    return send_issue(session, issue.id, by=BY, settings=settings, **when)


def rows(session: Session, delivery: Delivery) -> dict[str, Message]:
    found = session.scalars(select(Message).where(Message.delivery_id == delivery.id))
    return {message.address: message for message in found}


def test_send_gives_time_to_undo(
    session: Session, settings: Settings, issue: Issue, rung: list[tuple[Any, ...]]
) -> None:
    delivery = send(session, issue, settings)
    assert delivery.state is DeliveryState.SCHEDULED
    assert delivery.scheduled_at - datetime.now(UTC) > timedelta(seconds=settings.undo_seconds - 30)
    assert rung == [("delivery.freeze", delivery.id)]
    assert not begin_freezing(session, delivery.id)
    assert freeze(session, delivery.id, settings) is None
    undo(session, delivery.id, BY)
    session.expire_all()
    assert issue.state is IssueState.DRAFT
    with pytest.raises(NotFound):
        delivery_of(session, issue.id)
    assert send(session, issue, settings, now=True).id != delivery.id


def test_send_at_a_time(session: Session, settings: Settings, issue: Issue) -> None:
    at = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(Invalid):
        send(session, issue, settings, at=at.replace(tzinfo=None))
    with pytest.raises(Invalid):
        send(session, issue, settings, at=at, now=True)
    assert send(session, issue, settings, at=at).scheduled_at == at


def test_a_second_send_finds_the_first(session: Session, settings: Settings, issue: Issue) -> None:
    delivery = send(session, issue, settings, now=True)
    with pytest.raises(Conflict, match=f"delivery {delivery.id}") as refusal:
        send(session, issue, settings, now=True)
    assert refusal.value.facts == {"delivery": delivery.id, "state": "scheduled"}
    with pytest.raises(NotFound):
        send_issue(session, issue.id + 1000, by=BY, settings=settings)


def test_errors_stop_a_send(session: Session, settings: Settings) -> None:
    empty = an_issue(session, a_newsletter(session))
    with pytest.raises(CheckFailed) as refusal:
        send(session, empty, settings, now=True)
    codes = {error["code"] for error in refusal.value.facts["errors"]}
    assert {"empty_issue", "no_relay", "no_audience"} <= codes


def test_freezing_fixes_edition_and_audience(
    session: Session, settings: Settings, issue: Issue, rung: list[tuple[Any, ...]]
) -> None:
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    add_readers(session, settings, newsletter, ["left@example.org"], SubscriptionState.LEFT)
    delivery = send(session, issue, settings, now=True)
    assert begin_freezing(session, delivery.id)
    assert delivery.state is DeliveryState.FREEZING
    assert freeze(session, delivery.id, settings) is delivery
    add_readers(session, settings, newsletter, ["late@example.org"])
    assert freeze(session, delivery.id, settings) is None, "once"
    assert (delivery.state, delivery.expected) == (DeliveryState.SENDING, 4)
    assert session.get_one(Edition, delivery.edition_id).issue_id == issue.id
    audience = rows(session, delivery)
    assert set(audience) == {"r0@example.org", "r1@example.org", "r2@example.org", "left@example.org"}
    assert (audience["left@example.org"].state, audience["left@example.org"].reason) == (
        MessageState.SUPPRESSED,
        "unsubscribed",
    )
    assert len({message.message_id for message in audience.values()}) == 4
    assert ("delivery.slice", delivery.id) in rung


@pytest.mark.parametrize(
    ("tracking", "with_consent", "without"),
    [
        (Tracking.OFF, False, False),
        (Tracking.AGGREGATE, False, False),
        (Tracking.HYGIENE, True, True),
        (Tracking.INDIVIDUAL, True, False),
    ],
)
def test_who_is_measured_as_a_person(
    session: Session, settings: Settings, issue: Issue, tracking: Tracking, with_consent: bool, without: bool
) -> None:
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    newsletter.tracking = tracking
    one = select(Subscriber.id).where(Subscriber.address == "r0@example.org").scalar_subquery()
    session.execute(update(Subscription).where(Subscription.subscriber_id == one).values(tracking_consent=True))
    delivery = send(session, issue, settings, now=True)
    freeze(session, delivery.id, settings)
    audience = rows(session, delivery)
    assert audience["r0@example.org"].is_individual is with_consent
    assert audience["r1@example.org"].is_individual is without


def test_a_template_that_fails_pauses_and_can_be_corrected(
    session: Session, settings: Settings, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = send(session, issue, settings, now=True)

    def fail(*_: object, **__: object) -> None:
        raise TemplateFailed("Line 3 of the design is wrong.", line=3)

    with monkeypatch.context() as broken:
        broken.setattr("curator.delivery.freeze.make_edition", fail)
        with pytest.raises(TemplateFailed):
            freeze(session, delivery.id, settings)
    fail_freezing(session, delivery.id, "Line 3 of the design is wrong.")
    assert (delivery.state, delivery.reason) == (DeliveryState.PAUSED, "Line 3 of the design is wrong.")
    assert session.scalar(select(func.count()).select_from(Message)) == 0
    resume(session, delivery.id, BY)
    assert delivery.state is DeliveryState.SCHEDULED
    assert freeze(session, delivery.id, settings) is delivery
    assert delivery.reason is None


def test_a_paused_delivery_that_was_never_frozen_can_be_undone(
    session: Session, settings: Settings, issue: Issue
) -> None:
    delivery = send(session, issue, settings, now=True)
    fail_freezing(session, delivery.id, "no")
    undo(session, delivery.id, BY)
    session.expire_all()
    assert get_issue(session, issue.id).state is IssueState.DRAFT


def test_pause_resume_and_their_limits(
    session: Session, settings: Settings, issue: Issue, rung: list[tuple[Any, ...]]
) -> None:
    delivery = send(session, issue, settings, now=True)
    freeze(session, delivery.id, settings)
    with pytest.raises(Conflict, match="too late to undo"):
        undo(session, delivery.id, BY)
    with pytest.raises(Conflict, match="cannot be resumed"):
        resume(session, delivery.id, BY)
    assert pause(session, delivery.id, BY).reason == f"Paused by {BY}."
    with pytest.raises(Conflict, match="cannot be paused"):
        pause(session, delivery.id, BY)
    rung.clear()
    assert resume(session, delivery.id, BY).state is DeliveryState.SENDING
    assert rung == [("delivery.slice", delivery.id)]


def test_a_cancel_before_anything_left_makes_a_draft_again(session: Session, settings: Settings, issue: Issue) -> None:
    delivery = send(session, issue, settings, now=True)
    freeze(session, delivery.id, settings)
    cancel(session, delivery.id, BY)
    session.expire_all()
    assert (delivery.state, delivery.reason) == (DeliveryState.CANCELLED, f"Cancelled by {BY}.")
    assert delivery.finished_at is not None
    assert {message.state for message in rows(session, delivery).values()} == {MessageState.CANCELLED}
    assert issue.state is IssueState.DRAFT
    with pytest.raises(Conflict):
        cancel(session, delivery.id, BY)
    again = send(session, issue, settings, now=True)
    assert freeze(session, again.id, settings) is again
    assert session.scalars(select(Delivery.id)).all() == [again.id]


def test_a_cancel_after_somebody_got_it_publishes_the_issue(session: Session, settings: Settings, issue: Issue) -> None:
    delivery = send(session, issue, settings, now=True)
    freeze(session, delivery.id, settings)
    session.execute(update(Message).where(Message.address == "r0@example.org").values(state=MessageState.ATTEMPTING))
    cancel(session, delivery.id, BY)
    session.expire_all()
    assert issue.state is IssueState.SENT
    assert issue.sent_at is not None
    assert delivery.finished_at is None, "one message is still in flight"
    with pytest.raises(Conflict):
        send(session, issue, settings, now=True)
