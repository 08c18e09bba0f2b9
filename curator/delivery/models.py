"""The ledger: relays and their health, deliveries, one row per message, bounces, notices (mails outside an issue)."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from curator.db.base import Base, Id, states
from curator.delivery.bounce_rules import BounceClass


class Security(StrEnum):
    """How the connection to a relay is protected. Certificates are verified unless it is `none`."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class DeliveryState(StrEnum):
    """Where a delivery is. Only `sent` and `cancelled` are final."""

    SCHEDULED = "scheduled"
    FREEZING = "freezing"
    SENDING = "sending"
    HOLDING = "holding"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SENT = "sent"


class MessageState(StrEnum):
    """Where a message is. Final: accepted, rejected, unknown, suppressed, cancelled."""

    PENDING = "pending"
    CLAIMED = "claimed"
    ATTEMPTING = "attempting"
    DEFERRED = "deferred"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


class NoticeKind(StrEnum):
    """What a notice is for."""

    TEST = "test"
    CONFIRMATION = "confirmation"
    SIGN_IN = "sign-in"


class NoticeState(StrEnum):
    """A notice in doubt is sent again by itself, so there is no `unknown` here."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Health(StrEnum):
    """Whether a relay can be used. `down` passes by itself; `refusing` it would take no mail of ours as things are."""

    UP = "up"
    DOWN = "down"
    REFUSING = "refusing"


class Source(StrEnum):
    """How we heard of a bounce: in the session, by mail, or from a provider's call."""

    SESSION = "session"
    MAIL = "mail"
    WEBHOOK = "webhook"


def _own_name(context: Any) -> str:
    return str(context.get_current_parameters()["name"])


class Relay(Base):
    """An SMTP server we send through. `rate` is messages per second over all workers; NULL is as fast as it goes.

    A newsletter that names a relay is served by all relays of that relay's pool, in proportion to their weights; one of
    weight 0 serves only when no other is up.
    """

    __tablename__ = "relay"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    host: Mapped[str]
    port: Mapped[int] = mapped_column(Integer)
    security: Mapped[Security] = mapped_column(states(Security))
    username: Mapped[str | None]
    password: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted, see curator/delivery/relays.py
    connections: Mapped[int] = mapped_column(Integer, server_default="8")
    rate: Mapped[float | None]
    pool: Mapped[str] = mapped_column(default=_own_name)
    weight: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("connections BETWEEN 1 AND 256", name="connections"),
        CheckConstraint("weight BETWEEN 0 AND 1000", name="weight"),
    )


class RelayHealth(Base):
    """How a relay is, for all workers; no row: nothing is known yet. Not in `relay`: every message locks that row."""

    __tablename__ = "relay_health"

    relay_id: Mapped[int] = mapped_column(ForeignKey("relay.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[Health] = mapped_column(states(Health))
    reason: Mapped[str | None]
    since: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    last_success: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(Integer, server_default="0")  # in a row
    probe_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())  # nobody tries it sooner


class RelayChange(Base):
    """Every change of a relay's health, append only."""

    __tablename__ = "relay_change"
    __table_args__ = (Index("ix_relay_change_relay", "relay_id", "at"),)

    id: Mapped[Id]
    relay_id: Mapped[int] = mapped_column(ForeignKey("relay.id", ondelete="CASCADE"))
    state: Mapped[Health] = mapped_column(states(Health))
    reason: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class DomainHold(Base):
    """A recipient domain held back over one relay, because it asked us to wait. Forgotten after a success."""

    __tablename__ = "domain_hold"

    relay_id: Mapped[int] = mapped_column(ForeignKey("relay.id", ondelete="CASCADE"), primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True)
    not_before: Mapped[datetime]
    strikes: Mapped[int] = mapped_column(Integer)  # in a row, without a success between
    reply: Mapped[str]


class Delivery(Base):
    """One edition to one audience. `expected` is written when the audience is frozen and never after."""

    __tablename__ = "delivery"

    id: Mapped[Id]
    # One delivery per issue: a second Send, from whatever tab, finds this row and stops.
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"), unique=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"), index=True)
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("edition.id"))
    state: Mapped[DeliveryState] = mapped_column(states(DeliveryState), server_default=DeliveryState.SCHEDULED)
    scheduled_at: Mapped[datetime]
    expected: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str | None]  # why it is paused or held, for a person
    by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    frozen_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_delivery_open", "state", postgresql_where=text("state NOT IN ('sent', 'cancelled')")),)


class Message(Base):
    """One edition to one subscriber. The row is the truth about whether the mail was sent; see engine.py."""

    __tablename__ = "message"
    __table_args__ = (
        # Nobody is in an audience twice, so nobody is mailed twice.
        UniqueConstraint("delivery_id", "subscriber_id"),
        # What a slice claims, smallest id first. States not in the predicate cost no index entry.
        Index(
            "ix_message_claimable",
            "delivery_id",
            "id",
            postgresql_where=text("state IN ('pending', 'claimed', 'deferred', 'attempting')"),
        ),
        Index("ix_message_subscriber", "subscriber_id"),
        # What bounces.py looks through; costs only the refused an entry.
        Index("ix_message_rejected", "delivery_id", postgresql_where=text("state = 'rejected'")),
        # Room on the page for new versions of the row: updates stay HOT.
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"))
    # NULL after erasure: the row and its counts remain, the person does not.
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id", ondelete="SET NULL"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscription.id", ondelete="SET NULL"))
    address: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    is_individual: Mapped[bool] = mapped_column(server_default="false")  # links and pixel of its own
    # Fixed for the row across attempts (no two rows share one: random 122 bits): a resend is recognisable.
    message_id: Mapped[uuid.UUID] = mapped_column(server_default=func.gen_random_uuid())
    state: Mapped[MessageState] = mapped_column(states(MessageState))
    reason: Mapped[str | None] = mapped_column(Text)
    epoch: Mapped[int] = mapped_column(Integer, server_default="0")  # the fence: rises with every claim
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    last_reply: Mapped[str | None]
    relay_id: Mapped[int | None] = mapped_column(ForeignKey("relay.id", ondelete="SET NULL"))
    marked_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]


class Bounce(Base):
    """A message that was refused or came back. Entered once per message, whoever says it first."""

    __tablename__ = "bounce"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index("ix_bounce_subscriber", "subscriber_id", "at"),
        Index("ix_bounce_newsletter", "newsletter_id", "at"),
    )

    id: Mapped[Id]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id", ondelete="SET NULL"))
    newsletter_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    source: Mapped[Source] = mapped_column(states(Source))
    kind: Mapped[BounceClass] = mapped_column(states(BounceClass))
    is_hard: Mapped[bool]
    code: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(server_default="")  # enhanced, as 5.1.1
    text: Mapped[str] = mapped_column(server_default="")  # without the address
    at: Mapped[datetime]


class Notice(Base):
    """A mail outside an issue: a test, a confirmation, a sign-in link. Resent by itself when in doubt."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_due", "not_before", postgresql_where=text("state = 'waiting'")),)

    id: Mapped[Id]
    kind: Mapped[NoticeKind] = mapped_column(states(NoticeKind))
    # What the notice is about, so that one request makes one mail however often it is repeated.
    key: Mapped[str] = mapped_column(unique=True)
    newsletter_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    sender: Mapped[str]  # envelope sender
    address: Mapped[str]  # envelope recipient
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # the message, 7-bit CRLF, not dot-stuffed
    facts: Mapped[dict[str, Any]]
    state: Mapped[NoticeState] = mapped_column(states(NoticeState), server_default=NoticeState.WAITING)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    last_reply: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
