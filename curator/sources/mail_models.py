"""Mail-in: the address a newsletter is mailed articles at, and the mails that came to it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from curator.db.base import Base, Id, states


class MailState(StrEnum):
    """`waiting` for a worker; `held` for an editor to decide; `taken`; `empty` (nothing in it); `dropped`."""

    WAITING = "waiting"
    HELD = "held"
    TAKEN = "taken"
    EMPTY = "empty"
    DROPPED = "dropped"


class MailAddress(Base):
    """The part before the @ that one newsletter is reached at: random, so that nobody guesses it, and replaceable."""

    __tablename__ = "mail_address"

    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"), primary_key=True)
    local_part: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReceivedMail(Base):
    """One mail to a newsletter. `content` is kept only while somebody has to decide or a worker has to read it."""

    __tablename__ = "received_mail"
    __table_args__ = (
        # The same mail, delivered twice by its sender's server or read twice from a mailbox, is one.
        UniqueConstraint("newsletter_id", "digest"),
        Index("ix_received_mail_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sender: Mapped[str] = mapped_column(server_default="")  # as From says, which anybody can write
    subject: Mapped[str] = mapped_column(server_default="")
    state: Mapped[MailState] = mapped_column(states(MailState), server_default=MailState.WAITING)
    reason: Mapped[str] = mapped_column(server_default="")  # why it was held, dropped or found empty, in words
    articles: Mapped[int] = mapped_column(Integer, server_default="0")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(server_default="")
