"""Who gets mail: the rule over values, and that the SQL says the same for every combination."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import chain, combinations, product

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.eligible import REASONS, candidates, eligible
from curator.audience.models import Scope, Subscription, SubscriptionState
from curator.audience.suppress import suppress
from curator.issues.models import Newsletter
from curator.settings import Settings

TODAY = date(2026, 3, 2)


def test_strongest_reason_is_shown() -> None:
    assert eligible(SubscriptionState.ACTIVE, None, (), TODAY) is None
    assert eligible(SubscriptionState.ACTIVE, TODAY, (), TODAY) is None
    assert eligible(SubscriptionState.ACTIVE, TODAY + timedelta(days=1), (), TODAY) == "paused"
    assert eligible(SubscriptionState.LEFT, None, (), TODAY) == "unsubscribed"
    assert eligible(SubscriptionState.PENDING, None, (), TODAY) == "unconfirmed"
    assert eligible(SubscriptionState.LEFT, None, {Scope.COMPLAINT}, TODAY) == "complained"
    assert eligible(SubscriptionState.ACTIVE, None, {Scope.NEWSLETTER, Scope.HARD_BOUNCE}, TODAY) == "bounced"
    assert eligible(SubscriptionState.ACTIVE, None, set(Scope), TODAY) == "erased"


def test_sql_and_values_agree(
    session: Session, newsletter: Newsletter, settings: Settings, add: Callable[..., Subscription]
) -> None:
    today = session.scalars(select(func.current_date())).one()
    pauses = (None, today, today + timedelta(days=1))
    scopes = list(chain.from_iterable(combinations(Scope, size) for size in range(len(Scope) + 1)))
    expected = {}
    for number, (state, paused_until, some) in enumerate(product(SubscriptionState, pauses, scopes)):
        subscription = add(f"reader{number}@example.org", state=state, paused_until=paused_until)
        for scope in some:
            only = newsletter.id if scope is Scope.NEWSLETTER else None
            suppress(session, f"reader{number}@example.org", scope, newsletter_id=only, settings=settings)
        expected[subscription.id] = eligible(state, paused_until, some, today)
    found = {row.subscription_id: row.reason for row in session.execute(candidates(newsletter.id))}
    assert found == expected
    assert set(found.values()) == {None, *REASONS}


def test_only_this_newsletter(
    session: Session,
    newsletter: Newsletter,
    other: Newsletter,
    settings: Settings,
    add: Callable[..., Subscription],
) -> None:
    here = add("anna@example.org", tracking_consent=True)
    add("anna@example.org", to=other)
    add("ben@example.org", to=other)
    suppress(session, "anna@example.org", Scope.NEWSLETTER, newsletter_id=other.id, settings=settings)
    rows = session.execute(candidates(newsletter.id)).all()
    assert [(r.subscriber_id, r.subscription_id, r.address, r.name, r.tracking_consent, r.reason) for r in rows] == [
        (here.subscriber_id, here.id, "anna@example.org", "", True, None)
    ]
    assert {r.address: r.reason for r in session.execute(candidates(other.id))} == {
        "anna@example.org": "suppressed",
        "ben@example.org": None,
    }
