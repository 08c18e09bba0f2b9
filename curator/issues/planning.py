"""Recurring issues: setting a rhythm, the weeks to come, skipping one, and making the issue of a week when it is time.

An issue comes once: the row of its day is marked first, and whoever finds it marked does nothing. A week is skipped
without a trace for readers; its draft, if there is one, waits for the next week. Nothing here sends.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.errors import Conflict, CuratorError, Invalid, NotFound
from curator.issues.assemble import BY, assemble
from curator.issues.calendar import CalendarDay, Intent, clear, day_of, mean
from curator.issues.compose import create_issue
from curator.issues.deadlines import beat_of, find_rhythm
from curator.issues.models import Issue, IssueState, Item, Newsletter, Rhythm
from curator.issues.rhythm import Week, week_of, weeks_after

log = structlog.get_logger(__name__)

SHOWN = 3
"""Weeks to come that people see."""


@dataclass(frozen=True)
class Coming:
    """A week to come as people see it. `issue` when its draft is made already."""

    week: Week
    is_skipped: bool
    skipped_by: str | None
    note: str
    issue: Issue | None


def set_rhythm(
    session: Session, newsletter: Newsletter, by: str, *, weekday: int, at: time, draft_days: int, draft_at: time,
    assembles: bool = True,
) -> Rhythm:  # fmt: skip
    """Give a newsletter its rhythm, or another one; the draft of this week gets the new deadline."""
    if not (0 <= weekday <= 6 and 0 <= draft_days <= 6):
        raise Invalid("A rhythm has a weekday, and a draft made 0 to 6 days before.", field="draft_days")
    values = {"weekday": weekday, "at": at, "draft_days": draft_days, "draft_at": draft_at, "assembles": assembles}
    statement = insert(Rhythm).values(newsletter_id=newsletter.id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["newsletter_id"], set_=values))
    rhythm = session.get_one(Rhythm, newsletter.id, populate_existing=True)
    record(session, by, "rhythm.set", "newsletter", newsletter.id, **{name: str(v) for name, v in values.items()})
    _move_open_week(session, newsletter, rhythm, datetime.now(UTC))
    return rhythm


def stop_rhythm(session: Session, newsletter: Newsletter, by: str) -> None:
    """Make no more issues by itself; those that exist stay as they are."""
    if session.execute(delete(Rhythm).where(Rhythm.newsletter_id == newsletter.id)).rowcount:  # type: ignore[attr-defined]
        record(session, by, "rhythm.stopped", "newsletter", newsletter.id)


def coming_weeks(session: Session, newsletter: Newsletter, now: datetime, count: int = SHOWN) -> list[Coming]:
    """The next weeks with what was decided about them; empty without a rhythm."""
    rhythm = find_rhythm(session, newsletter.id)
    if rhythm is None:
        return []
    weeks = weeks_after(beat_of(newsletter, rhythm), now, count)
    rows = session.execute(
        select(CalendarDay, Issue)
        .outerjoin(Issue, Issue.id == CalendarDay.issue_id)
        .where(CalendarDay.newsletter_id == newsletter.id, CalendarDay.day.in_([week.day for week in weeks]))
        .execution_options(populate_existing=True)
    )
    known = {row.day: (row, issue) for row, issue in rows}
    return [_coming(week, *known.get(week.day, (None, None))) for week in weeks]


def skip_week(session: Session, newsletter: Newsletter, day: date | None, by: str) -> Week:
    """No issue in this week (None: the next that is not skipped). Skipping what is skipped changes nothing."""
    week = _chosen(session, newsletter, day, is_skipped=False)
    row = day_of(session, newsletter.id, week.day)
    if row is None or row.intent is not Intent.SKIPPED:
        mean(session, newsletter.id, week.day, Intent.SKIPPED, by, note=row.note if row else "")
    return week


def bring_back_week(session: Session, newsletter: Newsletter, day: date | None, by: str) -> Week:
    """There will be an issue after all: its draft gets its deadline again, or is made when it is time."""
    week = _chosen(session, newsletter, day, is_skipped=True)
    row = day_of(session, newsletter.id, week.day)
    if row is not None and row.intent is Intent.SKIPPED:
        clear(session, newsletter.id, week.day, by)
    return week


def make_due(session: Session, now: datetime) -> list[int]:
    """Make the issue of every week whose draft is due and which is not skipped; their ids. Twice makes nothing more.

    A newsletter for which something is refused is logged and tried again by the next sweep; the others get theirs.
    """
    made = []
    statement = select(Newsletter, Rhythm).join(Rhythm, Rhythm.newsletter_id == Newsletter.id).order_by(Newsletter.id)
    for newsletter, rhythm in session.execute(statement).all():
        (week,) = weeks_after(beat_of(newsletter, rhythm), now, 1)
        if week.draft_at > now:
            continue
        newsletter_id = newsletter.id
        try:
            with session.begin_nested():
                issue_id = _make(session, newsletter, rhythm, week)
        except CuratorError as refusal:
            log.warning("issue_not_made", newsletter=newsletter_id, code=refusal.code)
            continue
        if issue_id is not None:
            made.append(issue_id)
    return made


def _make(session: Session, newsletter: Newsletter, rhythm: Rhythm, week: Week) -> int | None:
    day = _claim(session, newsletter.id, week.day)
    if day is None:
        return None
    issue = _planned(session, day) or _waiting_draft(session, newsletter.id, week.day)
    issue = issue or create_issue(session, newsletter.id, "", BY)
    if issue.state != IssueState.DRAFT:
        return None  # an editor planned it for this day, and it went early
    issue.due_at, day.issue_id = week.due_at, issue.id
    session.flush()
    if rhythm.assembles and not session.scalar(select(Item.id).where(Item.issue_id == issue.id).limit(1)):
        assemble(session, issue.id)
        session.get_one(Issue, issue.id).opened_at = None  # that clock starts when a person opens it
    record(session, BY, "issue.created", "issue", issue.id, number=issue.number, day=week.day)
    return issue.id


def _claim(session: Session, newsletter_id: int, day: date) -> CalendarDay | None:
    """The row of a day whose issue nobody made yet, marked as made; None when it was, or the day is skipped."""
    row = insert(CalendarDay).values(
        newsletter_id=newsletter_id, day=day, intent=Intent.PLANNED, by=BY, made_at=func.now()
    )
    marked = row.on_conflict_do_update(
        index_elements=["newsletter_id", "day"],
        set_={"made_at": func.now()},
        where=CalendarDay.made_at.is_(None) & (CalendarDay.intent == Intent.PLANNED),
    )
    return session.scalars(marked.returning(CalendarDay), execution_options={"populate_existing": True}).first()


def _planned(session: Session, day: CalendarDay) -> Issue | None:
    return session.get(Issue, day.issue_id, with_for_update=True) if day.issue_id is not None else None


def _waiting_draft(session: Session, newsletter_id: int, day: date) -> Issue | None:
    """The newest draft without a deadline: made by hand, or of a week that was skipped. It becomes this week's."""
    later = select(CalendarDay.issue_id).where(
        CalendarDay.newsletter_id == newsletter_id,
        CalendarDay.intent == Intent.PLANNED,
        CalendarDay.day > day,
        CalendarDay.issue_id.is_not(None),
    )
    issue = session.scalar(
        select(Issue)
        .where(Issue.newsletter_id == newsletter_id, Issue.state == IssueState.DRAFT, Issue.due_at.is_(None))
        .where(Issue.id.not_in(later))
        .order_by(Issue.number.desc())
        .limit(1)
        .with_for_update()
    )
    if issue is not None:
        for earlier in session.scalars(select(CalendarDay).where(CalendarDay.issue_id == issue.id)):
            earlier.issue_id = None
    return issue


