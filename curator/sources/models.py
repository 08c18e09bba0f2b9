"""Sources we watch, the articles they or people bring, and the pictures of articles."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from curator.db.base import Base, Id, states


class SourceState(StrEnum):
    """`gone`: answered 410 or failed for long; `muted`: an editor silenced it."""

    ACTIVE = "active"
    MUTED = "muted"
    GONE = "gone"


class CapturedBy(StrEnum):
    """How an article came to us."""

    FEED = "feed"
    ADDRESS = "address"
    TEXT = "text"
    HTML = "html"
    BOOKMARKLET = "bookmarklet"
    MAIL = "mail"
    IMPORT = "import"
    API = "api"
    SUGGESTION = "suggestion"  # a reader, through the contributors' door


class Triage(StrEnum):
    """What an editor thought of an article."""

    CANDIDATE = "candidate"
    STARRED = "starred"
    LATER = "later"
    DISMISSED = "dismissed"
    EXPIRED = "expired"  # by itself: nobody touched it for weeks


class FetchState(StrEnum):
    """Whether the page behind an article has been read. `done` also when there is none to read."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Source(Base):
    """A feed of one newsletter. Validators (`etag`, `last_modified`) come from the last answer that parsed."""

    __tablename__ = "source"
    __table_args__ = (
        # One feed is watched once per newsletter, however its address is spelled.
        Index("uq_source_newsletter_address", "newsletter_id", "address_key", unique=True),
        Index("ix_source_due", "next_fetch_at", postgresql_where=text("state = 'active'")),
    )

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    address: Mapped[str]
    address_key: Mapped[str]
    title: Mapped[str]
    folder: Mapped[str] = mapped_column(server_default="")  # where an imported list had it, as `News / Chips`
    site_address: Mapped[str | None]
    state: Mapped[SourceState] = mapped_column(states(SourceState), server_default=SourceState.ACTIVE)
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    body_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    moved_to: Mapped[str | None]  # where permanent redirects lead; believed after several in a row
    moves_seen: Mapped[int] = mapped_column(Integer, server_default="0")
    next_fetch_at: Mapped[datetime] = mapped_column(server_default=func.now())
    fetched_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Picture(Base):
    """A re-encoded raster image, stored once by content hash so that every web process can serve it.

    `small` is the same picture at most 600 pixels wide; None when this one is.
    """

    __tablename__ = "picture"

    id: Mapped[Id]
    sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    media_type: Mapped[str]
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    small_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    small: Mapped["Picture | None"] = relationship(remote_side="Picture.id", lazy="joined", join_depth=1)


class Article(Base):
    """One piece found, pasted or captured. Blocks of text are sanitised HTML; `published_offset` keeps the zone."""

    __tablename__ = "article"
    __table_args__ = (
        # The same address, or the same words, is one article of a newsletter: capture finds it and says so.
        Index(
            "uq_article_newsletter_address",
            "newsletter_id",
            "address_key",
            unique=True,
            postgresql_where=text("address_key IS NOT NULL"),
        ),
        Index(
            "uq_article_newsletter_content",
            "newsletter_id",
            "content_hash",
            unique=True,
            postgresql_where=text("content_hash IS NOT NULL"),
        ),
        Index("ix_article_triage", "newsletter_id", "triage", "created_at"),
        # Near-duplicates share hashes of a sketch: `&&` on a bigint[] is quick only with GIN.
        Index("ix_article_sketch", "sketch", postgresql_using="gin"),
        Index("ix_article_lead", "lead", postgresql_using="gin"),
        Index("ix_article_other_keys", "other_keys", postgresql_using="gin"),
        Index("ix_article_not_compared", "id", postgresql_where=text("compared_at IS NULL")),
        CheckConstraint("address_key IS NOT NULL OR content_hash IS NOT NULL", name="has_identity"),
    )

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id", ondelete="SET NULL"), index=True)
    captured_by: Mapped[CapturedBy] = mapped_column(states(CapturedBy))
    brought_by: Mapped[str] = mapped_column(server_default="")  # a user, a mail's sender or a file; empty for a feed
    address: Mapped[str | None]
    address_key: Mapped[str | None]
    # Keys this article is found by too: the address as it was captured, where that redirected, what the page states.
    other_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    title: Mapped[str]
    author: Mapped[str] = mapped_column(server_default="")
    site: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="")
    published_at: Mapped[datetime | None]
    published_offset: Mapped[int | None] = mapped_column(Integer)  # minutes east of UTC, as published
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    summary: Mapped[str] = mapped_column(server_default="")
    quote: Mapped[str] = mapped_column(server_default="")
    body_html: Mapped[str] = mapped_column(server_default="")
    body_text: Mapped[str] = mapped_column(server_default="")
    words: Mapped[int] = mapped_column(Integer, server_default="0")
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    picture_alt: Mapped[str] = mapped_column(server_default="")
    feed_picture: Mapped[str | None]  # an address its feed names, until it was tried: once, and after the page's own
    is_free: Mapped[bool | None]  # whether anybody may read it, where its page says so
    sketch: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    lead: Mapped[list[int] | None] = mapped_column(
        ARRAY(BigInteger)
    )  # hashes of the first words: excerpts have no more
    compared_at: Mapped[datetime | None]  # with all others, after its commit; NULL: due
    triage: Mapped[Triage] = mapped_column(states(Triage), server_default=Triage.CANDIDATE)
    triaged_at: Mapped[datetime | None]
    triaged_by: Mapped[str] = mapped_column(server_default="")
    chosen_at: Mapped[datetime | None]  # when an editor chose it to stand for its story; the latest does
    fetch_state: Mapped[FetchState] = mapped_column(states(FetchState), server_default=FetchState.DONE)
    fetch_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Likeness(Base):
    """Two articles of a newsletter that probably tell the same story, until an editor says that they do not."""

    __tablename__ = "likeness"
    __table_args__ = (
        # A pair is written one way, the older article first.
        PrimaryKeyConstraint("article_id", "other_id"),
        CheckConstraint("article_id < other_id", name="older_first"),
        Index("ix_likeness_other", "other_id"),
    )

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    other_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    shared: Mapped[int] = mapped_column(Integer)
    apart_at: Mapped[datetime | None]
    apart_by: Mapped[str] = mapped_column(server_default="")


class SavedFilter(Base):
    """A choice of candidates under a name, for everybody at the newsletter. `query` is what the page's form sends."""

    __tablename__ = "saved_filter"
    # A name means one filter.
    __table_args__ = (UniqueConstraint("newsletter_id", "name"),)

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[dict[str, Any]]
    by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
