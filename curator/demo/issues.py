"""The sample's two issues: one that was sent a week ago with everything that came back, and the draft of this week."""

import random
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from curator.audience.leave import leave
from curator.audience.models import Consent, ConsentAction, Scope, Subscription
from curator.audience.suppress import suppress
from curator.delivery.batches import settle
from curator.delivery.freeze import freeze
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState, Relay
from curator.demo.articles import Shelf
from curator.demo.sample import DRAFT, PAST, ZONE, SampleIssue
from curator.editions.models import Link
from curator.events.machines import AT_ACCEPTANCE
from curator.events.models import Actor, Event, EventKind
from curator.issues.compose import add_item, create_issue
from curator.issues.models import Issue, IssueState, Newsletter
from curator.settings import Settings

BY = "redactie@laagland.example"
_REFUSALS = ("550 5.1.1 <lezer> unknown user", "550 5.1.1 mailbox does not exist", "552 5.2.2 mailbox is full")


class Ledger(NamedTuple):
    """The past delivery: its rows and the moment it began."""

    delivery: Delivery
    messages: list[Message]
    started_at: datetime


def add_draft(session: Session, newsletter: Newsletter, shelf: Shelf) -> Issue:
    """This week's issue, half filled."""
    return _compose(session, newsletter, DRAFT, shelf)


def add_past_issue(
    session: Session, newsletter: Newsletter, shelf: Shelf, *, now: datetime, settings: Settings
) -> Issue:
    """Last week's issue: composed and frozen by the real verbs, then its ledger and its events as they would be."""
    issue = _compose(session, newsletter, PAST, shelf)
    started_at = (now.astimezone(ZONE) - timedelta(days=7)).replace(hour=7, minute=5, second=0, microsecond=0)
    ledger = _send(session, issue, started_at, settings)
    chance = random.Random(issue.number)  # noqa: S311 - the same sample every time, no secret
    _record_events(session, issue, ledger, chance)
    _let_some_go(session, issue, ledger, settings)
    return issue


def _compose(session: Session, newsletter: Newsletter, sample: SampleIssue, shelf: Shelf) -> Issue:
    issue = create_issue(session, newsletter.id, sample.subject, BY)
    for name in sample.articles:
        add_item(session, issue.id, shelf.ids[name], shelf.articles[name].section, sample.blurbs.get(name), BY)
    issue.preheader, issue.intro, issue.outro = sample.preheader, sample.intro, sample.outro
    session.flush()
    return issue


def _send(session: Session, issue: Issue, started_at: datetime, settings: Settings) -> Ledger:
    delivery = Delivery(
        issue_id=issue.id,
        newsletter_id=issue.newsletter_id,
        state=DeliveryState.SCHEDULED,
        scheduled_at=started_at,
        by=BY,
        created_at=started_at - timedelta(minutes=10),
    )
    issue.state = IssueState.SENDING
    session.add(delivery)
    session.flush()
    freeze(session, delivery.id, settings)
    session.info.pop("after_commit", None)  # nothing of this is to be sent again: no worker needs to know
    messages = _settle(session, delivery, started_at)
    finished_at = started_at + timedelta(seconds=41)
    delivery.state, delivery.finished_at = DeliveryState.SENT, finished_at
    delivery.frozen_at = delivery.started_at = started_at
    issue.state, issue.sent_at = IssueState.SENT, finished_at
    issue.created_at, issue.changed_at = started_at - timedelta(days=3), started_at - timedelta(minutes=20)
    session.flush()
    return Ledger(delivery, messages, started_at)


def _settle(session: Session, delivery: Delivery, started_at: datetime) -> list[Message]:
    """The ledger as the relay's replies would have left it: three refused, one in doubt, the rest accepted."""
    relay_id = session.scalar(select(Relay.id).where(Relay.name == "default"))
    messages = list(session.scalars(select(Message).where(Message.delivery_id == delivery.id).order_by(Message.id)))
    mailed = [message for message in messages if message.state is MessageState.PENDING]
    refused = dict(zip((m.id for m in (mailed[17], mailed[58], mailed[121])), _REFUSALS, strict=True))
    rows: list[dict[str, Any]] = []
    for place, message in enumerate(mailed):
        done_at = started_at + timedelta(milliseconds=900 + place * 230)
        row: dict[str, Any] = {
            "id": message.id,
            "relay_id": relay_id,
            "attempts": 1,
            "marked_at": done_at,
            "done_at": done_at,
        }
        if message.id in refused:
            row |= {"state": MessageState.REJECTED, "reason": "no such mailbox", "last_reply": refused[message.id]}
        elif place == 90:
            row |= {"state": MessageState.UNKNOWN, "reason": "connection lost", "last_reply": None}
        else:
            row |= {"state": MessageState.ACCEPTED, "reason": None, "last_reply": "250 2.0.0 Kept"}
        rows.append(row)
    session.execute(update(Message), rows)
    suppressed = (Message.delivery_id == delivery.id, Message.state == MessageState.SUPPRESSED)
    session.execute(update(Message).where(*suppressed).values(done_at=started_at))
    settle(session, delivery.id)
    session.expire_all()
    return list(session.scalars(select(Message).where(Message.delivery_id == delivery.id).order_by(Message.id)))


