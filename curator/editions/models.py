"""The frozen, rendered issue and its links. Rows here are never changed after they are written."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from curator.db.base import Base, Id


class Edition(Base):
    """One rendering of one content. `segments` is the compiled message: see curator/editions/compile.py."""

    __tablename__ = "edition"
    # The same content of an issue is rendered once; rendering again finds this row.
    __table_args__ = (UniqueConstraint("issue_id", "content_hash"),)

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    subject: Mapped[str]
    tracking: Mapped[str]
    html: Mapped[str]  # with slots, for the browser page and previews
    text: Mapped[str]
    segments: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    html_bytes: Mapped[int] = mapped_column(Integer)
    # The version of a design of the newsletter's own it was rendered from; NULL: one of ours, named in the facts.
    design_version_id: Mapped[int | None] = mapped_column(ForeignKey("design_version.id"))
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Link(Base):
    """An address that stands in an edition. Redirects go only to these."""

    __tablename__ = "link"
    # A click names (edition, number): it must mean one address for ever.
    __table_args__ = (UniqueConstraint("edition_id", "number"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    address: Mapped[str]
    label: Mapped[str] = mapped_column(server_default="")
    item_id: Mapped[int | None]
