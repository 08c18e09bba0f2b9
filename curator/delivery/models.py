"""The ledger: relays and their health, deliveries, one row per message, bounces, notices (mails outside an issue)."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
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
    """Where a message is. Final: accepted, rejected, unknown, suppressed, cancelled.

    `claimed` is never stored: it is what a pending message is called while a worker holds its batch.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    ATTEMPTING = "attempting"
    DEFERRED = "deferred"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


class ThrottleScope(StrEnum):
    """What a throttle counts: mails from a sender's domain, or mails to a recipient's."""

    SENDER_DOMAIN = "sender-domain"
    RECIPIENT_DOMAIN = "recipient-domain"


class NoticeKind(StrEnum):
    """What a notice is for."""

    TEST = "test"
    CONFIRMATION = "confirmation"
    SIGN_IN = "sign-in"
    APPROVAL = "approval"
    THANKS = "thanks"
    APPROVED = "approved"
    SENT_BACK = "sent-back"


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
    password: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed, see curator/delivery/sealed.py
    connections: Mapped[int] = mapped_column(Integer, server_default="8")
    rate: Mapped[float | None]
    # Messages a day, from the first (UTC) day on; NULL is not warming up. See warm_up.py.
    warm_up: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    warm_up_from: Mapped[date | None]
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


class Throttle(Base):
    """At most `rate` messages per second from or to a domain, over all relays, deliveries and workers."""

    __tablename__ = "throttle"

    id: Mapped[Id]
    scope: Mapped[ThrottleScope] = mapped_column(states(ThrottleScope))
    domain: Mapped[str]  # as limits.py writes it: ASCII, small letters, one name for a provider with several
    rate: Mapped[float]

    __table_args__ = (UniqueConstraint("scope", "domain"), CheckConstraint("rate > 0", name="rate"))


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
    window_seconds: Mapped[int | None] = mapped_column(Integer)  # spread evenly over this time
    rests_until: Mapped[datetime | None]  # it has no turn before this: no worker need look
    by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    frozen_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # Messages that go first. NULL: decided when the audience is frozen. 0: no pilot, everything goes at once.
    pilot: Mapped[int | None] = mapped_column(Integer)
    hold_until: Mapped[datetime | None]  # the pilot is through; what comes back of it is waited for until then
    released_at: Mapped[datetime | None]  # what comes after the pilot may go; never taken back
    released_by: Mapped[str | None]

    __table_args__ = (Index("ix_delivery_open", "state", postgresql_where=text("state NOT IN ('sent', 'cancelled')")),)


class Batch(Base):
    """A stretch of a delivery's ledger, `first_id` to `last_id`: what a worker claims, and what is counted once.

    A claim is one update here instead of one on every message. `tally` counts the messages by state and reason. It
    holds while nobody owns the batch; whoever lets go of it or changes its messages writes it anew (see batches.py).
    """

    __tablename__ = "batch"
    __table_args__ = (
        # No two stretches of one delivery begin alike. Also the order in which pages and exports read them.
        UniqueConstraint("delivery_id", "first_id"),
        # What a slice claims, smallest first; one entry for hundreds of messages.
        Index("ix_batch_open", "delivery_id", "first_id", postgresql_where=text("is_open")),
    )

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"))
    first_id: Mapped[int]
    last_id: Mapped[int]
    is_pilot: Mapped[bool] = mapped_column(server_default="false")  # goes first, see pilot.py
    is_open: Mapped[bool] = mapped_column(server_default="true")  # something in it is not final
    # Claimed although its lease had not been given back: the earlier owner may still have messages in flight here.
    is_inherited: Mapped[bool] = mapped_column(server_default="false")
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]  # nothing in it can be tried earlier
    tally: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # {state: {reason or "": messages}}
    measured: Mapped[int] = mapped_column(Integer, server_default="0")  # of those accepted, with links of their own
    last_accepted_at: Mapped[datetime | None]


class Message(Base):
    """One edition to one subscriber. The row is the truth about whether the mail was sent; see engine.py.

    Two updates for a message that goes out: the marker before its final dot, the outcome after the reply. No index
    holds or mentions a column that they write, and half of every page is left free, so both stay on their page (HOT).
    """

    __tablename__ = "message"
    __table_args__ = (
        # Nobody is in an audience twice, so nobody is mailed twice.
        UniqueConstraint("delivery_id", "subscriber_id"),
        Index("ix_message_subscriber", "subscriber_id"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[Id]
    # No foreign keys here and for the subscription: checking them took a third of the time of freezing a million. A
    # trigger deletes the messages of a delivery with it; a subscription that is gone is found gone where it is asked.
    delivery_id: Mapped[int]
    # NULL after erasure: the row and its counts remain, the person does not.
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id", ondelete="SET NULL"))
    subscription_id: Mapped[int | None]
    address: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    is_individual: Mapped[bool] = mapped_column(server_default="false")  # links and pixel of its own
    # Fixed for the row across attempts (no two rows share one: random 122 bits): a resend is recognisable.
    message_id: Mapped[uuid.UUID] = mapped_column(server_default=func.gen_random_uuid())
    state: Mapped[MessageState] = mapped_column(states(MessageState))
    reason: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str | None]  # who marked it
    not_before: Mapped[datetime | None]
    # The fence: a marker is given to who read this number, and every try raises it.
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    last_reply: Mapped[str | None]
    # No foreign key: checking one for every outcome locks the relay's row a million times.
    relay_id: Mapped[int | None]
    marked_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]


class Requeue(Base):
    """A person's act: messages in doubt are sent again, or failed ones tried again. Append only."""

    __tablename__ = "requeue"

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"), index=True)
    was: Mapped[MessageState] = mapped_column(states(MessageState))  # unknown or rejected
    reason: Mapped[str | None]  # only those that failed for this reason
    messages: Mapped[int] = mapped_column(Integer)
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Requeued(Base):
    """What had become of a message before a person had it sent again: the row itself starts anew."""

    __tablename__ = "requeued"
    __table_args__ = (Index("ix_requeued_message", "message_id"),)

    requeue_id: Mapped[int] = mapped_column(ForeignKey("requeue.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), primary_key=True)
    reason: Mapped[str | None]
    last_reply: Mapped[str | None]
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
    """A mail outside an issue: a test, a confirmation, a sign-in link, a thank-you. Resent by itself when in doubt."""

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


class DkimKey(Base):
    """A key that a sender's domain signs its mail with. Several, so that keys change without a gap."""

    __tablename__ = "dkim_key"
    __table_args__ = (
        UniqueConstraint("domain", "selector"),
        # A domain signs with one key at a time.
        Index("ix_dkim_key_active", "domain", unique=True, postgresql_where=text("is_active")),
    )

    id: Mapped[Id]
    domain: Mapped[str]  # as in From: A-labels, lower case
    selector: Mapped[str]
    private_key: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # PKCS #8, sealed, see sealed.py
    public_key: Mapped[bytes] = mapped_column(LargeBinary)  # SubjectPublicKeyInfo, what DNS has in p=
    is_active: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
