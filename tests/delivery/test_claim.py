"""The fence: who may mark, who may not any more, and that nobody is mailed who may not be."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from curator.audience.eligible import REASONS, candidates
from curator.audience.models import Scope, Subscriber, Subscription, SubscriptionState, Suppression
from curator.delivery import claim
from curator.delivery.claim import Claimed, Connection, Outcome
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery, states

PENDING, CLAIMED, ATTEMPTING = MessageState.PENDING, MessageState.CLAIMED, MessageState.ATTEMPTING


def with_connection(settings: Settings, act: Callable[[Connection], Any]) -> Any:
    """Run `act` with a connection of the engine's kind."""

    async def run() -> Any:
        async with await claim.connect(settings.database_url) as connection:
            return await act(connection)

    return asyncio.run(run())


def claimed_by(settings: Settings, delivery: Delivery, owner: str, count: int = 10, lease: float = 60) -> list[Claimed]:
    return with_connection(settings, lambda c: claim.claim(c, delivery.id, owner, count, lease))


def marked_by(settings: Settings, owner: str, wanted: list[Claimed], outcomes: list[Outcome] | None = None) -> set[int]:
    return with_connection(settings, lambda c: claim.record_and_mark(c, owner, None, outcomes or [], wanted))


@pytest.fixture
def delivery(committed: Session, settings: Settings) -> Delivery:
    return a_bare_delivery(committed, settings, 10)


def test_claims_are_disjoint_and_ordered(settings: Settings, delivery: Delivery) -> None:
    first = claimed_by(settings, delivery, "a", 4)
    second = claimed_by(settings, delivery, "b", 10)
    assert [c.id for c in first + second] == sorted({c.id for c in first + second})
    assert (len(first), len(second)) == (4, 6)
    assert {c.epoch for c in first + second} == {1}


def test_only_the_latest_owner_marks(committed: Session, settings: Settings, delivery: Delivery) -> None:
    stale = claimed_by(settings, delivery, "a", 10, lease=0)
    fresh = claimed_by(settings, delivery, "b", 10)
    assert {c.epoch for c in fresh} == {2}
    assert marked_by(settings, "a", stale) == set()
    assert marked_by(settings, "a", fresh) == set()
    assert marked_by(settings, "b", fresh[:5]) == {c.id for c in fresh[:5]}
    assert marked_by(settings, "b", fresh[:5]) == set(), "a marker is given once"


@pytest.mark.parametrize("state", [DeliveryState.PAUSED, DeliveryState.HOLDING, DeliveryState.CANCELLED])
def test_no_marker_and_no_claim_for_a_delivery_that_does_not_send(
    committed: Session, settings: Settings, delivery: Delivery, state: DeliveryState
) -> None:
    claimed = claimed_by(settings, delivery, "a", 5)
    committed.execute(update(Delivery).values(state=state))
    committed.commit()
    assert marked_by(settings, "a", claimed) == set()
    assert not with_connection(settings, lambda c: claim.put_back(c, "a", [each.id for each in claimed]))
    assert claimed_by(settings, delivery, "b") == []
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
    claimed = claimed_by(settings, delivery, "a") if is_claimed_before else []
    REFUSALS[what](committed, delivery)
    committed.commit()
    if not is_claimed_before:
        claimed = claimed_by(settings, delivery, "a")
        assert [c.may_mail for c in claimed] == [False] + [True] * 9
    refused = {c.id for c in claimed} - marked_by(settings, "a", claimed)
    assert refused == {claimed[0].id}
    assert with_connection(settings, lambda c: claim.put_back(c, "a", list(refused)))
    row = committed.get_one(Message, claimed[0].id, populate_existing=True)
    rule = committed.execute(
        select(candidates(delivery.newsletter_id).subquery()).order_by(text("subscriber_id"))
    ).first()
    assert rule is not None
    assert (row.state, row.reason) == (MessageState.SUPPRESSED, rule.reason)
    assert row.reason in REASONS
    assert row.done_at is not None


def test_a_person_who_was_deleted_is_not_mailed(committed: Session, settings: Settings, delivery: Delivery) -> None:
    claimed = claimed_by(settings, delivery, "a")
    person = committed.get_one(Message, claimed[0].id).subscriber_id
    committed.execute(text("DELETE FROM subscriber WHERE id = :id"), {"id": person})
    committed.commit()
    assert claimed[0].id not in marked_by(settings, "a", claimed)


