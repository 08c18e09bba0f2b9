"""Two hundred invented readers of the sample newsletter, in every state a reader can be in, each with the evidence."""

import random
from datetime import datetime, timedelta
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import insert
from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash, canonical
from curator.audience.consent import wording_hash
from curator.audience.models import (
    Consent,
    ConsentAction,
    Purpose,
    Scope,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)
from curator.settings import Settings

HOW_MANY = 200
WORDING = "Ja, stuur mij elke vrijdag Laagland. Ik kan me in elke mail met één klik afmelden."
TRACKING_WORDING = "Jullie mogen zien welke mails ik open en welke links ik volg, om Laagland beter te maken."

_FIRST = (
    *("Anna", "Bram", "Claire", "Daan", "Eva", "Faruk", "Greetje", "Hugo", "Ilse", "Jelle", "Karin", "Lars"),
    *("Maud", "Nadia", "Okke", "Petra", "Quinten", "Roos", "Sjoerd", "Tessa"),
)
_LAST = (
    *("de Vries", "Jansen", "Bakker", "Visser", "Smit", "Meijer", "Bos", "Vos", "Peters", "Hendriks"),
    *("van Leeuwen", "Dekker", "Brouwer", "Yılmaz", "el Amrani"),
)
_HOSTS = ("lezer.example", "postbus.example", "brievenbus.example", "huis.example", "werkplaats.example")


class Reader(NamedTuple):
    """A reader and what is the matter with them: their state, or the scope of a suppression."""

    subscriber_id: int
    subscription_id: int
    address_key: str
    created_at: datetime


class Readers(NamedTuple):
    """Everybody, and those who get mail at the time of the past issue, in the order of their ids."""

    all: list[Reader]
    mailed: list[Reader]


def add_readers(session: Session, newsletter_id: int, now: datetime, settings: Settings) -> Readers:
    """Insert them all as they were just before the past issue was sent."""
    chance = random.Random(41)  # noqa: S311 - the same sample every time, no secret
    states = _states()
    chance.shuffle(states)
    people = [_person(number, now, state, chance, settings) for number, state in enumerate(states)]
    ids = list(session.scalars(insert(Subscriber).returning(Subscriber.id, sort_by_parameter_order=True), people))
    subscriptions = [
        _subscription(newsletter_id, subscriber_id, person["created_at"], state, chance, now)
        for subscriber_id, person, state in zip(ids, people, states, strict=True)
    ]
    statement = insert(Subscription).returning(Subscription.id, sort_by_parameter_order=True)
    subscription_ids = list(session.scalars(statement, subscriptions))
    session.execute(insert(Consent), [row for each in subscriptions for row in _evidence(each)])
    _suppress(session, people, states, now)
    readers = [
        Reader(subscriber_id, subscription_id, person["address_key"], person["created_at"])
        for subscriber_id, subscription_id, person in zip(ids, subscription_ids, people, strict=True)
    ]
    return Readers(readers, [reader for reader, state in zip(readers, states, strict=True) if state == "active"])


def _states() -> list[str]:
    rare = {"pending": 9, "left": 8, "paused": 5, Scope.HARD_BOUNCE: 4, Scope.COMPLAINT: 2, Scope.EVERYWHERE: 2}
    states = [str(state) for state, count in rare.items() for _ in range(count)]
    return states + ["active"] * (HOW_MANY - len(states))


def _person(number: int, now: datetime, state: str, chance: random.Random, settings: Settings) -> dict[str, Any]:
    first, last = list(product(_FIRST, _LAST))[(number * 7) % (len(_FIRST) * len(_LAST))]
    plain = f"{first}.{last}".lower().replace(" ", "").replace("ı", "i")
    address = canonical(f"{plain}@{_HOSTS[number % len(_HOSTS)]}")
    days = chance.uniform(1, 9) if state == "pending" else chance.uniform(15, 240)
    return {
        "address": address.address,
        "address_key": address.key,
        "address_hash": address_hash(address.key, settings.secret("pepper")),
        "name": f"{first} {last}",
        "language": "nl",
        "created_at": now - timedelta(days=days),
    }


def _subscription(
    newsletter_id: int, subscriber_id: int, since: datetime, state: str, chance: random.Random, now: datetime
) -> dict[str, Any]:
    is_pending, has_left = state == "pending", state == "left"
    known = SubscriptionState(state) if is_pending or has_left else SubscriptionState.ACTIVE
    return {
        "subscriber_id": subscriber_id,
        "newsletter_id": newsletter_id,
        "state": known,
        "tracking_consent": not is_pending and chance.random() < 0.72,
        "paused_until": (now + timedelta(days=chance.randint(8, 40))).date() if state == "paused" else None,
        "confirmed_at": None if is_pending else since + timedelta(minutes=chance.randint(1, 90)),
        "left_at": now - timedelta(days=chance.uniform(10, 14)) if has_left else None,
        "created_at": since,
    }


def _evidence(subscription: dict[str, Any]) -> list[dict[str, Any]]:
    """What the sign-up page, the confirmation and, where it was given, the agreement to measuring left behind."""
    rows = [_consent(subscription, ConsentAction.REQUESTED, WORDING, subscription["created_at"])]
    if at := subscription["confirmed_at"]:
        rows.append(_consent(subscription, ConsentAction.CONFIRMED, WORDING, at))
        if subscription["tracking_consent"]:
            rows.append(_consent(subscription, ConsentAction.CONFIRMED, TRACKING_WORDING, at, Purpose.TRACKING))
    if at := subscription["left_at"]:
        rows.append(_consent(subscription, ConsentAction.WITHDRAWN, "", at))
    return rows


def _consent(
    subscription: dict[str, Any],
    action: ConsentAction,
    wording: str,
    at: datetime,
    purpose: Purpose = Purpose.MAIL,
) -> dict[str, Any]:
    return {
        "subscriber_id": subscription["subscriber_id"],
        "newsletter_id": subscription["newsletter_id"],
        "purpose": purpose,
        "action": action,
        "wording": wording,
        "wording_hash": wording_hash(wording),
        "language": "nl",
        "form": "/subscribe/laagland",
        "actor": "reader",
        "at": at,
    }


def _suppress(session: Session, people: list[dict[str, Any]], states: list[str], now: datetime) -> None:
    reasons = {
        str(Scope.HARD_BOUNCE): "550 5.1.1 unknown user",
        str(Scope.COMPLAINT): "marked as spam",
        str(Scope.EVERYWHERE): "asked by letter",
    }
    rows = [
        {
            "address_hash": person["address_hash"],
            "scope": Scope(state),
            "newsletter_id": None,
            "reason": reasons[state],
            "created_at": now - timedelta(days=12),
        }
        for person, state in zip(people, states, strict=True)
        if state in reasons
    ]
    session.execute(insert(Suppression), rows)
