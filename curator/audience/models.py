"""Subscribers, their subscriptions, the evidence of consent, and who must never be mailed."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from curator.db.base import Base, Id, states


class SubscriptionState(StrEnum):
    """`pending` waits for confirmation; `left` withdrew; `active` may still be paused until a date."""

    PENDING = "pending"
    ACTIVE = "active"
    LEFT = "left"


class ConsentAction(StrEnum):
    """What happened to a consent."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    IMPORTED = "imported"
    OBJECTED = "objected"


class Purpose(StrEnum):
    """What a consent is for."""

    MAIL = "mail"
    TRACKING = "individual-tracking"


class Scope(StrEnum):
    """How far a suppression reaches. `newsletter` needs a newsletter; all others hold everywhere."""

    NEWSLETTER = "newsletter"
    EVERYWHERE = "everywhere"
    COMPLAINT = "complaint"
    HARD_BOUNCE = "hard bounce"
    ERASED = "erased"


class Subscriber(Base):
    """A person with an address. `address_hash` is the HMAC the suppression list is kept by."""

    __tablename__ = "subscriber"

    id: Mapped[Id]
    address: Mapped[str]
    # One person per address: NFC, IDNA domain in lower case, and the whole lower-cased for matching.
    address_key: Mapped[str] = mapped_column(unique=True)
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    name: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Subscription(Base):
    """Consent of one subscriber to one newsletter, as it stands now; `consent` holds how it came to be."""

    __tablename__ = "subscription"
    __table_args__ = (
        # A person is in a newsletter once; signing up again finds this row.
        UniqueConstraint("subscriber_id", "newsletter_id"),
        Index("ix_subscription_newsletter", "newsletter_id", "state"),
    )

    id: Mapped[Id]
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    state: Mapped[SubscriptionState] = mapped_column(states(SubscriptionState))
    tracking_consent: Mapped[bool] = mapped_column(server_default="false")
    paused_until: Mapped[date | None]
    confirmed_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    last_open_on: Mapped[date | None]  # tracking mode `hygiene`: the date only, overwritten
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    subscriber: Mapped[Subscriber] = relationship()


class Consent(Base):
    """The evidence: append only. `wording_hash` is SHA-256 of the exact text shown, `machine` a truncated address."""

    __tablename__ = "consent"
    __table_args__ = (
        Index("ix_consent_subscriber", "subscriber_id", "newsletter_id"),
        # The caps on confirmation mails count the requests of a day; imports add nothing to this index.
        Index("ix_consent_requested", "at", postgresql_where=text("action = 'requested'")),
    )

    id: Mapped[Id]
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    purpose: Mapped[Purpose] = mapped_column(states(Purpose))
    action: Mapped[ConsentAction] = mapped_column(states(ConsentAction))
    wording: Mapped[str] = mapped_column(server_default="")
    wording_hash: Mapped[bytes] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(server_default="")
    form: Mapped[str] = mapped_column(server_default="")  # address of the page, or "import FILE", "one-click"
    machine: Mapped[str | None]
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Suppression(Base):
    """An address that must not be mailed, known only by its keyed hash so that it survives erasure."""

    __tablename__ = "suppression"
    # The same reason is recorded once; NULLS NOT DISTINCT because "everywhere" has no newsletter.
    __table_args__ = (UniqueConstraint("address_hash", "scope", "newsletter_id", postgresql_nulls_not_distinct=True),)

    id: Mapped[Id]
    address_hash: Mapped[bytes] = mapped_column(LargeBinary)
    scope: Mapped[Scope] = mapped_column(states(Scope))
    newsletter_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ImportRun(Base):
    """One import of a file: its counts, and the rows refused as {line, address, reason}."""

    __tablename__ = "import_run"

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str]
    actor: Mapped[str]
    read: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    updated: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rejects: Mapped[list[dict[str, Any]]]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
