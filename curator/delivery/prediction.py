"""The forecast from what is stored: before Send from the audience, while sending from the ledger. Changes nothing."""

import statistics
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, text
from sqlalchemy.orm import Session

from curator.audience.eligible import candidates
from curator.delivery.batches import IN_BATCH, SAMPLE, TO_ALL, Count, sampled
from curator.delivery.forecast import Allowance, Load, predict
from curator.delivery.limits import SAME_PROVIDER, provider_of
from curator.delivery.models import (
    Delivery,
    DeliveryState,
    MessageState,
    Relay,
    Throttle,
    ThrottleScope,
)
from curator.delivery.rates import accepted_within
from curator.delivery.relays import DEFAULT
from curator.delivery.warm_up import count_sent, warm_up_of
from curator.issues.models import Newsletter

RECENT_SECONDS = 180.0
AT_LEAST = 20
"""Messages accepted before a rate says anything."""

_DELIVERIES = 5
_LEFT = (MessageState.PENDING, MessageState.CLAIMED, MessageState.DEFERRED, MessageState.ATTEMPTING)

_LEFT_BY_DOMAIN = text(
    f"""
    WITH {sampled("delivery_id = :delivery AND is_open")}
    SELECT part.domain, count(*) * {TO_ALL} FROM batch CROSS JOIN LATERAL (
        SELECT lower(split_part(message.address, '@', 2)) AS domain FROM message
        WHERE {IN_BATCH} AND message.state = ANY(:left)) AS part
    WHERE part.domain = ANY(:names) GROUP BY part.domain
    """  # noqa: S608 - our own constants
)


def predict_send(session: Session, newsletter_id: int, start: datetime, over: float | None = None) -> datetime | None:
    """When an issue sent to today's audience from `start` on would be over; `over`: seconds it is spread over."""
    relay, newsletter = _relay(session, newsletter_id), session.get_one(Newsletter, newsletter_id)
    if relay is None:
        return None
    people = candidates(newsletter_id).subquery()
    mailed = select(people.c.address).where(people.c.reason.is_(None))
    domains = _domains(session)
    count = session.scalar(select(func.count()).select_from(mailed.subquery())) or 0
    load = Load(count, _by_domain(session, mailed, domains))
    window = count / over if over and count else None
    measured = _usual_rate(session, relay)
    return predict(load, _allowance(session, relay, newsletter, domains, window, measured, start), start)


def predict_end(session: Session, delivery: Delivery, counts: Sequence[Count]) -> datetime | None:
    """When this delivery will be over; None when it is not on its way or nobody can say. `counts`: its ledger's."""
    now = session.scalars(select(func.clock_timestamp())).one()
    if delivery.expected is None:
        is_coming = delivery.state in (DeliveryState.SCHEDULED, DeliveryState.FREEZING)
        start = max(delivery.scheduled_at, now)
        return predict_send(session, delivery.newsletter_id, start, delivery.window_seconds) if is_coming else None
    relay, newsletter = _relay(session, delivery.newsletter_id), session.get_one(Newsletter, delivery.newsletter_id)
    if delivery.state is not DeliveryState.SENDING or relay is None:
        return None
    domains = _domains(session)
    load = Load(_sum(counts, _LEFT), _left_by_domain(session, delivery.id, domains))
    mailed = _sum(counts, set(MessageState) - {MessageState.SUPPRESSED})
    window = mailed / delivery.window_seconds if delivery.window_seconds else None
    start = max(delivery.rests_until or now, now)
    measured = _rate_now(session, delivery, now) if start == now else _usual_rate(session, relay)
    return predict(load, _allowance(session, relay, newsletter, domains, window, measured, start), start)


def _sum(counts: Sequence[Count], states: Collection[MessageState]) -> int:
    return sum(count.messages for count in counts if count.state in states)