def test_a_suppression_of_another_newsletter_is_not_ours(
    committed: Session, settings: Settings, delivery: Delivery
) -> None:
    bar(committed, Scope.NEWSLETTER, None)
    committed.commit()
    claimed = claimed_by(settings, delivery, "a")
    assert len(marked_by(settings, "a", claimed)) == 10


@pytest.mark.parametrize(
    ("before", "outcome", "after"),
    [
        (ATTEMPTING, MessageState.ACCEPTED, MessageState.ACCEPTED),
        (ATTEMPTING, MessageState.REJECTED, MessageState.REJECTED),
        (ATTEMPTING, MessageState.DEFERRED, MessageState.DEFERRED),
        (ATTEMPTING, MessageState.UNKNOWN, MessageState.UNKNOWN),
        (ATTEMPTING, PENDING, PENDING),
        (CLAIMED, MessageState.ACCEPTED, CLAIMED),
        (CLAIMED, MessageState.DEFERRED, MessageState.DEFERRED),
        (CLAIMED, MessageState.REJECTED, MessageState.REJECTED),
        (MessageState.UNKNOWN, MessageState.ACCEPTED, MessageState.ACCEPTED),
        (MessageState.UNKNOWN, MessageState.REJECTED, MessageState.REJECTED),
        (MessageState.UNKNOWN, MessageState.DEFERRED, MessageState.UNKNOWN),
        (MessageState.UNKNOWN, PENDING, MessageState.UNKNOWN),
        (MessageState.CANCELLED, MessageState.ACCEPTED, MessageState.CANCELLED),
        (PENDING, MessageState.ACCEPTED, PENDING),
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
    claimed = claimed_by(settings, delivery, "a", 1)[0]
    committed.execute(update(Message).where(Message.id == claimed.id).values(state=before))
    committed.commit()
    wait = 30.0 if outcome is MessageState.DEFERRED else None
    for owner, epoch in (("b", claimed.epoch), ("a", claimed.epoch + 1)):
        marked_by(settings, owner, [], [Outcome(claimed.id, epoch, outcome, "r", "250 x", wait)])
        assert committed.get_one(Message, claimed.id, populate_existing=True).state is before
        committed.rollback()
    marked_by(settings, "a", [], [Outcome(claimed.id, claimed.epoch, outcome, "r", "250 x", wait)])
    row = committed.get_one(Message, claimed.id, populate_existing=True)
    assert row.state is after
    if before is not after:
        assert (row.reason, row.last_reply, row.attempts) == ("r", "250 x", 1)
        assert (row.not_before is not None) == (outcome is MessageState.DEFERRED)


def test_deferred_rows_are_claimed_when_they_are_due(
    committed: Session, settings: Settings, delivery: Delivery
) -> None:
    soon, late = claimed_by(settings, delivery, "a", 2)
    marked_by(
        settings,
        "a",
        [],
        [
            Outcome(soon.id, 1, MessageState.DEFERRED, wait=-1.0),
            Outcome(late.id, 1, MessageState.DEFERRED, wait=60.0),
        ],
    )
    again = {c.id: c for c in claimed_by(settings, delivery, "b")}
    assert soon.id in again
    assert late.id not in again
    assert (again[soon.id].attempts, again[soon.id].epoch) == (1, 2)


def test_a_renewed_lease_keeps_others_away(settings: Settings, delivery: Delivery) -> None:
    claimed = claimed_by(settings, delivery, "a", 2, lease=0)
    with_connection(settings, lambda c: claim.renew(c, "a", [claimed[0].id], 60))
    with_connection(settings, lambda c: claim.renew(c, "b", [claimed[1].id], 60))
    others = {c.id for c in claimed_by(settings, delivery, "c")}
    assert claimed[0].id not in others
    assert claimed[1].id in others, "nobody renews what is not theirs"


def test_an_owner_lives_as_long_as_its_connection(settings: Settings) -> None:
    def is_free() -> bool:
        with psycopg.connect(settings.database_url) as other:
            row = other.execute("SELECT pg_try_advisory_xact_lock(%s)", (claim.lock_key("x"),)).fetchone()
            return bool(row and row[0])

    async def act(connection: Connection) -> bool:
        await claim.take_ownership(connection, "x")
        return is_free()

    assert with_connection(settings, act) is False
    assert is_free()
