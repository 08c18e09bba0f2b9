"""One issue in numbers: people and machines side by side, right to the moment however far the rollups are.

Opens and clicks of readers who allowed it are readers, each counted once; `aggregate` is hits of everyone else, who
are never told apart. Never names anyone.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.models import Bounce, Delivery, Message, MessageState, Source
from curator.editions.models import Link
from curator.errors import NotFound
from curator.events.models import Actor, Event, EventKind
from curator.issues.models import Issue, Newsletter
from curator.reports.counts import Count, counts_of

_NAMES = {Actor.PERSON: "people", Actor.MACHINE: "machines", Actor.AGGREGATE: "aggregate"}


def issue_report(session: Session, issue_id: int) -> dict[str, Any]:
    """Plain values for pages, JSON and the command line. `hours` has one entry per UTC hour in which anything came.

    `measured` is how many delivered messages had links and a pixel of their own: what `people` can be at most.
    Raises `NotFound` for an issue that does not exist; an issue that was not sent has zeros.
    """
    found = session.execute(
        select(Issue, Newsletter, Delivery)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .outerjoin(Delivery, Delivery.issue_id == Issue.id)
        .where(Issue.id == issue_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no issue {issue_id}.")
    issue, newsletter, delivery = found
    counts = list(counts_of(session, issue_id))
    ledger = batches.count(session, delivery.id) if delivery else []
    return {
        "issue": issue.id,
        "number": issue.number,
        "subject": issue.subject,
        "tracking": newsletter.tracking.value,
        "sent_at": delivery.started_at.isoformat() if delivery and delivery.started_at else None,
        **_delivered(ledger, session, delivery),
        "opens": _readers(counts, EventKind.OPEN),
        "clicks": _readers(counts, EventKind.CLICK),
        "unsubscribes": _total(counts, EventKind.UNSUBSCRIBE),
        "bounces": _bounces(session, issue_id, delivery, ledger),
        "complaints": _total(counts, EventKind.COMPLAINT),
        "hits": {kind.value + "s": _hits(counts, kind) for kind in (EventKind.OPEN, EventKind.CLICK)},
        "links": _links(session, delivery, counts),
        "hours": _hours(counts),
    }


def _delivered(counts: list[batches.Count], session: Session, delivery: Delivery | None) -> dict[str, int]:
    delivered = sum(count.messages for count in counts if count.state is MessageState.ACCEPTED)
    return {"delivered": delivered, "measured": batches.measured(session, delivery.id) if delivery else 0}


def _readers(counts: Iterable[Count], kind: EventKind, link_number: int = 0) -> dict[str, int]:
    numbers = dict.fromkeys(_NAMES.values(), 0)
    for count in counts:
        if count.kind is kind and count.link_number == link_number:
            numbers[_NAMES[count.actor]] += count.readers
    return numbers


def _hits(counts: Iterable[Count], kind: EventKind) -> int:
    return sum(count.hits for count in counts if count.kind is kind and count.link_number == 0)


def _total(counts: Iterable[Count], kind: EventKind) -> int:
    return sum(count.readers for count in counts if count.kind is kind and count.link_number == 0)


def _bounces(session: Session, issue_id: int, delivery: Delivery | None, ledger: list[batches.Count]) -> int:
    """Messages refused at once, by the ledger, and those that came back later, by record or event, once each."""
    events = select(func.coalesce(Event.message_id, -Event.id).label("message_id")).where(
        Event.issue_id == issue_id, Event.kind == EventKind.BOUNCE
    )
    record = (
        select(Bounce.message_id)
        .join(Message, Message.id == Bounce.message_id)
        .where(Bounce.source != Source.SESSION, Message.delivery_id == (delivery.id if delivery else None))
    )
    came_back = events.union(record).subquery()
    later: int = session.execute(
        select(func.count())
        .select_from(came_back)
        .outerjoin(Message, Message.id == came_back.c.message_id)
        .where(Message.state.is_distinct_from(MessageState.REJECTED))
    ).scalar_one()
    return later + sum(count.messages for count in ledger if count.state is MessageState.REJECTED)


def _links(session: Session, delivery: Delivery | None, counts: list[Count]) -> list[dict[str, Any]]:
    """Every link of the edition that was sent, most clicked by people first, then as they stand in the mail."""
    if delivery is None or delivery.edition_id is None:
        return []
    by_link: dict[int, list[Count]] = defaultdict(list)
    for count in counts:
        by_link[count.link_number].append(count)
    rows = session.execute(
        select(Link.number, Link.address, Link.label)
        .where(Link.edition_id == delivery.edition_id)
        .order_by(Link.number)
    )
    links = [
        {"number": number, "address": address, "label": label}
        | _readers(by_link.get(number, ()), EventKind.CLICK, number)
        for number, address, label in rows
    ]
    return sorted(links, key=lambda link: (-link["people"] - link["aggregate"], -link["people"]))


def _hours(counts: Iterable[Count]) -> list[dict[str, Any]]:
    """Opens and clicks by hour: readers in the hour of their first, everyone else hit by hit."""
    by_hour: dict[Any, list[Count]] = defaultdict(list)
    for count in counts:
        if count.kind in (EventKind.OPEN, EventKind.CLICK):
            by_hour[count.hour].append(count)
    return [
        {
            "hour": hour.isoformat(),
            "opens": _readers(by_hour[hour], EventKind.OPEN),
            "clicks": _readers(by_hour[hour], EventKind.CLICK),
        }
        for hour in sorted(by_hour)
    ]
