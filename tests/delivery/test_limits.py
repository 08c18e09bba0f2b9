"""Limits: read from what is stored, looked up by domain."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from curator.delivery.buckets import Bucket, DayCount
from curator.delivery.limits import MARGIN, capped, load_limits, provider_of
from curator.delivery.models import Delivery, Message, Relay, Throttle
from curator.delivery.relays import set_relay
from curator.delivery.throttles import list_throttles, remove_throttle, set_throttle
from curator.delivery.warm_up import set_warm_up
from curator.errors import Invalid, NotFound
from curator.settings import Settings
from tests.delivery.cast import a_bare_delivery


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("Ann@Example.ORG", "example.org"),
        ("a@googlemail.com", "gmail.com"),
        ("a@bücher.example", "xn--bcher-kva.example"),
        ("a@example.org.", "example.org"),
        ('"a@b"@c.test', "c.test"),
        ("nothing", "nothing"),
    ],
)
def test_domains_are_looked_up_by_one_name(address: str, domain: str) -> None:
    assert provider_of(address) == domain


@pytest.mark.parametrize("rate", [0.01, 0.5, 1, 2.5, 10, 500, 5000])
def test_a_cap_leaves_a_margin_and_never_allows_more(rate: float) -> None:
    bucket = capped("b", rate)
    assert bucket.seconds == pytest.approx(MARGIN / rate)
    assert bucket.most <= max(rate, 1)


def test_a_delivery_without_limits_has_none(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 1)
    relay = set_relay(committed, "default", host="127.0.0.1", port=25, security="none")
    set_relay(committed, "another", host="127.0.0.1", port=25, security="none", rate=1)
    limits = load_limits(committed, delivery.id, "desk@example.org", [relay.id])
    assert not limits.are_any
    assert limits.of_recipient("a@example.org") is None


def test_what_is_stored_holds(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 30)
    relay = set_relay(committed, "default", host="127.0.0.1", port=25, security="none", rate=20)
    set_warm_up(committed, "default", [50, 100], datetime.now(UTC).date() - timedelta(days=1))
    set_throttle(committed, "sender-domain", "Example.org", 5)
    set_throttle(committed, "sender-domain", "other.org", 1)
    set_throttle(committed, "recipient-domain", "googlemail.com", 3)
    delivery.window_seconds = 60
    committed.flush()
    limits = load_limits(committed, delivery.id, "desk@example.org", [relay.id])
    assert [limit.key for limit in limits.shared] == [
        "curator:pace:sender:example.org",
        f"curator:pace:delivery:{delivery.id}",
    ]
    window = limits.shared[1]
    assert isinstance(window, Bucket) and window.seconds == 2.0
    rate, day = limits.relays[relay.id]
    assert isinstance(rate, Bucket) and rate.rate == 20
    assert isinstance(day, DayCount) and day.ceiling == 100
    bucket = limits.of_recipient("a@gmail.com")
    assert bucket is not None and bucket == limits.of_recipient("b@GoogleMail.com") and bucket.rate == 3


def test_throttles_are_set_changed_listed_and_removed(session: Session) -> None:
    set_throttle(session, "recipient-domain", "gmail.com", 2)
    assert set_throttle(session, "recipient-domain", "@GMAIL.com ", 4).rate == 4
    set_throttle(session, "sender-domain", "gmail.com", 1)
    assert [(t.scope.value, t.domain, t.rate) for t in list_throttles(session)] == [
        ("sender-domain", "gmail.com", 1),
        ("recipient-domain", "gmail.com", 4),
    ]
    remove_throttle(session, "recipient-domain", "googlemail.com")
    assert session.scalars(select(Throttle.rate)).all() == [1]
    with pytest.raises(NotFound):
        remove_throttle(session, "recipient-domain", "gmail.com")


@pytest.mark.parametrize(
    ("scope", "domain", "rate"),
    [
        ("relay", "a.test", 1),
        ("sender-domain", "localhost", 1),
        ("sender-domain", "a b.test", 1),
        ("recipient-domain", "", 1),
        ("recipient-domain", "a.test", 0),
        ("recipient-domain", "a.test", float("nan")),
        ("recipient-domain", "a.test", float("inf")),
    ],
)
def test_what_is_no_limit_is_refused(session: Session, scope: str, domain: str, rate: float) -> None:
    with pytest.raises(Invalid):
        set_throttle(session, scope, domain, rate)


def test_a_changed_throttle_lets_those_that_wait_for_it_look_again(committed: Session, settings: Settings) -> None:
    delivery = a_bare_delivery(committed, settings, 4)
    later = datetime.now(UTC) + timedelta(hours=1)
    put_off = update(Message).where(Message.delivery_id == delivery.id).values(state="deferred", not_before=later)
    committed.execute(put_off.values(reason="waits for its turn: at most 1 a second to gmail.com"))
    first = committed.scalars(select(Message.id).order_by(Message.id)).first()
    committed.execute(update(Message).where(Message.id == first).values(reason="451 later"))
    set_throttle(committed, "recipient-domain", "gmail.com", 50)
    waiting = committed.scalars(select(Message.id).where(Message.not_before > later - timedelta(minutes=1))).all()
    assert waiting == [first]
    assert committed.get_one(Delivery, delivery.id) is delivery and committed.scalars(select(Relay)).all() == []
