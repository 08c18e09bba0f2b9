"""What is not needed any more really goes, with counts. Nothing that proves a consent is deleted while it holds."""

from datetime import timedelta

import structlog
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from curator.audience.models import Consent, ConsentAction, Subscriber, Subscription, SubscriptionState
from curator.settings import Settings

log = structlog.get_logger(__name__)


def delete_unconfirmed(session: Session, settings: Settings) -> int:
    """Delete subscriptions nobody confirmed in `unconfirmed_days`, and people left without any; how many.

    Somebody who asked again has the full time again: their new link must work.
    """
    before = func.now() - timedelta(days=settings.unconfirmed_days)
    asked_again = exists().where(
        Consent.subscriber_id == Subscription.subscriber_id,
        Consent.newsletter_id == Subscription.newsletter_id,
        Consent.action == ConsentAction.REQUESTED,
        Consent.at >= before,
    )
    gone = session.scalars(
        delete(Subscription)
        .where(Subscription.state == SubscriptionState.PENDING, Subscription.created_at < before, ~asked_again)
        .returning(Subscription.subscriber_id)
        .execution_options(synchronize_session=False)
    ).all()
    if gone:
        still_here = select(Subscription.subscriber_id).where(Subscription.subscriber_id == Subscriber.id)
        session.execute(
            delete(Subscriber)
            .where(Subscriber.id == func.any(list(gone)), ~still_here.exists())
            .execution_options(synchronize_session=False)
        )
        log.info("unconfirmed_deleted", subscriptions=len(gone))
    return len(gone)


def forget_machines(session: Session, settings: Settings) -> int:
    """Forget the truncated network addresses of confirmations as old as unconfirmed requests may get; how many."""
    before = func.now() - timedelta(days=settings.unconfirmed_days)
    forgotten = session.scalars(
        update(Consent)
        .where(Consent.machine.is_not(None), Consent.at < before)
        .values(machine=None)
        .returning(Consent.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(forgotten)
