"""The names behind each term of a delivery's sum, page by page or by address, and the deliveries of a newsletter.

Pages go by id, so a page is as quick at the end of a million rows as at the beginning, and stays put while it changes.
"""

from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from curator.audience.models import Subscriber
from curator.delivery.ledger import WAITING, MessageRow
from curator.delivery.models import Batch, Delivery, Message, MessageState
from curator.issues.models import Issue


class Term(StrEnum):
    """The terms of candidates = accepted + excluded + failed + unknown + waiting."""

    ACCEPTED = "accepted"
    EXCLUDED = "excluded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WAITING = "waiting"


_STATES = {
    Term.ACCEPTED: (MessageState.ACCEPTED,),
    Term.EXCLUDED: (MessageState.SUPPRESSED, MessageState.CANCELLED),
    Term.FAILED: (MessageState.REJECTED,),
    Term.UNKNOWN: (MessageState.UNKNOWN,),
    Term.WAITING: WAITING,
}

_WITHOUT = {Term.EXCLUDED: "suppressed", Term.FAILED: "refused"}
"""What a message without a reason is counted under, as in the ledger."""


class Names(NamedTuple):
    """One page of messages; `next_after` is what the next page starts behind, None on the last."""

    rows: list[MessageRow]
    next_after: int | None


def names_of(
    session: Session, delivery_id: int, term: Term, *, reason: str = "", after: int = 0, limit: int = 50
) -> Names:
    """The messages of one term by id. `reason` is a key of that term's counts in `ledger.delivery_status`."""
    batch = (
        select(Batch.first_id, Batch.last_id)
        .where(Batch.delivery_id == delivery_id, Batch.last_id > after, _may_have(term, reason))
        .order_by(Batch.first_id)
        .subquery("batch")
    )
    # A batch at a time, whatever the planner knows: joined freely, it would rather read the whole ledger.
    wanted = (
        select(*(getattr(Message, name) for name in MessageRow._fields))
        .where(Message.id.between(batch.c.first_id, batch.c.last_id), Message.delivery_id + 0 == delivery_id)
        .where(Message.id > after, Message.state.in_(_STATES[term]))
        .order_by(Message.id)
        .limit(limit + 1)
    )
    if reason:
        wanted = wanted.where(_has_reason(term, reason))
    message = wanted.lateral("message")
    # Batches do not overlap: this is the order of the ids.
    ordered = select(*(message.c[name] for name in MessageRow._fields)).select_from(batch).join(message, true())
    ordered = ordered.order_by(batch.c.first_id, message.c.id).limit(limit + 1)
    rows = [MessageRow(*row) for row in session.execute(ordered)]
    has_more = len(rows) > limit
    return Names(rows[:limit], rows[limit - 1].id if has_more else None)


def _may_have(term: Term, reason: str) -> ColumnElement[bool]:
    """Only batches with such messages are opened: those in work, and those whose tally says so."""
    states = _STATES[term]
    if not reason:
        has_some: ColumnElement[bool] = Batch.tally.has_any(array([state.value for state in states]))
    elif _is_state(term, reason):
        has_some = Batch.tally.has_key(reason)
    else:
        kept = "" if reason == _WITHOUT.get(term) else reason
        has_some = or_(*(Batch.tally[state.value].has_any(array([reason, kept])) for state in states))
    if (term, reason) == (Term.WAITING, MessageState.CLAIMED):
        return Batch.owner.is_not(None)
    if (term, reason) == (Term.WAITING, MessageState.PENDING):
        return has_some & Batch.owner.is_(None)
    return has_some | Batch.owner.is_not(None)


def _is_state(term: Term, reason: str) -> bool:
    return term is Term.WAITING or (term, reason) == (Term.EXCLUDED, MessageState.CANCELLED)


def _has_reason(term: Term, reason: str) -> ColumnElement[bool]:
    """As the ledger counts: cancelled by state, waiting by state, the rest by their reason or a word for none."""
    if _is_state(term, reason):  # `claimed` is what a pending message of a batch in work is called
        return Message.state == (MessageState.PENDING if reason == MessageState.CLAIMED else reason)
    is_reason: ColumnElement[bool] = func.coalesce(Message.reason, _WITHOUT.get(term, "")) == reason
    return is_reason & (Message.state != MessageState.CANCELLED)


_LOOKED_AT = 1000


def find(session: Session, delivery_id: int, text: str, *, limit: int = 50) -> Names:
    """The messages to addresses that begin with `text`, however it is written, in the order of the addresses.

    Found through the subscribers, so never somebody who was erased. `next_after` is not None when there may be more:
    of the first thousand subscribers whose address begins so, those in the delivery are shown, at most `limit`.
    """
    wanted = text.strip().lower()
    people = (
        select(Subscriber.id, Subscriber.address_key)
        .where(Subscriber.address_key.op("^@")(wanted))
        .order_by(Subscriber.address_key)
        .limit(_LOOKED_AT)
        .subquery("person")
    )
    # One by one through the unique key of delivery and subscriber: OFFSET keeps the planner from reading the delivery.
    message = (
        select(*(getattr(Message, name) for name in MessageRow._fields))
        .where(Message.delivery_id == delivery_id, Message.subscriber_id == people.c.id)
        .offset(0)
        .lateral("message")
    )
    columns = [message.c[name] for name in MessageRow._fields]
    ordered = select(*columns).select_from(people).join(message, true()).order_by(people.c.address_key)
    rows = [MessageRow(*row) for row in session.execute(ordered.limit(limit + 1))] if wanted else []
    looked_at = session.scalar(select(func.count()).select_from(people)) if wanted else 0
    has_more = len(rows) > limit or looked_at == _LOOKED_AT
    return Names(rows[:limit], rows[:limit][-1].id if has_more and rows else None)


class DeliveryRow(NamedTuple):
    """A delivery with its issue."""

    delivery: Delivery
    issue: Issue


def deliveries_of(
    session: Session, newsletter_id: int, *, before: int | None = None, limit: int = 25
) -> list[DeliveryRow]:
    """Newest first, those with an id below `before`."""
    statement = (
        select(Delivery, Issue)
        .join(Issue, Issue.id == Delivery.issue_id)
        .where(Delivery.newsletter_id == newsletter_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(Delivery.id < before)
    return [DeliveryRow(*row) for row in session.execute(statement)]
