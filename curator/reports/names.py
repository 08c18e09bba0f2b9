"""The names behind each term of a delivery's sum, page by page, and the deliveries of a newsletter.

Pages go by id, so a page is as quick at the end of a million rows as at the beginning, and stays put while it changes.
"""

from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

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


class Names(NamedTuple):
    """One page of messages; `next_after` is what the next page starts behind, None on the last."""

    rows: list[MessageRow]
    next_after: int | None


def names_of(
    session: Session, delivery_id: int, term: Term, *, reason: str = "", after: int = 0, limit: int = 50
) -> Names:
    """The messages of one term by id. `reason` is a key of that term's counts in `ledger.delivery_status`."""
    columns = [getattr(Message, name) for name in MessageRow._fields]
    statement = (
        select(*columns)
        .select_from(Batch)
        .join(Message, Message.id.between(Batch.first_id, Batch.last_id) & (Message.delivery_id + 0 == delivery_id))
        .where(Batch.delivery_id == delivery_id, Batch.last_id > after, _may_have(term))
        .where(Message.id > after, Message.state.in_(_STATES[term]))
    )
    if reason:
        statement = statement.where(_has_reason(term, reason))
    # Batches do not overlap: this is the order of the ids, and found a batch at a time.
    ordered = statement.order_by(Batch.first_id, Message.id).limit(limit + 1)
    rows = [MessageRow(*row) for row in session.execute(ordered)]
    has_more = len(rows) > limit
    return Names(rows[:limit], rows[limit - 1].id if has_more else None)


def _may_have(term: Term) -> ColumnElement[bool]:
    """Only batches with such messages are opened: those in work, and those whose tally says so."""
    has_some: ColumnElement[bool] = Batch.tally.has_any(array([state.value for state in _STATES[term]]))
    return has_some | Batch.owner.is_not(None)


def _has_reason(term: Term, reason: str) -> ColumnElement[bool]:
    """As the ledger counts: cancelled by state, waiting by state, the rest by their reason or a word for none."""
    if term is Term.WAITING or (term, reason) == (Term.EXCLUDED, "cancelled"):
        return Message.state == reason
    without = {Term.EXCLUDED: "suppressed", Term.FAILED: "refused"}.get(term, "")
    is_reason: ColumnElement[bool] = func.coalesce(Message.reason, without) == reason
    return is_reason & (Message.state != MessageState.CANCELLED)


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
