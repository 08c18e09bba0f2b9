"""How much of a hit is kept, for every tracking mode and consent."""

from datetime import UTC, datetime, timedelta

import pytest

from curator.events.attribution import Kept, MessageFacts, attribute
from curator.events.hits import Hit
from curator.events.machines import Signs
from curator.events.models import Actor, EventKind
from curator.issues.models import Tracking
from curator.tokens import Purpose

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALLOWED = MessageFacts(subscription_id=5, accepted_at=NOW - timedelta(hours=1), has_consent=True)
REFUSED = ALLOWED._replace(has_consent=False)
ERASED = MessageFacts(None, NOW, False)


def _open(agent: str = "firefox") -> Hit:
    return Hit(NOW, Purpose.OPEN, 9, 3, None, Signs(agent))


def _kept(tracking: Tracking, message: MessageFacts | None, hit: Hit | None = None) -> Kept:
    found = attribute(hit or _open(), 1, tracking, message)
    assert found is not None
    return found


def test_nothing_is_kept_when_tracking_is_off() -> None:
    assert attribute(_open(), 1, Tracking.OFF, ALLOWED) is None


def test_a_person_is_kept_only_with_consent_and_only_in_individual_tracking() -> None:
    row = _kept(Tracking.INDIVIDUAL, ALLOWED).row
    assert (row.message_id, row.subscription_id, row.actor, row.agent) == (9, 5, Actor.PERSON, "firefox")


@pytest.mark.parametrize(
    ("tracking", "message"),
    [
        (Tracking.INDIVIDUAL, REFUSED),
        (Tracking.INDIVIDUAL, ERASED),
        (Tracking.INDIVIDUAL, None),
        (Tracking.AGGREGATE, ALLOWED),
        (Tracking.HYGIENE, ALLOWED),
    ],
)
def test_everything_else_is_a_count_about_nobody(tracking: Tracking, message: MessageFacts | None) -> None:
    row = _kept(tracking, message).row
    assert (row.message_id, row.subscription_id, row.agent, row.sign) == (None, None, "", "")
    assert (row.actor, row.kind, row.issue_id, row.edition_id) == (Actor.AGGREGATE, EventKind.OPEN, 1, 3)


def test_hygiene_keeps_the_day_of_a_persons_open() -> None:
    assert _kept(Tracking.HYGIENE, REFUSED).opened == (5, NOW.date())


@pytest.mark.parametrize(
    "hit",
    [_open("privacy proxy"), Hit(NOW, Purpose.CLICK, 9, 3, 1, Signs("firefox"))],
    ids=["a machine's open", "a click"],
)
def test_hygiene_keeps_no_day_of_anything_else(hit: Hit) -> None:
    assert _kept(Tracking.HYGIENE, REFUSED, hit).opened is None
