"""What came back: raw inbound reports and the append-only record of opens, clicks, bounces, complaints and leavings."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from curator.db.base import Base, Id, states


class EventKind(StrEnum):
    """What happened."""

    OPEN = "open"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


class Actor(StrEnum):
    """Who did it. `aggregate`: counted without knowing whom, so it cannot be judged either."""

    PERSON = "person"
    MACHINE = "machine"
    AGGREGATE = "aggregate"


class Event(Base):
    """One thing that came back. No address of a machine; the agent is a family. Partitioned by month of `at`.

    No foreign keys: rows arrive by COPY at thousands a second, and the tokens they come from are signed.
    """

    __tablename__ = "event"
    __table_args__ = (
        PrimaryKeyConstraint("id", "at"),
        Index("ix_event_issue", "issue_id", "kind", "at"),
        Index("ix_event_message", "message_id"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity())
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[EventKind] = mapped_column(states(EventKind))
    actor: Mapped[Actor] = mapped_column(states(Actor))
    issue_id: Mapped[int]
    edition_id: Mapped[int | None]
    message_id: Mapped[int | None]
    subscription_id: Mapped[int | None]
    link_number: Mapped[int | None] = mapped_column(Integer)
    agent: Mapped[str] = mapped_column(server_default="")  # family only
    sign: Mapped[str] = mapped_column(server_default="")  # why it counts as a machine's


class Inbound(Base):
    """A report as it arrived (mail or webhook), kept before it is understood."""

    __tablename__ = "inbound"
    # A provider that repeats itself is heard once.
    __table_args__ = (UniqueConstraint("provider", "provider_id"),)

    id: Mapped[Id]
    provider: Mapped[str]
    provider_id: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    applied_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None]