def _coming(week: Week, row: CalendarDay | None, issue: Issue | None) -> Coming:
    if row is None:
        return Coming(week, False, None, "", None)
    is_skipped = row.intent is Intent.SKIPPED
    return Coming(week, is_skipped, row.by if is_skipped else None, row.note, issue)


def _chosen(session: Session, newsletter: Newsletter, day: date | None, *, is_skipped: bool) -> Week:
    rhythm = find_rhythm(session, newsletter.id)
    if rhythm is None:
        raise NotFound("This newsletter has no rhythm: nothing comes by itself.")
    beat, now = beat_of(newsletter, rhythm), datetime.now(UTC)
    if day is None:
        for coming in coming_weeks(session, newsletter, now, 52):
            is_sent = coming.issue is not None and coming.issue.state != IssueState.DRAFT
            if coming.is_skipped is is_skipped and not is_sent:
                return coming.week
        raise NotFound("There is no such week in the year to come.")
    week = week_of(beat, day)
    if week.due_at <= now:
        raise Conflict(f"{day} is over.")
    if day > (now.astimezone(ZoneInfo(newsletter.timezone)) + timedelta(days=371)).date():
        raise Invalid(f"{day} is more than a year away.")
    return week


def _move_open_week(session: Session, newsletter: Newsletter, rhythm: Rhythm, now: datetime) -> None:
    """A draft made for a week of the old rhythm is for the next week of the new one."""
    (week,) = weeks_after(beat_of(newsletter, rhythm), now, 1)
    made = select(CalendarDay.issue_id).where(
        CalendarDay.newsletter_id == newsletter.id, CalendarDay.made_at.is_not(None)
    )
    issue = session.scalar(
        select(Issue)
        .where(Issue.id.in_(made), Issue.state == IssueState.DRAFT, Issue.due_at > now)
        .order_by(Issue.number.desc())
        .limit(1)
        .with_for_update()
    )
    if issue is None:
        return
    session.execute(delete(CalendarDay).where(CalendarDay.issue_id == issue.id))
    values = {"intent": Intent.PLANNED, "issue_id": issue.id, "by": BY, "made_at": func.now()}
    statement = insert(CalendarDay).values(newsletter_id=newsletter.id, day=week.day, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["newsletter_id", "day"], set_=values))
    issue.due_at = week.due_at
    session.flush()
