"""Readers who suggest articles: each suggestion, and who is not listened to any more."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from curator.db.base import Base, Id


class Suggestion(Base):
    """One reader's suggestion of one article. `address` is there to thank them, and goes when that is done.

    All words are a stranger's. Keyed hashes outlive the address and tell nobody who it was: `key` of the mailbox, to
    count and mute by, `person` of the address as it was given, for whoever asks what we hold of them.
    """

    __tablename__ = "suggestion"
    __table_args__ = (
        # One person suggests an article once; those who give no address are told apart by their networks.
        UniqueConstraint("article_id", "key"),
        Index("ix_suggestion_day", "newsletter_id", "created_at"),
        Index("ix_suggestion_person", "person"),
        Index("ix_suggestion_to_thank", "article_id", postgresql_where=text("address IS NOT NULL")),
    )

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(server_default="")
    may_name: Mapped[bool] = mapped_column(server_default="false")  # they agreed to stand in the issue by name
    note: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str | None]
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    person: Mapped[bytes | None] = mapped_column(LargeBinary)
    network: Mapped[str | None]  # /24 or /48, never a whole address; None by mail
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    thanked_at: Mapped[datetime | None]


class MutedContributor(Base):
    """Whose suggestions a newsletter lets fall unseen: a mailbox for good, or a network for a while."""

    __tablename__ = "muted_contributor"
    __table_args__ = (UniqueConstraint("newsletter_id", "key"),)

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    key: Mapped[bytes] = mapped_column(LargeBinary)
    label: Mapped[str]  # what an editor knows them by: the name they gave, or the network
    until: Mapped[datetime | None]  # networks are shared and change hands; NULL: for good
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
