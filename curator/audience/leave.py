"""Leaving, and coming back by undo; pausing; the say over being measured. Each is evidence and effective at commit.

Every verb may be repeated: the second time changes nothing and writes nothing.
"""

from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.consent import READER, append_consent
from curator.audience.models import ConsentAction, Purpose, Subscription, SubscriptionState
from curator.audience.subscribe import lock_subscription
from curator.audience.suppress import suppressed_scopes
from curator.errors import Invalid

UNDO_DAYS = 7  # long enough to notice a mistake, too short for a forwarded mail to bring somebody back
LONGEST_PAUSE = timedelta(days=366)
LONGEST_REASON = 1000


def leave(session: Session, subscription_id: int, *, form: str, reason: str = "", actor: str = READER) -> bool:
    """Withdraw from the newsletter; True when that changed something. The reason, if any, is kept as the wording."""
    subscription = lock_subscription(session, subscription_id)
    if subscription.state is SubscriptionState.LEFT:
        return False
    subscription.state = SubscriptionState.LEFT
    subscription.left_at = func.clock_timestamp()
    subscription.paused_until = None
    wording = reason.strip()[:LONGEST_REASON]
    append_consent(session, subscription, ConsentAction.WITHDRAWN, wording=wording, form=form, actor=actor)
    session.refresh(subscription)
    return True


def give_reason(session: Session, subscription_id: int, *, form: str, reason: str) -> None:
    """Keep why somebody left, said after leaving. The evidence is append only, so this is a row of its own."""
    subscription = lock_subscription(session, subscription_id)
    wording = reason.replace("\x00", "").strip()[:LONGEST_REASON]
    if wording and subscription.state is SubscriptionState.LEFT:
        append_consent(session, subscription, ConsentAction.WITHDRAWN, wording=wording, form=form)


def may_rejoin(subscription: Subscription, today: date) -> bool:
    """Whether leaving can still be undone without signing up again."""
    return (
        subscription.state is SubscriptionState.LEFT
        and subscription.left_at is not None
        and subscription.left_at.date() + timedelta(days=UNDO_DAYS) >= today
    )


def rejoin(session: Session, subscription_id: int, *, form: str, wording: str = "") -> bool:
    """Undo leaving, within `UNDO_DAYS`; True when the person gets mail again. Unconfirmed people stay unconfirmed."""
    subscription = lock_subscription(session, subscription_id)
    today = session.scalars(select(func.current_date())).one()
    if not may_rejoin(subscription, today):
        return False
    if suppressed_scopes(session, subscription.subscriber.address_hash, subscription.newsletter_id):
        return False
    was_confirmed = subscription.confirmed_at is not None
    subscription.state = SubscriptionState.ACTIVE if was_confirmed else SubscriptionState.PENDING
    subscription.left_at = None
    append_consent(session, subscription, ConsentAction.CONFIRMED, wording=wording, form=form)
    return was_confirmed


def leave_all(session: Session, subscriber_id: int, *, form: str, actor: str = READER) -> int:
    """Withdraw from every newsletter; how many were left by this."""
    every = session.scalars(
        select(Subscription.id).where(Subscription.subscriber_id == subscriber_id).order_by(Subscription.id)
    ).all()
    return sum(leave(session, subscription_id, form=form, actor=actor) for subscription_id in every)


def pause(session: Session, subscription_id: int, until: date | None) -> Subscription:
    """No mail before `until`, the first day with mail again; None ends the pause. `Invalid` beyond a year or past."""
    subscription = lock_subscription(session, subscription_id)
    today = session.scalars(select(func.current_date())).one()
    if until is not None and not today < until <= today + LONGEST_PAUSE:
        raise Invalid("Choose a day after today and within a year.", until=until)
    subscription.paused_until = until
    session.flush()
    return subscription


def set_tracking(session: Session, subscription_id: int, allowed: bool, *, form: str, wording: str = "") -> bool:
    """Allow or forbid individual measuring; it holds for mails already sent too. True when that changed something."""
    subscription = lock_subscription(session, subscription_id)
    if subscription.tracking_consent == allowed:
        return False
    subscription.tracking_consent = allowed
    action = ConsentAction.CONFIRMED if allowed else ConsentAction.WITHDRAWN
    append_consent(session, subscription, action, purpose=Purpose.TRACKING, wording=wording, form=form)
    return True
