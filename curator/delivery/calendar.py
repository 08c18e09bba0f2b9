"""A newsletter's month: what was sent, what is scheduled, what is planned and what is skipped, by day. Reads only."""

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from curator.delivery.models import Delivery, DeliveryState
from curator.issues.calendar import CalendarDay, Intent, meant
from curator.issues.models import Issue, IssueState, Newsletter
from curator.issues.planning import coming_weeks

Kind = Literal["sent", "sending", "scheduled", "planned", "skipped"]

MOST_WEEKS = 53
"""How far ahead the weeks of the rhythm are shown."""

_UNSENT = (DeliveryState.SCHEDULED, DeliveryState.CANCELLED)


@dataclass(frozen=True)
class Entry:
    """One thing on one day. `at` is the moment when there is one; `number` None when no issue is named.

    `is_meant`: an editor said so; else it went, or the rhythm has it so.
    """

    day: date
    kind: Kind
    number: int | None = None
    subject: str = ""
    at: datetime | None = None
    note: str = ""
    is_meant: bool = False


def weeks_of(year: int, month: int) -> list[list[date]]:
    """The weeks a month touches, Monday first."""
    return calendar.Calendar(firstweekday=0).monthdatescalendar(year, month)


def entries(session: Session, newsletter: Newsletter, first: date, last: date) -> dict[date, list[Entry]]:
    """Per day from `first` to `last`, in the newsletter's zone; days with nothing are left out."""
    found = _deliveries(session, newsletter, first, last)
    gone = {entry.number for entry in found}
    issues = {issue.id: issue for issue in session.scalars(_planned_issues(newsletter, first, last))}
    days = meant(session, newsletter.id, first, last)
    for day in days:
        is_skipped = day.intent is Intent.SKIPPED
        issue = None if is_skipped else issues.get(day.issue_id or 0)
        if issue is not None and (issue.number in gone or issue.state != IssueState.DRAFT):
            continue  # it was planned, and it went or goes: that is what the day shows
        is_meant = is_skipped or bool(day.note) or day.made_at is None
        entry = Entry(day.day, "skipped" if is_skipped else "planned", note=day.note, is_meant=is_meant)
        if issue is not None:
            entry = replace(entry, number=issue.number, subject=issue.subject, at=issue.due_at)
        found.append(entry)
    found += _expected(session, newsletter, first, last, {entry.day for entry in found} | {day.day for day in days})
    by_day: dict[date, list[Entry]] = {}
    for entry in found:
        by_day.setdefault(entry.day, []).append(entry)
    return by_day


def _deliveries(session: Session, newsletter: Newsletter, first: date, last: date) -> list[Entry]:
    zone = ZoneInfo(newsletter.timezone)
    begin = datetime.combine(first, datetime.min.time(), zone)
    end = datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
    statement = (
        select(Issue, Delivery.scheduled_at, Delivery.state)
        .outerjoin(Delivery, Delivery.issue_id == Issue.id)
        .where(Issue.newsletter_id == newsletter.id, Issue.state != IssueState.DRAFT)
        .where(or_(Issue.sent_at.between(begin, end), Delivery.scheduled_at.between(begin, end)))
        .order_by(Issue.number)
    )
    found = []
    for issue, scheduled_at, state in session.execute(statement):
        at = issue.sent_at or scheduled_at
        kind: Kind = "sent" if issue.state == IssueState.SENT else "scheduled" if state in _UNSENT else "sending"
        day = at.astimezone(zone).date()
        if first <= day <= last:
            found.append(Entry(day, kind, issue.number, issue.subject, at))
    return found


def _expected(session: Session, newsletter: Newsletter, first: date, last: date, taken: set[date]) -> list[Entry]:
    """The weeks of the rhythm to come that nobody touched yet."""
    weeks = [coming.week for coming in coming_weeks(session, newsletter, datetime.now(UTC), MOST_WEEKS)]
    found = [week for week in weeks if first <= week.day <= last and week.day not in taken]
    return [Entry(week.day, "planned", at=week.due_at) for week in found]


def _planned_issues(newsletter: Newsletter, first: date, last: date) -> Select[Issue]:
    planned = select(CalendarDay.issue_id).where(
        CalendarDay.newsletter_id == newsletter.id, CalendarDay.day.between(first, last)
    )
    return select(Issue).where(Issue.id.in_(planned))
