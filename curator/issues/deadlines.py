"""The deadline of a draft: its day, at the time of the clock that the newsletter's rhythm names. It sends nothing.

Without a rhythm nothing has a deadline. A deadline follows the newsletter's zone as long as nobody gave it another.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.errors import Conflict
from curator.issues.models import Issue, IssueState, Newsletter, Rhythm
from curator.issues.rhythm import Beat


def find_rhythm(session: Session, newsletter_id: int) -> Rhythm | None:
    """The rhythm of a newsletter, if it has one."""
    return session.get(Rhythm, newsletter_id)


def beat_of(newsletter: Newsletter, rhythm: Rhythm) -> Beat:
    """The rhythm's facts, with the newsletter's zone."""
    return Beat(rhythm.weekday, rhythm.at, rhythm.draft_days, rhythm.draft_at, newsletter.timezone)


def deadline_on(session: Session, newsletter_id: int, day: date) -> datetime | None:
    """When an issue of this day is due; None without a rhythm."""
    rhythm = find_rhythm(session, newsletter_id)
    if rhythm is None:
        return None
    return _moment(day, rhythm, session.get_one(Newsletter, newsletter_id).timezone)


def give_deadline(session: Session, issue_id: int | None, due_at: datetime | None) -> None:
    """Set the deadline of a draft, or take it away; `Conflict` once the issue is on its way. No issue: nothing."""
    if issue_id is None:
        return
    issue = session.get_one(Issue, issue_id, with_for_update=True, populate_existing=True)
    if issue.state != IssueState.DRAFT:
        raise Conflict(f"Issue {issue.number} of that day is on its way already.")
    issue.due_at = due_at


def move_deadlines(session: Session, newsletter: Newsletter, former_zone: str) -> None:
    """The newsletter has another zone: 09:00 is 09:00 there. Only deadlines that are still the rhythm's are moved."""
    rhythm = find_rhythm(session, newsletter.id)
    if rhythm is None:
        return
    drafts = select(Issue).where(
        Issue.newsletter_id == newsletter.id, Issue.state == IssueState.DRAFT, Issue.due_at.is_not(None)
    )
    for issue in session.scalars(drafts.with_for_update()):
        day = issue.due_at.astimezone(ZoneInfo(former_zone)).date() if issue.due_at else None
        if day is not None and issue.due_at == _moment(day, rhythm, former_zone):
            issue.due_at = _moment(day, rhythm, newsletter.timezone)
    session.flush()


def _moment(day: date, rhythm: Rhythm, zone: str) -> datetime:
    return datetime.combine(day, rhythm.at, tzinfo=ZoneInfo(zone)).astimezone(UTC)
