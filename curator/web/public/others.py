"""What else a reader gets from us, and which day it is to the database. Reads only."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.models import Subscription, SubscriptionState
from curator.issues.models import Newsletter
from curator.web.public.reading import Reading


def names_of_others(session: Session, reading: Reading) -> list[str]:
    """The names of the other newsletters this reader has not left."""
    return list(
        session.scalars(
            select(Newsletter.name)
            .join(Subscription, Subscription.newsletter_id == Newsletter.id)
            .where(
                Subscription.subscriber_id == reading.subscriber.id,
                Subscription.id != reading.subscription.id,
                Subscription.state != SubscriptionState.LEFT,
            )
            .order_by(Newsletter.name)
        )
    )


def today(session: Session) -> date:
    """The database's day, which decides about pauses."""
    return session.scalars(select(func.current_date())).one()
