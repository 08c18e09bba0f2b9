"""What a slice needs to know before it starts, read once: the relay, the edition and how to make a reader's message.

Plain values and one pure function; reads only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from curator.delivery.claim import Claimed
from curator.delivery.connect import hello_name
from curator.delivery.domain_keys import signing_key
from curator.delivery.limits import Limits, load_limits
from curator.delivery.models import Delivery, DeliveryState
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.relays import pool_for
from curator.editions.edition import load_segments
from curator.editions.merge import Merger, Reader
from curator.editions.models import Edition
from curator.issues.models import Newsletter, Tracking
from curator.settings import Settings
from curator.tokens import Signer


@dataclass(frozen=True)
class Work:
    """A delivery that is sending. `hours` have passed since it started; `sender` is the return path.

    `relays` are all that may carry it: the pool.
    """

    delivery_id: int
    relays: tuple[RelayPlan, ...]
    sender: str
    hello: str
    hours: float
    merger: Merger
    limits: Limits

    def message(self, claimed: Claimed) -> bytes:
        """One reader's message, dot-stuffed, ending with CRLF; `Invalid` for an address that no header holds."""
        reader = Reader(
            address=claimed.address,
            name=claimed.name,
            message_row_id=claimed.id,
            message_id=claimed.message_id,
            subscription_id=claimed.subscription_id,
            is_individual=claimed.is_individual,
        )
        return self.merger.message(reader, datetime.now(UTC))


def load_work(session: Session, delivery_id: int, settings: Settings) -> Work | None:
    """The work of a delivery, or None when it is not sending or rests. `Unavailable` when there is no relay."""
    found = session.execute(
        select(Delivery, Newsletter, Edition, func.extract("epoch", func.now() - Delivery.started_at))
        .join(Newsletter, Newsletter.id == Delivery.newsletter_id)
        .join(Edition, Edition.id == Delivery.edition_id)
        .where(
            Delivery.id == delivery_id,
            Delivery.state == DeliveryState.SENDING,
            or_(Delivery.rests_until.is_(None), Delivery.rests_until <= func.clock_timestamp()),
        )
    ).one_or_none()
    if found is None:
        return None
    delivery, newsletter, edition, seconds = found
    segments = load_segments(session, edition.id)
    merger = Merger(
        segments,
        edition_id=edition.id,
        tracking=Tracking(edition.tracking),
        signer=Signer({1: settings.secret("tokens")}),
        sender_domain=segments.facts["sender_domain"],
        day=(delivery.frozen_at or delivery.created_at).astimezone(ZoneInfo(newsletter.timezone)).date(),
        domain_key=signing_key(session, segments.facts["sender_domain"]),
    )
    relays = pool_for(session, newsletter.id)
    return Work(
        delivery_id=delivery_id,
        relays=relays,
        sender=newsletter.from_address,
        hello=hello_name(settings.public_url),
        hours=float(seconds or 0) / 3600,
        merger=merger,
        limits=load_limits(session, delivery.id, newsletter.from_address, [relay.id for relay in relays]),
    )
