"""The days an editor means to send on, and those that are skipped on purpose. Nothing is sent by being planned."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from curator.accounts.audit import record
from curator.db.base import Base, Id, states
from curator.errors import Invalid, NotFound
from curator.issues.models import Issue
from curator.issues.text import clean_line


class Intent(StrEnum):
    """An issue is planned for the day, or the day is skipped."""

    PLANNED = "planned"
    SKIPPED = "skipped"


class CalendarDay(Base):
    """What is meant for a day in the newsletter's zone. `issue_id` when it is known which issue."""

    __tablename__ = "calendar_day"
    # A day has one intent.
    __table_args__ = (UniqueConstraint("newsletter_id", "day"),)

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    day: Mapped[date]
    intent: Mapped[Intent] = mapped_column(states(Intent))
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id", ondelete="SET NULL"), index=True)
    note: Mapped[str] = mapped_column(server_default="")
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


def mean(
    session: Session,
    newsletter_id: int,
    day: date,
    intent: Intent,
    by: str,
    *,
    note: str = "",
    number: int | None = None,
) -> CalendarDay:
    """Plan an issue for a day, or skip it, in place of what was meant before. An issue is planned for one day."""
    if not 2000 <= day.year <= 2100:
        raise Invalid("Choose a day of this century.", field="day")
    issue_id = _issue(session, newsletter_id, number) if number is not None and intent is Intent.PLANNED else None
    if issue_id is not None:
        session.execute(delete(CalendarDay).where(CalendarDay.issue_id == issue_id, CalendarDay.day != day))
    values = {
        "intent": intent,
        "issue_id": issue_id,
        "note": clean_line(note, limit=200, what="The note"),
        "by": by,
        "at": func.now(),
    }
    row = insert(CalendarDay).values(newsletter_id=newsletter_id, day=day, **values)
    made = row.on_conflict_do_update(index_elements=[CalendarDay.newsletter_id, CalendarDay.day], set_=values)
    found = session.scalars(made.returning(CalendarDay), execution_options={"populate_existing": True}).one()
    record(session, by, f"calendar.{intent.value}", "newsletter", newsletter_id, day=day.isoformat(), number=number)
    return found


def clear(session: Session, newsletter_id: int, day: date, by: str) -> None:
    """Mean nothing for this day any more."""
    gone = delete(CalendarDay).where(CalendarDay.newsletter_id == newsletter_id, CalendarDay.day == day)
    if session.execute(gone.returning(CalendarDay.id)).first():
        record(session, by, "calendar.cleared", "newsletter", newsletter_id, day=day.isoformat())


def meant(session: Session, newsletter_id: int, first: date, last: date) -> list[CalendarDay]:
    """What is meant for the days from `first` to `last`, both included."""
    statement = (
        select(CalendarDay)
        .where(CalendarDay.newsletter_id == newsletter_id, CalendarDay.day.between(first, last))
        .order_by(CalendarDay.day)
    )
    return list(session.scalars(statement))


def _issue(session: Session, newsletter_id: int, number: int) -> int:
    found = session.scalar(select(Issue.id).where(Issue.newsletter_id == newsletter_id, Issue.number == number))
    if found is None:
        raise NotFound(f"There is no issue {number}.")
    return found
