"""The marker: given once, never to who may not be mailed, and outcomes only from who may tell them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from curator.audience.eligible import REASONS, candidates
from curator.audience.models import Scope, Subscriber, Subscription, SubscriptionState, Suppression
from curator.delivery.claim import Claimed
from curator.delivery.marker import Outcome, refuse
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, claimed_by, marked_by, put, states, with_connection

PENDING, ATTEMPTING = MessageState.PENDING, MessageState.ATTEMPTING


@pytest.fixture
def delivery(committed: Session, settings: Settings) -> Delivery:
    return a_bare_delivery(committed, settings, 10)


def claimed(settings: Settings, delivery: Delivery, owner: str = "a", lease: float = 60) -> list[Claimed]:
    return claimed_by(settings, delivery, owner, lease).messages


def test_a_marker_is_given_once_whoever_asks(committed: Session, settings: Settings, delivery: Delivery) -> None:
    stale = claimed(settings, delivery, "a", lease=-1)
    fresh = claimed(settings, delivery, "b")
    assert marked_by(settings, "b", fresh[:5], [], delivery) == {c.id for c in fresh[:5]}
    assert marked_by(settings, "b", fresh[:5], [], delivery) == set()
    assert marked_by(settings, "a", stale, [], delivery) == {c.id for c in fresh[5:]}, "the row is the fence"
    assert marked_by(settings, "b", fresh, [], delivery) == set()


def test_who_read_the_row_before_its_last_try_may_not_mark_it(settings: Settings, delivery: Delivery) -> None:
    stale = claimed(settings, delivery, "a", lease=-1)
    fresh = claimed(settings, delivery, "b")
    marked_by(settings, "b", fresh, [], delivery)
    tried = [Outcome(c.id, c.attempts, MessageState.DEFERRED, wait=-1) for c in fresh]
    marked_by(settings, "b", [], tried, delivery)
    assert marked_by(settings, "a", stale, [], delivery) == set()
    again = [c._replace(attempts=1) for c in fresh]
    assert marked_by(settings, "c", again, [], delivery) == {c.id for c in again}


def test_a_marker_of_one_delivery_is_none_of_another(settings: Settings, delivery: Delivery) -> None:
    wanted = claimed(settings, delivery)
    elsewhere = Delivery(id=delivery.id + 1)
    assert marked_by(settings, "a", wanted, [], elsewhere) == set()


@pytest.mark.parametrize("state", [DeliveryState.PAUSED, DeliveryState.HOLDING, DeliveryState.CANCELLED])
def test_no_marker_and_no_claim_for_a_delivery_that_does_not_send(
    committed: Session, settings: Settings, delivery: Delivery, state: DeliveryState
) -> None:
    wanted = claimed(settings, delivery, lease=-1)[:5]
    committed.execute(update(Delivery).values(state=state))
    committed.commit()
    assert marked_by(settings, "a", wanted, [], delivery) == set()
    assert not with_connection(settings, lambda c: refuse(c, [each.id for each in wanted]))
    assert claimed_by(settings, delivery, "b", or_none=True) is None
    left = MessageState.CANCELLED if state is DeliveryState.CANCELLED else PENDING
    assert list(states(committed, delivery.id).values()).count(left) >= 5


def bar(session: Session, scope: Scope, newsletter_id: int | None = None) -> None:
    person = session.scalars(select(Subscriber).order_by(Subscriber.id)).first()
    assert person is not None
    session.add(Suppression(address_hash=person.address_hash, scope=scope, newsletter_id=newsletter_id))


def change(session: Session, **values: Any) -> None:
    first = select(Subscription.id).order_by(Subscription.id).limit(1).scalar_subquery()
    session.execute(update(Subscription).where(Subscription.id == first).values(**values))


REFUSALS: dict[str, Callable[[Session, Delivery], object]] = {
    "left": lambda s, d: change(s, state=SubscriptionState.LEFT),
    "unconfirmed": lambda s, d: change(s, state=SubscriptionState.PENDING),
    "paused": lambda s, d: change(s, paused_until=(datetime.now(UTC) + timedelta(days=3)).date()),
    "everywhere": lambda s, d: bar(s, Scope.EVERYWHERE),
    "newsletter": lambda s, d: bar(s, Scope.NEWSLETTER, d.newsletter_id),
    "complaint": lambda s, d: bar(s, Scope.COMPLAINT),
    "hard bounce": lambda s, d: bar(s, Scope.HARD_BOUNCE),
    "erased": lambda s, d: bar(s, Scope.ERASED),
    "left and complaint": lambda s, d: [bar(s, Scope.COMPLAINT), change(s, state=SubscriptionState.LEFT)],
    "everywhere and erased": lambda s, d: [bar(s, Scope.EVERYWHERE), bar(s, Scope.ERASED)],
}


@pytest.mark.parametrize("what", REFUSALS)
@pytest.mark.parametrize("is_claimed_before", [True, False])
def test_who_may_not_be_mailed_is_refused_with_the_reason_of_the_rule(
    committed: Session, settings: Settings, delivery: Delivery, what: str, is_claimed_before: bool
) -> None:
    wanted = claimed(settings, delivery) if is_claimed_before else []
    REFUSALS[what](committed, delivery)
    committed.commit()
    if not is_claimed_before:
        wanted = claimed(settings, delivery)
        assert [c.may_mail for c in wanted] == [False] + [True] * 9
    refused = {c.id for c in wanted} - marked_by(settings, "a", wanted, [], delivery)
    assert refused == {wanted[0].id}
    assert with_connection(settings, lambda c: refuse(c, list(refused)))
    row = committed.get_one(Message, wanted[0].id, populate_existing=True)
    rule = committed.execute(
        select(candidates(delivery.newsletter_id).subquery()).order_by(text("subscriber_id"))
    ).first()
    assert rule is not None
    assert (row.state, row.reason) == (MessageState.SUPPRESSED, rule.reason)
    assert row.reason in REASONS
    assert row.done_at is not None


def test_a_person_who_was_deleted_is_not_mailed(committed: Session, settings: Settings, delivery: Delivery) -> None:
    wanted = claimed(settings, delivery)
    person = committed.get_one(Message, wanted[0].id).subscriber_id
    committed.execute(text("DELETE FROM subscriber WHERE id = :id"), {"id": person})
    committed.commit()
    assert wanted[0].id not in marked_by(settings, "a", wanted, [], delivery)


def test_a_suppression_of_another_newsletter_is_not_ours(
    committed: Session, settings: Settings, delivery: Delivery
) -> None:
    bar(committed, Scope.NEWSLETTER, None)
    committed.commit()
    assert len(marked_by(settings, "a", claimed(settings, delivery), [], delivery)) == 10


@pytest.mark.parametrize(
    ("before", "outcome", "after"),
    [
        (ATTEMPTING, MessageState.ACCEPTED, MessageState.ACCEPTED),
        (ATTEMPTING, MessageState.REJECTED, MessageState.REJECTED),
        (ATTEMPTING, MessageState.DEFERRED, MessageState.DEFERRED),
        (ATTEMPTING, MessageState.UNKNOWN, MessageState.UNKNOWN),
        (ATTEMPTING, PENDING, PENDING),
        (PENDING, MessageState.ACCEPTED, PENDING),
        (PENDING, MessageState.UNKNOWN, PENDING),
        (PENDING, MessageState.DEFERRED, MessageState.DEFERRED),
        (PENDING, MessageState.REJECTED, MessageState.REJECTED),
        (MessageState.DEFERRED, MessageState.REJECTED, MessageState.REJECTED),
        (MessageState.ACCEPTED, MessageState.REJECTED, MessageState.ACCEPTED),
        (MessageState.CANCELLED, MessageState.ACCEPTED, MessageState.CANCELLED),
        (MessageState.SUPPRESSED, MessageState.DEFERRED, MessageState.SUPPRESSED),
    ],
)
def test_which_outcomes_are_welcome(
    committed: Session,
    settings: Settings,
    delivery: Delivery,
    before: MessageState,
    outcome: MessageState,
    after: MessageState,
) -> None:
    row = committed.query(Message).order_by(Message.id).first()
    assert row is not None
    row.state, row.owner = before, "a"
    committed.commit()
    wait = 30.0 if outcome is MessageState.DEFERRED else None

    def state_after(owner: str, attempts: int) -> MessageState:
        marked_by(settings, owner, [], [Outcome(row.id, attempts, outcome, "r", "250 x", wait)], delivery)
        committed.expire_all()
        found: MessageState = row.state
        committed.rollback()
        return found

    assert state_after("a", 1) is before, "of another try"
    if before is ATTEMPTING:
        assert state_after("b", 0) is before, "not the one that marked"
    assert state_after("a", 0) is after
    if before is not after:
        assert (row.reason, row.last_reply, row.attempts) == ("r", "250 x", 1)
        assert (row.not_before is not None) == (outcome is MessageState.DEFERRED)


@pytest.mark.parametrize("owner", ["a", "b"])
@pytest.mark.parametrize("outcome", [MessageState.ACCEPTED, MessageState.REJECTED, MessageState.DEFERRED, PENDING])
def test_who_marked_may_still_say_what_became_of_a_doubt(
    committed: Session, settings: Settings, delivery: Delivery, owner: str, outcome: MessageState
) -> None:
    put(committed, state="unknown", owner="a", attempts=1)  # as the sweep leaves it
    committed.commit()
    row = committed.query(Message).order_by(Message.id).first()
    assert row is not None
    marked_by(settings, owner, [], [Outcome(row.id, 0, outcome, None, "250 x", 1.0)], delivery)
    committed.expire_all()
    is_welcome = owner == "a" and outcome in (MessageState.ACCEPTED, MessageState.REJECTED)
    assert (row.state, row.attempts) == (outcome if is_welcome else MessageState.UNKNOWN, 1)
