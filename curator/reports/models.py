"""Hourly counts, rebuildable from the events at any time, how far they have been counted, and what editors pick."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, PrimaryKeyConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from curator.db.base import Base, states
from curator.events.models import Actor, EventKind


class Rollup(Base):
    """One kind by one sort of actor on one link (0: any, or none) of an issue in one hour.

    `hits` is how often. `readers` is how many different messages, each in the hour of its first; hits that belong to
    no message count one by one. See counts.py for who is a person.
    """

    __tablename__ = "rollup"
    # One row per hour and kind: counting the same hour again replaces it.
    __table_args__ = (PrimaryKeyConstraint("issue_id", "hour", "kind", "actor", "link_number"),)

    issue_id: Mapped[int]
    hour: Mapped[datetime]
    kind: Mapped[EventKind] = mapped_column(states(EventKind))
    actor: Mapped[Actor] = mapped_column(states(Actor))
    link_number: Mapped[int] = mapped_column(Integer)
    hits: Mapped[int]
    readers: Mapped[int]


class Watermark(Base):
    """Up to which event id the rollups are complete."""

    __tablename__ = "watermark"

    name: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[int]
    counted_at: Mapped[datetime]


class Taste(Base):
    """What the editors of a newsletter pick, learned from what they did. Rebuildable: see taste.py."""

    __tablename__ = "taste"

    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"), primary_key=True)
    learned_at: Mapped[datetime] = mapped_column(server_default=func.now())
    picks: Mapped[int] = mapped_column(Integer)
    skips: Mapped[int] = mapped_column(Integer)
    learned: Mapped[dict[str, Any]]
