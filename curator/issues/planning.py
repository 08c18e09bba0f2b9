"""Recurring issues: setting a rhythm, the weeks to come, skipping one, and making the issue of a week when it is time.

An issue comes once: the row of its week is inserted first, and whoever finds it there does nothing. A week is skipped
without a trace for readers; its draft, if there is one, waits for the next week. Nothing here sends.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.errors import Conflict, CuratorError, Invalid, NotFound
from curator.issues.assemble import BY, assemble
from curator.issues.compose import create_issue
from curator.issues.models import Issue, IssueState, Item, Newsletter, Occasion, Rhythm
from curator.issues.rhythm import Beat, Week, week_of, weeks_after

log = structlog.get_logger(__name__)

SHOWN = 3
"""Weeks to come that people see."""


@dataclass(frozen=True)
class Coming:
    """A week to come as people see it. `issue` when its draft is made already."""

    week: Week
    is_skipped: bool
    skipped_by: str | None
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


def find_rhythm(session: Session, newsletter_id: int) -> Rhythm | None:
    """The rhythm of a newsletter, if it has one."""
    return session.get(Rhythm, newsletter_id)


def coming_weeks(session: Session, newsletter: Newsletter, now: datetime, count: int = SHOWN) -> list[Coming]:
    """The next weeks with what was decided about them; empty without a rhythm."""
    rhythm = find_rhythm(session, newsletter.id)
    if rhythm is None:
        return []
    weeks = weeks_after(beat_of(newsletter, rhythm), now, count)
    rows = session.execute(
        select(Occasion, Issue)
        .outerjoin(Issue, Issue.id == Occasion.issue_id)
        .where(Occasion.newsletter_id == newsletter.id, Occasion.day.in_([week.day for week in weeks]))
        .execution_options(populate_existing=True)
    )
    known = {occasion.day: (occasion, issue) for occasion, issue in rows}
    found = []
    for week in weeks:
        occasion, issue = known.get(week.day, (None, None))
        is_skipped = occasion is not None and occasion.skipped_at is not None
        found.append(Coming(week, is_skipped, occasion.skipped_by if occasion else None, issue))
    return found


def skip_week(session: Session, newsletter: Newsletter, day: date | None, by: str) -> Week:
    """No issue in this week (None: the next that is not skipped). Skipping what is skipped changes nothing."""
    week = _chosen(session, newsletter, day, is_skipped=False)
    statement = insert(Occasion).values(newsletter_id=newsletter.id, day=week.day)
    session.execute(statement.on_conflict_do_nothing(index_elements=["newsletter_id", "day"]))
    occasion = _locked(session, newsletter.id, week.day)
    if occasion is not None and occasion.skipped_at is None:
        _give_deadline(session, occasion.issue_id, None)
        occasion.skipped_at, occasion.skipped_by = datetime.now(UTC), by
        session.flush()
        record(session, by, "week.skipped", "newsletter", newsletter.id, day=week.day)
    return week


def bring_back_week(session: Session, newsletter: Newsletter, day: date | None, by: str) -> Week:
    """There will be an issue after all: its draft gets its deadline again, or is made when it is time."""
    week = _chosen(session, newsletter, day, is_skipped=True)
    occasion = _locked(session, newsletter.id, week.day)
    if occasion is None or occasion.skipped_at is None:
        return week
    if occasion.issue_id is None:
        session.delete(occasion)
    else:
        _give_deadline(session, occasion.issue_id, week.due_at)
        occasion.skipped_at = occasion.skipped_by = None
    session.flush()
    record(session, by, "week.brought_back", "newsletter", newsletter.id, day=week.day)
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


def beat_of(newsletter: Newsletter, rhythm: Rhythm) -> Beat:
    """The rhythm's facts, with the newsletter's zone."""
    return Beat(rhythm.weekday, rhythm.at, rhythm.draft_days, rhythm.draft_at, newsletter.timezone)


def _make(session: Session, newsletter: Newsletter, rhythm: Rhythm, week: Week) -> int | None:
    statement = insert(Occasion).values(newsletter_id=newsletter.id, day=week.day)
    occasion_id = session.scalar(
        statement.on_conflict_do_nothing(index_elements=["newsletter_id", "day"]).returning(Occasion.id)
    )
    if occasion_id is None:
        return None
    issue = _waiting_draft(session, newsletter.id) or create_issue(session, newsletter.id, "", BY)
    issue.due_at = week.due_at
    session.get_one(Occasion, occasion_id).issue_id = issue.id
    session.flush()
    if rhythm.assembles and not session.scalar(select(Item.id).where(Item.issue_id == issue.id).limit(1)):
        assemble(session, issue.id)
        session.get_one(Issue, issue.id).opened_at = None  # that clock starts when a person opens it
    record(session, BY, "issue.created", "issue", issue.id, number=issue.number, day=week.day)
    return issue.id


def _waiting_draft(session: Session, newsletter_id: int) -> Issue | None:
    """The newest draft without a deadline: made by hand, or of a week that was skipped. It becomes this week's."""
    issue = session.scalar(
        select(Issue)
        .where(Issue.newsletter_id == newsletter_id, Issue.state == IssueState.DRAFT, Issue.due_at.is_(None))
        .order_by(Issue.number.desc())
        .limit(1)
        .with_for_update()
    )
    if issue is not None:
        for earlier in session.scalars(select(Occasion).where(Occasion.issue_id == issue.id)):
            earlier.issue_id = None
    return issue


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


def _locked(session: Session, newsletter_id: int, day: date) -> Occasion | None:
    statement = select(Occasion).where(Occasion.newsletter_id == newsletter_id, Occasion.day == day)
    return session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def _give_deadline(session: Session, issue_id: int | None, due_at: datetime | None) -> None:
    if issue_id is None:
        return
    issue = session.get_one(Issue, issue_id, with_for_update=True, populate_existing=True)
    if issue.state != IssueState.DRAFT:
        raise Conflict(f"Issue {issue.number} of that week is on its way already.")
    issue.due_at = due_at


def _move_open_week(session: Session, newsletter: Newsletter, rhythm: Rhythm, now: datetime) -> None:
    """A draft made for a week of the old rhythm is for the next week of the new one."""
    (week,) = weeks_after(beat_of(newsletter, rhythm), now, 1)
    issue = session.scalar(
        select(Issue)
        .where(Issue.newsletter_id == newsletter.id, Issue.state == IssueState.DRAFT, Issue.due_at > now)
        .order_by(Issue.number.desc())
        .limit(1)
        .with_for_update()
    )
    if issue is None:
        return
    session.execute(delete(Occasion).where(Occasion.issue_id == issue.id))
    statement = insert(Occasion).values(newsletter_id=newsletter.id, day=week.day, issue_id=issue.id)
    changed = {"issue_id": issue.id, "skipped_at": None, "skipped_by": None}
    session.execute(statement.on_conflict_do_update(index_elements=["newsletter_id", "day"], set_=changed))
    issue.due_at = week.due_at
    session.flush()