def _allowance(
    session: Session,
    relay: Relay,
    newsletter: Newsletter,
    domains: dict[str, float],
    window: float | None,
    measured: float | None,
    start: datetime,
) -> Allowance:
    sender = session.scalar(
        select(Throttle.rate).where(
            Throttle.scope == ThrottleScope.SENDER_DOMAIN, Throttle.domain == provider_of(newsletter.from_address)
        )
    )
    carriers = _carriers(session, relay)
    warm_up = warm_up_of(relay) if carriers == [relay] else None  # what one may not carry today goes over the others
    rates = [carrier.rate for carrier in carriers if carrier.rate is not None]
    together = sum(rates) if len(rates) == len(carriers) else None
    return Allowance(
        caps=tuple(rate for rate in (together, sender) if rate is not None),
        domains=domains,
        window=window,
        warm_up=warm_up,
        sent_today=count_sent(session, relay.id, start.date()) if warm_up is not None else 0,
        measured=measured,
    )


def _relay(session: Session, newsletter_id: int) -> Relay | None:
    own = select(Newsletter.relay_id).where(Newsletter.id == newsletter_id).scalar_subquery()
    return session.scalar(
        select(Relay).where((Relay.id == own) | (Relay.name == DEFAULT)).order_by((Relay.id == own).desc()).limit(1)
    )


def _carriers(session: Session, relay: Relay) -> list[Relay]:
    """The relays of its pool that share the work: not those that only stand in, unless all do."""
    pool = session.scalars(select(Relay).where(Relay.pool == relay.pool).order_by(Relay.id)).all()
    return [other for other in pool if other.weight] or list(pool)


def _domains(session: Session) -> dict[str, float]:
    found = select(Throttle.domain, Throttle.rate).where(Throttle.scope == ThrottleScope.RECIPIENT_DOMAIN)
    return {domain: rate for domain, rate in session.execute(found)}  # noqa: C416


def _by_domain(session: Session, addresses: Select[Any], domains: Iterable[str]) -> dict[str, int]:
    """How many of these addresses are at each limited domain, under the provider's one name."""
    names = _names(domains)
    if not names:
        return {}
    rows = addresses.subquery()
    domain = func.lower(func.split_part(rows.c.address, "@", 2))
    return _by_provider(session.execute(select(domain, func.count()).where(domain.in_(names)).group_by(domain)))


def _left_by_domain(session: Session, delivery_id: int, domains: Iterable[str]) -> dict[str, int]:
    """The same for what is left of a delivery; an estimate where that is a great many batches."""
    names = _names(domains)
    if not names:
        return {}
    values = {"delivery": delivery_id, "names": names, "left": [state.value for state in _LEFT], "sample": SAMPLE}
    return _by_provider(session.execute(_LEFT_BY_DOMAIN, values))


def _names(domains: Iterable[str]) -> list[str]:
    """Limited domains, and those that the same provider has besides."""
    names = set(domains)
    return sorted(names | {other for other, name in SAME_PROVIDER.items() if name in names})


def _by_provider(rows: Iterable[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, count in rows:
        counts[provider_of(f"x@{name}")] = counts.get(provider_of(f"x@{name}"), 0) + round(count)
    return counts


def _usual_rate(session: Session, relay: Relay) -> float | None:
    """Messages a second of the last deliveries through this relay that were not spread over time."""
    is_its: ColumnElement[bool] = Newsletter.relay_id == relay.id
    if relay.name == DEFAULT:
        is_its = or_(is_its, Newsletter.relay_id.is_(None))
    rows = session.execute(
        select(Delivery.expected, Delivery.started_at, Delivery.finished_at)
        .join(Newsletter, Newsletter.id == Delivery.newsletter_id)
        .where(
            is_its,
            Delivery.state == DeliveryState.SENT,
            Delivery.expected >= AT_LEAST,
            Delivery.window_seconds.is_(None),
            Delivery.started_at.is_not(None),
            Delivery.finished_at.is_not(None),
        )
        .order_by(Delivery.finished_at.desc())
        .limit(_DELIVERIES)
    ).all()
    rates = [
        expected / max((end - start).total_seconds(), 0.1)
        for expected, start, end in rows
        if expected and start and end
    ]
    return statistics.median(rates) if rates else None


def _rate_now(session: Session, delivery: Delivery, now: datetime) -> float | None:
    """Messages accepted a second over the last minutes."""
    if delivery.started_at is None:
        return None
    seconds = min((now - delivery.started_at).total_seconds(), RECENT_SECONDS)
    accepted = accepted_within(session, delivery.id, RECENT_SECONDS)
    return accepted / max(seconds, 0.1) if accepted >= AT_LEAST else None
