"""Newsletters, issues, sections and items. An item is a copy the editor owns: later feed edits cannot alter it."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from curator.db.base import Base, Id, states
from curator.sources.models import Picture


class Tracking(StrEnum):
    """How much is measured, per newsletter. See docs/standards.md, Privacy."""

    OFF = "off"
    AGGREGATE = "aggregate"
    HYGIENE = "hygiene"
    INDIVIDUAL = "individual"


class IssueState(StrEnum):
    """`draft` may be edited; `sending` is locked (a delivery exists); `sent` is published in the archive."""

    DRAFT = "draft"
    SENDING = "sending"
    SENT = "sent"


class Newsletter(Base):
    """A title people subscribe to. `section_template` is a list of {name, minimum, maximum, label, sponsored}."""

    __tablename__ = "newsletter"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    from_name: Mapped[str]
    from_address: Mapped[str]
    reply_to: Mapped[str | None]
    language: Mapped[str]
    timezone: Mapped[str] = mapped_column(server_default="Europe/Amsterdam")
    tracking: Mapped[Tracking] = mapped_column(states(Tracking), server_default=Tracking.INDIVIDUAL)
    postal_address: Mapped[str] = mapped_column(server_default="")
    accent: Mapped[str] = mapped_column(server_default="#0b5cad")
    section_template: Mapped[list[dict[str, Any]]]
    # One of ours by the name of its folder in templates/email, else one of the newsletter's own by its name.
    design: Mapped[str] = mapped_column(server_default="classic")
    # Candidates nobody touched for so long leave the list; NULL: they stay.
    candidate_weeks: Mapped[int | None] = mapped_column(Integer, server_default="4")
    # Of the brand, an empty text leaves it to the design. See curator/issues/brand.py.
    accent_night: Mapped[str] = mapped_column(server_default="")
    paper: Mapped[str] = mapped_column(server_default="")
    heading_font: Mapped[str] = mapped_column(server_default="")
    text_font: Mapped[str] = mapped_column(server_default="")
    logo_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    header: Mapped[str] = mapped_column(server_default="")  # Markdown
    footer: Mapped[str] = mapped_column(server_default="")  # Markdown
    # Whether a second person has to approve an issue before it may be sent, see approval.py.
    needs_approval: Mapped[bool] = mapped_column(server_default="false")
    # The contributors' door: whether readers may suggest articles, and are thanked when one is published.
    takes_suggestions: Mapped[bool] = mapped_column(server_default="false")
    thanks_contributors: Mapped[bool] = mapped_column(server_default="true")
    relay_id: Mapped[int | None] = mapped_column(ForeignKey("relay.id", ondelete="SET NULL"))
    # Takes the next issue number under the row's lock, so that numbers have no gap and no twin.
    next_number: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    logo: Mapped[Picture | None] = relationship()


class Design(Base):
    """A design people write for one newsletter. `based_on` is the one of ours it began as and still borrows from."""

    __tablename__ = "design"
    # A newsletter names its design, so a name stands once. One that is deleted stays for the editions made with it.
    __table_args__ = (
        Index("uq_design_name", "newsletter_id", "name", unique=True, postgresql_where=text("deleted_at IS NULL")),
    )

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    name: Mapped[str]
    based_on: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]


class DesignVersion(Base):
    """What a design was when it was saved: its files by name. Append only; the newest is used."""

    __tablename__ = "design_version"
    __table_args__ = (UniqueConstraint("design_id", "number"),)

    id: Mapped[Id]
    design_id: Mapped[int] = mapped_column(ForeignKey("design.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    files: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(server_default="")
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Issue(Base):
    """One number of a newsletter. `version` rises with every change of what readers will see."""

    __tablename__ = "issue"
    # A number is given once per newsletter.
    __table_args__ = (UniqueConstraint("newsletter_id", "number"),)

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    subject: Mapped[str]
    preheader: Mapped[str] = mapped_column(server_default="")
    intro: Mapped[str] = mapped_column(server_default="")  # Markdown
    outro: Mapped[str] = mapped_column(server_default="")  # Markdown
    state: Mapped[IssueState] = mapped_column(states(IssueState), server_default=IssueState.DRAFT)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    opened_at: Mapped[datetime | None]  # first change by an editor: how long an issue takes
    sent_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  # when it should go out, by the newsletter's rhythm; nothing is sent by itself

    newsletter: Mapped[Newsletter] = relationship()
    sections: Mapped[list["Section"]] = relationship(
        order_by="Section.position",
        back_populates="issue",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )


class Section(Base):
    """A named part of an issue with a minimum and maximum number of items. `label` stands above it in the mail."""

    __tablename__ = "section"
    __table_args__ = (
        # A section is found by its name, so a name stands once in an issue.
        UniqueConstraint("issue_id", "name"),
        CheckConstraint("minimum >= 0 AND (maximum IS NULL OR maximum >= minimum)", name="bounds"),
        # Paid content is never unlabelled and never without a limit.
        CheckConstraint("NOT is_sponsored OR (label <> '' AND maximum IS NOT NULL)", name="sponsored"),
    )

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"))
    name: Mapped[str]
    position: Mapped[int] = mapped_column(Integer)
    minimum: Mapped[int] = mapped_column(Integer, server_default="0")
    maximum: Mapped[int | None] = mapped_column(Integer)
    label: Mapped[str] = mapped_column(server_default="")
    is_sponsored: Mapped[bool] = mapped_column(server_default="false")

    issue: Mapped[Issue] = relationship(back_populates="sections")
    items: Mapped[list["Item"]] = relationship(
        order_by="Item.position", back_populates="section", cascade="all, delete-orphan", passive_deletes=True
    )


class Item(Base):
    """An article placed in an issue. `version` guards against two editors overwriting each other."""

    __tablename__ = "item"
    __table_args__ = (
        # An article stands in an issue once: placing it again moves it.
        UniqueConstraint("issue_id", "article_id"),
        Index("ix_item_section", "section_id", "position"),
    )

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"))
    section_id: Mapped[int] = mapped_column(ForeignKey("section.id", ondelete="CASCADE"))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="SET NULL"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[str]
    address: Mapped[str | None]
    address_key: Mapped[str | None] = mapped_column(index=True)  # "already published in issue 42"
    site: Mapped[str] = mapped_column(server_default="")
    author: Mapped[str] = mapped_column(server_default="")
    blurb: Mapped[str] = mapped_column(server_default="")  # Markdown
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    picture_alt: Mapped[str] = mapped_column(server_default="")
    reading_minutes: Mapped[int | None] = mapped_column(Integer)
    credit: Mapped[str] = mapped_column(server_default="")  # the names of who suggested it, as readers see them
    version: Mapped[int] = mapped_column(Integer, server_default="1")

    section: Mapped[Section] = relationship(back_populates="items")


class Revision(Base):
    """History of one field: what it was before, who changed it, when. Append only."""

    __tablename__ = "revision"
    __table_args__ = (Index("ix_revision_issue", "issue_id", "id"),)

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"))
    item_id: Mapped[int | None]
    field: Mapped[str]
    # The version this change made (of the item for its words, else of the issue): saving from an older one conflicts.
    version: Mapped[int] = mapped_column(Integer)
    before: Mapped[str]
    after: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Act(Base):
    """What an editor did to a candidate, once per `key`, which the page makes: sending an act again does nothing.

    `changes` is what undoing needs, `answer` what the page was told.
    """

    __tablename__ = "act"
    __table_args__ = (UniqueConstraint("newsletter_id", "key"), Index("ix_act_at", "at"))

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    key: Mapped[str]
    kind: Mapped[str]
    by: Mapped[str]
    changes: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    answer: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    undone_at: Mapped[datetime | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Comment(Base):
    """What editors say to each other about an item. Never in a mail, never in the version readers' words have."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_issue", "issue_id", "id"),)

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"))
    item_id: Mapped[int]  # no foreign key: an item that is removed and put back finds its comments again
    text: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]


class Rhythm(Base):
    """When a newsletter comes out, in its own zone, and when its draft is made. No row: when somebody likes."""

    __tablename__ = "rhythm"
    __table_args__ = (CheckConstraint("weekday BETWEEN 0 AND 6 AND draft_days BETWEEN 0 AND 6", name="week"),)

    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"), primary_key=True)
    weekday: Mapped[int] = mapped_column(Integer)  # 0 is Monday
    at: Mapped[time]
    draft_days: Mapped[int] = mapped_column(Integer)  # days before
    draft_at: Mapped[time]
    assembles: Mapped[bool] = mapped_column(server_default="true")  # from the starred articles


class Shelved(Base):
    """An article kept for a week that has room: good until a day, then gone from the shelf by itself."""

    __tablename__ = "shelved"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"), index=True)
    until: Mapped[date]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