def _record_events(session: Session, issue: Issue, ledger: Ledger, chance: random.Random) -> None:
    edition_id = ledger.delivery.edition_id
    numbers = session.scalars(
        select(Link.number).where(Link.edition_id == edition_id, Link.item_id.is_not(None)).order_by(Link.number)
    ).all()
    rows: list[dict[str, Any]] = []
    for message in ledger.messages:
        if message.state is MessageState.ACCEPTED:
            rows += _events_of(message, list(numbers), chance)
    common = {"issue_id": issue.id, "edition_id": edition_id, "agent": "", "sign": ""}
    session.execute(insert(Event), [common | row for row in sorted(rows, key=lambda row: row["at"])])


def _events_of(message: Message, numbers: list[int], chance: random.Random) -> list[dict[str, Any]]:
    """What one reader and the machines around them did. Who did not agree to measuring is counted, not known."""
    accepted_at = message.done_at
    assert accepted_at is not None  # noqa: S101 - every settled row has its time
    known = {"message_id": message.id, "subscription_id": message.subscription_id}
    rows: list[dict[str, Any]] = []
    if message.is_individual and chance.random() < 0.16:
        at = accepted_at + AT_ACCEPTANCE / 2
        rows.append(known | _event(EventKind.OPEN, Actor.MACHINE, at, agent="scanner", sign="security scanner"))
    if chance.random() > 0.58:
        return rows
    who = known if message.is_individual else {"message_id": None, "subscription_id": None}
    actor = Actor.PERSON if message.is_individual else Actor.AGGREGATE
    opened_at = accepted_at + timedelta(minutes=3 + chance.paretovariate(0.9) * 12)
    opened_at = min(opened_at, accepted_at + timedelta(days=5, hours=chance.random() * 20))
    agent = chance.choice(("gmail proxy", "apple mail", "thunderbird", "outlook"))
    rows.append(who | _event(EventKind.OPEN, actor, opened_at, agent=agent))
    if chance.random() < 0.44:
        for step, number in enumerate(_links(numbers, chance)):
            at = opened_at + timedelta(seconds=25 + step * 70 + chance.random() * 30)
            rows.append(who | _event(EventKind.CLICK, actor, at, agent="firefox", link_number=number))
    return rows


def _links(numbers: list[int], chance: random.Random) -> list[int]:
    """One to three links; the first ones of a mail are followed most."""
    weights = [1 / (place + 1.5) for place in range(len(numbers))]
    count = chance.choice((1, 1, 1, 2, 2, 3))
    return list(dict.fromkeys(chance.choices(numbers, weights, k=count))) if numbers else []


def _event(
    kind: EventKind, actor: Actor, at: datetime, *, agent: str = "", sign: str = "", link_number: int | None = None
) -> dict[str, Any]:
    return {"kind": kind, "actor": actor, "at": at, "agent": agent, "sign": sign, "link_number": link_number}


def _let_some_go(session: Session, issue: Issue, ledger: Ledger, settings: Settings) -> None:
    """What follows from the past issue: bounces are suppressed, three readers left, one complained."""
    rows: list[dict[str, Any]] = []
    refused = [m for m in ledger.messages if m.state is MessageState.REJECTED]
    for message in refused:
        if (message.last_reply or "").startswith("550"):
            suppress(
                session, message.address.lower(), Scope.HARD_BOUNCE, reason=message.last_reply or "", settings=settings
            )
        rows.append(_told(message, EventKind.BOUNCE, message.done_at or ledger.started_at))
    accepted = [m for m in ledger.messages if m.state is MessageState.ACCEPTED]
    for place, hours in ((12, 2), (77, 9), (140, 31)):
        rows.append(_told(accepted[place], EventKind.UNSUBSCRIBE, ledger.started_at + timedelta(hours=hours)))
        _leave_then(session, accepted[place], ledger.started_at + timedelta(hours=hours))
    complained = accepted[101]
    suppress(session, complained.address.lower(), Scope.COMPLAINT, reason="marked as spam", settings=settings)
    rows.append(_told(complained, EventKind.COMPLAINT, ledger.started_at + timedelta(hours=5)))
    common = {"issue_id": issue.id, "edition_id": ledger.delivery.edition_id}
    session.execute(insert(Event), [common | row for row in rows])


def _told(message: Message, kind: EventKind, at: datetime) -> dict[str, Any]:
    row = _event(kind, Actor.PERSON, at)
    return row | {"message_id": message.id, "subscription_id": message.subscription_id}


def _leave_then(session: Session, message: Message, at: datetime) -> None:
    """The real verb, then the clock set back to when it would have happened."""
    subscription_id = message.subscription_id
    if subscription_id is None:
        return
    leave(session, subscription_id, form="one-click")
    session.execute(update(Subscription).where(Subscription.id == subscription_id).values(left_at=at))
    last = select(func.max(Consent.id)).where(
        Consent.subscriber_id == message.subscriber_id, Consent.action == ConsentAction.WITHDRAWN
    )
    session.execute(update(Consent).where(Consent.id == last.scalar_subquery()).values(at=at))
