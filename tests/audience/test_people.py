"""Finding people, page after page, and counting them."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy.orm import Session

from curator.audience.models import Scope, Subscription
from curator.audience.people import counts_by_reason, find_subscriber, find_subscription, page_of_subscriptions
from curator.audience.suppress import suppress
from curator.errors import Invalid, NotFound
from curator.issues.models import Newsletter
from curator.settings import Settings

Add = Callable[..., Subscription]


def addresses(session: Session, newsletter: Newsletter, **given: str) -> list[str]:
    return [s.subscriber.address for s in page_of_subscriptions(session, newsletter.id, **given).subscriptions]


def test_one_person(session: Session, newsletter: Newsletter, other: Newsletter, add: Add) -> None:
    anna = add("Anna@example.org")
    assert find_subscriber(session, " ANNA@Example.ORG ").id == anna.subscriber_id
    for unknown in ("ben@example.org", "no address"):
        with pytest.raises(NotFound):
            find_subscriber(session, unknown)
    assert find_subscription(session, newsletter.id, anna.id) is anna
    with pytest.raises(NotFound):
        find_subscription(session, other.id, anna.id)


def test_page_after_page(session: Session, newsletter: Newsletter, other: Newsletter, add: Add) -> None:
    for number in range(7):
        add(f"r{number}@example.org")
    add("elsewhere@example.org", to=other)
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = page_of_subscriptions(session, newsletter.id, after=after, limit=3)
        assert len(page.subscriptions) <= 3
        seen += [s.subscriber.address for s in page.subscriptions]
        after = page.after
    assert seen == [f"r{number}@example.org" for number in range(7)]


def test_search(session: Session, newsletter: Newsletter, add: Add) -> None:
    add("anna@example.org").subscriber.name = "Anna de Vries"
    add("ben_x@example.com").subscriber.name = "Ben 100%"
    session.flush()
    assert addresses(session, newsletter, search="EXAMPLE.com") == ["ben_x@example.com"]
    assert addresses(session, newsletter, search="  de   vries ") == ["anna@example.org"]
    assert addresses(session, newsletter, search="%") == ["ben_x@example.com"], "a sign is only a sign"
    assert addresses(session, newsletter, search="_") == ["ben_x@example.com"]
    assert addresses(session, newsletter, search="nobody\x00") == []


def test_states(session: Session, newsletter: Newsletter, add: Add) -> None:
    add("a@example.org")
    add("b@example.org", state="pending")
    add("c@example.org", state="left")
    add("d@example.org", paused_until=date(2999, 1, 1))
    add("e@example.org", paused_until=date(2000, 1, 1))
    assert addresses(session, newsletter, state="active") == ["a@example.org", "e@example.org"]
    assert addresses(session, newsletter, state="pending") == ["b@example.org"]
    assert addresses(session, newsletter, state="left") == ["c@example.org"]
    assert addresses(session, newsletter, state="paused") == ["d@example.org"]
    with pytest.raises(Invalid):
        page_of_subscriptions(session, newsletter.id, state="state; DROP TABLE")


def test_counts(session: Session, newsletter: Newsletter, settings: Settings, add: Add) -> None:
    add("a@example.org")
    add("b@example.org", state="pending")
    add("c@example.org", state="left")
    add("d@example.org", paused_until=date(2999, 1, 1))
    add("e@example.org")
    suppress(session, "e@example.org", Scope.HARD_BOUNCE, settings=settings)
    assert counts_by_reason(session, newsletter.id) == {
        "active": 1, "erased": 0, "complained": 0, "bounced": 1, "suppressed": 0,
        "unsubscribed": 1, "unconfirmed": 1, "paused": 1,
    }  # fmt: skip
