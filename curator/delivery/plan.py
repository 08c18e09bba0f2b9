"""The decisions of people about a delivery: send, undo, pause, resume, release, cancel. Each is one compare-and-set.

Nothing is sent here. A second press, tab or editor finds the first one's delivery and gets a `Conflict` naming it.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.delivery.closing import finish_cancelled
from curator.delivery.models import Delivery, DeliveryState, Message, MessageState
from curator.delivery.preflight import check_issue, weigh_for_send
from curator.doorbell import ring
from curator.errors import CheckFailed, Conflict, Invalid, NotFound
from curator.issues.editing_time import note_sent
from curator.issues.models import Issue, IssueState
from curator.settings import Settings

LONGEST_WINDOW_MINUTES = 7 * 24 * 60
_HANDED_OVER = (MessageState.ATTEMPTING, MessageState.ACCEPTED, MessageState.UNKNOWN)


def edition_sent(session: Session, issue_id: int) -> int | None:
    """The edition that was or is being sent of an issue; None before it is rendered."""
    return session.scalar(select(Delivery.edition_id).where(Delivery.issue_id == issue_id))


def send_issue(
    session: Session,
    issue_id: int,
    *,
    by: str,
    settings: Settings,
    at: datetime | None = None,
    now: bool = False,
    over: int | None = None,
    pilot: bool = True,
) -> Delivery:
    """Schedule the delivery of an issue: at `at`, at once with `now`, else when the time to undo has passed.

    `over` spreads it evenly over that many minutes. A pilot goes first where the audience is large enough, unless it
    is not wanted or everything goes `now`.
    `Conflict` names the delivery that already exists; `CheckFailed` carries the errors that stand in the way.
    """
    if at is not None and (now or at.tzinfo is None):
        raise Invalid("Give a time with a time zone to send at, or ask to send now: not both.")
    if over is not None and not 1 <= over <= LONGEST_WINDOW_MINUTES:
        raise Invalid(f"Spread it over 1 to {LONGEST_WINDOW_MINUTES} minutes (a week), or not at all.")
    _take_issue(session, issue_id)
    checks = weigh_for_send(check_issue(session, issue_id, settings=settings))
    if checks.errors:
        raise CheckFailed(
            "The issue cannot be sent yet: " + " ".join(finding.message for finding in checks.errors),
            errors=[{"code": e.code, "message": e.message, "where": e.where} for e in checks.errors],
        )
    wait = timedelta(0) if now else timedelta(seconds=settings.undo_seconds)
    delivery = Delivery(
        issue_id=issue_id,
        newsletter_id=session.get_one(Issue, issue_id).newsletter_id,
        state=DeliveryState.SCHEDULED,
        scheduled_at=at.astimezone(UTC) if at is not None else func.clock_timestamp() + wait,
        window_seconds=over * 60 if over is not None else None,
        by=by,
        pilot=None if pilot and not now else 0,
    )
    session.add(delivery)
    session.flush()
    session.refresh(delivery)
    note_sent(session, issue_id)
    ring(session, "delivery.freeze", delivery.id)
    return delivery


def undo(session: Session, delivery_id: int, by: str) -> None:
    """Take Send back while nothing is frozen: the issue is a draft again and the delivery is gone."""
    delivery = _load(session, delivery_id)
    if not _is_unfrozen(delivery):
        raise Conflict("It is too late to undo: the audience is frozen. Pause or cancel the delivery instead.")
    _back_to_draft(session, delivery.issue_id)
    session.delete(delivery)
    session.flush()


def pause(session: Session, delivery_id: int, by: str) -> Delivery:
    """Nothing is marked after this commits; the messages in flight get their outcome."""
    delivery = _load(session, delivery_id)
    if delivery.state not in (DeliveryState.SCHEDULED, DeliveryState.SENDING, DeliveryState.HOLDING):
        raise Conflict(f"A delivery that is {delivery.state} cannot be paused.", state=delivery.state)
    delivery.state, delivery.reason = DeliveryState.PAUSED, f"Paused by {by}."
    session.flush()
    return delivery


def resume(session: Session, delivery_id: int, by: str) -> Delivery:
    """Go on where it stopped: with sending, or with freezing when the audience was not frozen yet."""
    delivery = _load(session, delivery_id)
    if delivery.state is DeliveryState.HOLDING:
        raise Conflict("It is not paused, it waits after its pilot. Release it, or cancel it.", state=delivery.state)
    if delivery.state is not DeliveryState.PAUSED:
        raise Conflict(f"A delivery that is {delivery.state} cannot be resumed.", state=delivery.state)
    is_frozen = delivery.expected is not None
    delivery.state = DeliveryState.SENDING if is_frozen else DeliveryState.SCHEDULED
    delivery.reason = None
    session.flush()
    ring(session, "delivery.slice" if is_frozen else "delivery.freeze", delivery.id)
    return delivery


def release(session: Session, delivery_id: int, by: str) -> Delivery:
    """Mail everybody after the pilot, without waiting for what comes back of it or in spite of it."""
    delivery = _load(session, delivery_id)
    if not delivery.pilot or delivery.released_at is not None:
        raise Conflict("Nothing waits after a pilot here.", state=delivery.state)
    if delivery.state not in (DeliveryState.SENDING, DeliveryState.HOLDING):
        raise Conflict(f"A delivery that is {delivery.state} cannot be released.", state=delivery.state)
    delivery.released_at, delivery.released_by = session.scalar(select(func.clock_timestamp())), by
    if delivery.state is DeliveryState.HOLDING:
        delivery.state, delivery.reason = DeliveryState.SENDING, None
    session.flush()
    ring(session, "delivery.slice", delivery.id)
    return delivery


def cancel(session: Session, delivery_id: int, by: str) -> Delivery:
    """Never send what has not been handed over. If nothing was, the issue is a draft again and may be sent anew."""
    delivery = _load(session, delivery_id)
    if delivery.state in (DeliveryState.SENT, DeliveryState.CANCELLED):
        raise Conflict(f"A delivery that is {delivery.state} cannot be cancelled.", state=delivery.state)
    delivery.state, delivery.reason = DeliveryState.CANCELLED, f"Cancelled by {by}."
    session.flush()
    finish_cancelled(session, delivery.id)
    if _has_been_read(session, delivery.id):
        published = update(Issue).where(Issue.id == delivery.issue_id)
        session.execute(
            published.values(state=IssueState.SENT, sent_at=func.coalesce(Issue.sent_at, func.clock_timestamp()))
        )
    else:
        _back_to_draft(session, delivery.issue_id)
    session.refresh(delivery)
    return delivery


def delivery_of(session: Session, issue_id: int) -> Delivery:
    """The delivery of an issue; `NotFound` when it has none."""
    statement = select(Delivery).where(Delivery.issue_id == issue_id)
    delivery = session.scalar(statement.execution_options(populate_existing=True))
    if delivery is None:
        raise NotFound(f"Issue {issue_id} has no delivery.", issue_id=issue_id)
    return delivery


def _take_issue(session: Session, issue_id: int) -> None:
    """draft -> sending by one statement; of fifty who try, one gets through and the others learn of its delivery."""
    taken = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state == IssueState.DRAFT)
        .values(state=IssueState.SENDING)
        .returning(Issue.id)
    ).first()
    existing = session.scalar(select(Delivery).where(Delivery.issue_id == issue_id))
    if taken is None:
        if session.get(Issue, issue_id, populate_existing=True) is None:
            raise NotFound(f"There is no issue {issue_id}.", issue_id=issue_id)
        number = existing.id if existing is not None else None
        raise Conflict(
            f"This issue is already being sent (delivery {number})." if number else "This issue is not a draft.",
            delivery=number,
            state=existing.state.value if existing is not None else None,
        )
    if existing is not None:  # cancelled before anything left: it makes room for the new one
        session.delete(existing)
        session.flush()


def _load(session: Session, delivery_id: int) -> Delivery:
    """The delivery, locked against the other verbs."""
    statement = select(Delivery).where(Delivery.id == delivery_id).with_for_update()
    delivery = session.scalar(statement.execution_options(populate_existing=True))
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.", delivery_id=delivery_id)
    return delivery


def _is_unfrozen(delivery: Delivery) -> bool:
    return delivery.expected is None and delivery.state in (DeliveryState.SCHEDULED, DeliveryState.PAUSED)


def _has_been_read(session: Session, delivery_id: int) -> bool:
    """May anybody have received it?"""
    found = select(Message.id).where(Message.delivery_id == delivery_id, Message.state.in_(_HANDED_OVER)).limit(1)
    return session.scalar(found) is not None


def _back_to_draft(session: Session, issue_id: int) -> None:
    session.execute(update(Issue).where(Issue.id == issue_id).values(state=IssueState.DRAFT))
