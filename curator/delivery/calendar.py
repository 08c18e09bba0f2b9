"""A newsletter's month: what was sent, what is scheduled, what is planned and what is skipped, by day. Reads only."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from curator.delivery.models import Delivery, DeliveryState
from curator.issues.calendar import CalendarDay, Intent, meant
from curator.issues.models import Issue, IssueState, Newsletter

Kind = Literal["sent", "sending", "scheduled", "planned", "skipped"]

_UNSENT = (DeliveryState.SCHEDULED, DeliveryState.CANCELLED)


@dataclass(frozen=True)
class Entry:
    """One thing on one day. `at` is the moment when there is one; `number` None when no issue is named."""

    day: date
    kind: Kind
    number: int | None = None
    subject: str = ""
    at: datetime | None = None
    note: str = ""


def weeks_of(year: int, month: int) -> list[list[date]]:
    """The weeks a month touches, Monday first."""
    return calendar.Calendar(firstweekday=0).monthdatescalendar(year, month)


def entries(session: Session, newsletter: Newsletter, first: date, last: date) -> dict[date, list[Entry]]:
    """Per day from `first` to `last`, in the newsletter's zone; days with nothing are left out."""
    found = _deliveries(session, newsletter, first, last)
    gone = {entry.number for entry in found}
    issues = {issue.id: issue for issue in session.scalars(_planned_issues(newsletter, first, last))}
    for day in meant(session, newsletter.id, first, last):
        issue = issues.get(day.issue_id or 0)
        if issue is not None and (issue.number in gone or issue.state != IssueState.DRAFT):
            continue  # it was planned, and it went or goes: that is what the day shows
        kind: Kind = "planned" if day.intent is Intent.PLANNED else "skipped"
        number, subject = (issue.number, issue.subject) if issue else (None, "")
        found.append(Entry(day.day, kind, number, subject, note=day.note))
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


def _planned_issues(newsletter: Newsletter, first: date, last: date) -> Select[Issue]:
    planned = select(CalendarDay.issue_id).where(
        CalendarDay.newsletter_id == newsletter.id, CalendarDay.day.between(first, last)
    )
    return select(Issue).where(Issue.id.in_(planned))
