"""The days of a newsletter: planned, by an editor or by its rhythm, or skipped. Nothing is sent by being planned.

One row a day, whoever means something by it: the calendar and the weeks of the rhythm show and change the same.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from curator.accounts.audit import record
from curator.db.base import Base, Id, states
from curator.errors import Invalid, NotFound
from curator.issues.deadlines import deadline_on, give_deadline
from curator.issues.models import Issue, IssueState
from curator.issues.text import clean_line


class Intent(StrEnum):
    """An issue is planned for the day, or the day is skipped."""

    PLANNED = "planned"
    SKIPPED = "skipped"


class CalendarDay(Base):
    """What is meant for a day in the newsletter's zone. `issue_id` when it is known which issue.

    `made_at`: the rhythm gave this day its issue. A day of the rhythm that nobody touched yet has no row.
    """

    __tablename__ = "calendar_day"
    # A day has one intent; and the row makes the rhythm's issue come once, however many tasks look.
    __table_args__ = (UniqueConstraint("newsletter_id", "day"),)

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"))
    day: Mapped[date]
    intent: Mapped[Intent] = mapped_column(states(Intent))
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id", ondelete="SET NULL"), index=True)
    note: Mapped[str] = mapped_column(server_default="")
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    made_at: Mapped[datetime | None]


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
    """Plan an issue for a day, or skip it, in place of what was meant before. An issue is planned for one day.

    A day that is skipped keeps the issue the rhythm made for it, without its deadline. `Conflict`: it is on its way.
    """
    if not 2000 <= day.year <= 2100:
        raise Invalid("Choose a day of this century.", field="day")
    former = day_of(session, newsletter_id, day)
    was_skipped = former is not None and former.intent is Intent.SKIPPED
    issue_id = former.issue_id if former is not None and former.made_at is not None else None
    if intent is Intent.SKIPPED:
        give_deadline(session, issue_id, None)
    elif number is not None:
        issue_id = _plan(session, newsletter_id, day, number, in_place_of=issue_id, by=by)
    elif was_skipped:
        give_deadline(session, issue_id, deadline_on(session, newsletter_id, day))
    if former is not None and former.issue_id != issue_id:
        _let_go(session, former)
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
    """Mean nothing for this day any more: it is the rhythm's again, with the issue the rhythm made for it."""
    row = day_of(session, newsletter_id, day)
    if row is None:
        return
    issue = session.get(Issue, row.issue_id) if row.made_at is not None and row.issue_id is not None else None
    is_waiting = issue is not None and (issue.state == IssueState.DRAFT or row.intent is Intent.PLANNED)
    if is_waiting:
        if row.intent is Intent.SKIPPED:
            give_deadline(session, row.issue_id, deadline_on(session, newsletter_id, day))
        row.intent, row.note, row.by = Intent.PLANNED, "", by
    else:  # what was made for it went on another day, or nothing was
        _let_go(session, row)
        session.delete(row)
    session.flush()
    record(session, by, "calendar.cleared", "newsletter", newsletter_id, day=day.isoformat())


def day_of(session: Session, newsletter_id: int, day: date) -> CalendarDay | None:
    """What is meant for one day, locked until the transaction ends; None when nothing is."""
    statement = select(CalendarDay).where(CalendarDay.newsletter_id == newsletter_id, CalendarDay.day == day)
    return session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def meant(session: Session, newsletter_id: int, first: date, last: date) -> list[CalendarDay]:
    """What is meant for the days from `first` to `last`, both included."""
    statement = (
        select(CalendarDay)
        .where(CalendarDay.newsletter_id == newsletter_id, CalendarDay.day.between(first, last))
        .order_by(CalendarDay.day)
    )
    return list(session.scalars(statement))


def _let_go(session: Session, row: CalendarDay) -> None:
    """The issue an editor had planned for the day has no longer that day's deadline; one that went keeps its own."""
    issue = session.get(Issue, row.issue_id, with_for_update=True) if row.issue_id is not None else None
    if issue is not None and issue.state == IssueState.DRAFT and row.intent is Intent.PLANNED:
        issue.due_at = None


def _plan(
    session: Session, newsletter_id: int, day: date, number: int, *, in_place_of: int | None, by: str
) -> int:  # fmt: skip
    """The issue of a day by its number: it is taken from the day it had, and has the deadline of its new one."""
    issue = session.scalar(select(Issue).where(Issue.newsletter_id == newsletter_id, Issue.number == number))
    if issue is None:
        raise NotFound(f"There is no issue {number}.")
    if in_place_of not in (None, issue.id):
        give_deadline(session, in_place_of, None)
    elsewhere = select(CalendarDay).where(CalendarDay.issue_id == issue.id, CalendarDay.day != day)
    for other in session.scalars(elsewhere.with_for_update()):
        if other.made_at is None:
            session.delete(other)
        else:  # the rhythm gave that day its issue: now it has none, and gets no other by itself
            other.intent, other.issue_id, other.made_at, other.by = Intent.SKIPPED, None, None, by
            other.note = f"Issue {number} moved to {day.isoformat()}"
    session.flush()
    if issue.state == IssueState.DRAFT and (due_at := deadline_on(session, newsletter_id, day)) is not None:
        issue.due_at = due_at
    return issue.id
