"""Reading the ledger: candidates = accepted + excluded + failed + unknown + waiting, at any time and for ever.

Every term opens to names and reasons. Nothing here changes anything.
"""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.models import Delivery, Message, MessageState, Relay
from curator.delivery.pilot import pilot_status
from curator.delivery.plan import delivery_of
from curator.delivery.prediction import predict_end
from curator.delivery.rates import rates
from curator.delivery.relay_state import RelayState, relays_of
from curator.delivery.requeue import requeues
from curator.delivery.trouble import trouble_of
from curator.editions.compile import sender_domain
from curator.issues.models import Newsletter

WAITING = (MessageState.PENDING, MessageState.CLAIMED, MessageState.ATTEMPTING, MessageState.DEFERRED)
COLUMNS = (
    "address",
    "state",
    "reason",
    "message_id",
    "attempts",
    "last_reply",
    "relay",
    "marked_at",
    "done_at",
    "not_before",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class MessageRow(NamedTuple):
    """One message for a page. Times are aware; `reply` is the relay's last word."""

    id: int
    address: str
    state: MessageState
    reason: str | None
    attempts: int
    last_reply: str | None
    marked_at: datetime | None
    done_at: datetime | None
    not_before: datetime | None


def delivery_status(session: Session, issue_id: int) -> dict[str, Any]:
    """The JSON of `deliveries show`. Counts are of messages, rates are accepted messages a second, times ISO 8601.

    `rate` is that of the last minute while it runs and the average when it is over; `trouble` has plain sentences.
    """
    delivery = delivery_of(session, issue_id)
    found = batches.count(session, delivery.id)
    counts = {state.value: 0 for state in MessageState}
    excluded: dict[str, int] = {}
    failed_reasons: dict[str, int] = {}
    for state, reason, number, _ in found:
        counts[state] += number
        if state in (MessageState.SUPPRESSED, MessageState.CANCELLED):
            _add(excluded, "cancelled" if state is MessageState.CANCELLED else reason or "suppressed", number)
        elif state is MessageState.REJECTED:
            _add(failed_reasons, reason or "refused", number)
    accepted_at = latest(found, MessageState.ACCEPTED)
    speed = rates(session, delivery, counts[MessageState.ACCEPTED], accepted_at)
    return {
        "issue": issue_id,
        "delivery": delivery.id,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "candidates": sum(counts.values()),
        "expected": delivery.expected,
        "counts": counts,
        "excluded": excluded,
        "accepted": counts[MessageState.ACCEPTED],
        "failed": counts[MessageState.REJECTED],
        "unknown": counts[MessageState.UNKNOWN],
        "waiting": sum(counts[state] for state in WAITING),
        "excluded_total": sum(excluded.values()),
        "failed_reasons": failed_reasons,
        "rate": speed.now,
        "average_rate": speed.average,
        "started_at": _iso(delivery.started_at),
        "finished_at": _iso(delivery.finished_at),
        "scheduled_at": _iso(delivery.scheduled_at),
        "predicted_end": _iso(predict_end(session, delivery, found)),
        "rests_until": _iso(delivery.rests_until),
        "window_seconds": delivery.window_seconds,
        "relay": _relay_name(session, delivery),
        "relays": [_relay(relay) for relay in relays_of(session, delivery.newsletter_id)],
        "trouble": trouble_of(session, delivery, latest(found)),
        "pilot": pilot_status(session, delivery),
        "requeues": requeues(session, delivery.id),
    }


def page_of_messages(
    session: Session,
    delivery_id: int,
    state: str | None = None,
    reason: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[MessageRow]:
    """Messages by id after `after`, at most `limit`, of one state or reason if given."""
    statement = (
        select(
            Message.id,
            Message.address,
            Message.state,
            Message.reason,
            Message.attempts,
            Message.last_reply,
            Message.marked_at,
            Message.done_at,
            Message.not_before,
        )
        .where(Message.delivery_id == delivery_id, Message.id > after)
        .order_by(Message.id)
        .limit(limit)
    )
    if state is not None:
        statement = statement.where(Message.state == MessageState(state))
    if reason is not None:
        statement = statement.where(Message.reason == reason)
    return [MessageRow(*row) for row in session.execute(statement)]


def export_csv(session: Session, issue_id: int) -> Iterator[str]:
    """Every message of the issue's delivery as CSV, a line at a time, the first with the names of the columns."""
    delivery = delivery_of(session, issue_id)
    domain = sender_domain(session.get_one(Newsletter, delivery.newsletter_id).from_address)
    write = csv.writer(_Echo()).writerow
    yield write(COLUMNS)
    statement = (
        select(
            Message.address,
            Message.state,
            Message.reason,
            Message.message_id,
            Message.attempts,
            Message.last_reply,
            Relay.name,
            Message.marked_at,
            Message.done_at,
            Message.not_before,
        )
        .outerjoin(Relay, Relay.id == Message.relay_id)
        .where(Message.delivery_id == delivery.id)
        .order_by(Message.id)
        .execution_options(yield_per=1000)
    )
    for address, state, reason, identity, attempts, reply, relay, *times in session.execute(statement):
        written = (_safe(address), state.value, _safe(reason or ""), f"<{identity.hex}@{domain}>", attempts)
        yield write((*written, _safe(reply or ""), relay or "", *(_iso(time) or "" for time in times)))


def latest(counts: list[batches.Count], state: MessageState | None = None) -> datetime | None:
    """When the last message of this state, or of any, was marked or done."""
    return max((each.last_at for each in counts if each.last_at and state in (None, each.state)), default=None)


def _relay(relay: RelayState) -> dict[str, Any]:
    return relay._asdict() | {"since": _iso(relay.since)}


def _relay_name(session: Session, delivery: Delivery) -> str | None:
    """The relay that carried it, or the one that will."""
    own = select(Newsletter.relay_id).where(Newsletter.id == delivery.newsletter_id).scalar_subquery()
    return session.scalar(
        select(Relay.name).where((Relay.id == own) | (Relay.name == "default")).order_by((Relay.id == own).desc())
    )


def _add(counts: dict[str, int], key: str, number: int) -> None:
    counts[key] = counts.get(key, 0) + number


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time is not None else None


def _safe(text: str) -> str:
    """A cell that a spreadsheet shows and never computes."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class _Echo:
    """Where a CSV writer writes to when its line is wanted back."""

    def write(self, line: str) -> str:
        return line
