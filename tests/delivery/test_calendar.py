"""What is meant for a day, and what a month shows of it once issues go."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from curator.accounts.models import Role
from curator.accounts.users import add_user
from curator.delivery.calendar import entries
from curator.delivery.models import Delivery, DeliveryState
from curator.errors import Invalid, NotFound
from curator.issues.calendar import Intent, clear, mean, meant
from curator.issues.editing_time import EditingTime, median_minutes, note_presence, note_sent, own_times
from curator.issues.models import Issue, IssueState
from curator.issues.planning import coming_weeks, set_rhythm, skip_week
from tests.issues.rows import a_newsletter, an_issue

BY = "editor@example.org"
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


@pytest.fixture
def issue(session: Session) -> Issue:
    return an_issue(session, a_newsletter(session))


def month(session: Session, issue: Issue) -> dict[date, list[tuple[str, int | None]]]:
    found = entries(session, issue.newsletter, FIRST, LAST)
    return {day: [(entry.kind, entry.number) for entry in listed] for day, listed in found.items()}


def test_a_day_is_planned_skipped_and_cleared(session: Session, issue: Issue) -> None:
    mean(session, issue.newsletter_id, MONDAY, Intent.PLANNED, BY, number=issue.number)
    assert month(session, issue) == {MONDAY: [("planned", issue.number)]}
    mean(session, issue.newsletter_id, MONDAY, Intent.SKIPPED, BY, note="Feestdag")
    assert month(session, issue) == {MONDAY: [("skipped", None)]}
    clear(session, issue.newsletter_id, MONDAY, BY)
    assert month(session, issue) == {}


def test_an_issue_is_planned_for_one_day(session: Session, issue: Issue) -> None:
    mean(session, issue.newsletter_id, MONDAY, Intent.PLANNED, BY, number=issue.number)
    mean(session, issue.newsletter_id, TUESDAY, Intent.PLANNED, BY, number=issue.number)
    assert [day.day for day in meant(session, issue.newsletter_id, FIRST, LAST)] == [TUESDAY]


def test_issues_of_others_and_odd_days_are_refused(session: Session, issue: Issue) -> None:
    other = a_newsletter(session, "other")
    with pytest.raises(NotFound):
        mean(session, other.id, MONDAY, Intent.PLANNED, BY, number=issue.number)
    with pytest.raises(Invalid):
        mean(session, issue.newsletter_id, date(1, 1, 1), Intent.SKIPPED, BY)


def test_what_goes_takes_the_place_of_its_plan_in_the_newsletters_zone(session: Session, issue: Issue) -> None:
    mean(session, issue.newsletter_id, MONDAY, Intent.PLANNED, BY, number=issue.number)
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # half past midnight on Tuesday in Amsterdam
    issue.state = IssueState.SENDING
    delivery = Delivery(
        issue_id=issue.id,
        newsletter_id=issue.newsletter_id,
        state=DeliveryState.SCHEDULED,
        scheduled_at=late,
        by=BY,
    )
    session.add(delivery)
    session.flush()
    assert month(session, issue) == {TUESDAY: [("scheduled", issue.number)]}
    issue.state, issue.sent_at, delivery.state = IssueState.SENT, late, DeliveryState.SENT
    session.flush()
    assert month(session, issue) == {TUESDAY: [("sent", issue.number)]}


def test_the_weeks_of_the_rhythm_stand_in_the_calendar(session: Session, issue: Issue) -> None:
    today = datetime.now(ZoneInfo(issue.newsletter.timezone)).date()
    facts = {"weekday": (today.weekday() + 1) % 7, "at": time(9), "draft_days": 0, "draft_at": time(7)}
    set_rhythm(session, issue.newsletter, BY, **facts)
    first, second = (today + timedelta(days=days) for days in (1, 8))
    skip_week(session, issue.newsletter, second, BY)
    found = entries(session, issue.newsletter, today, second)
    shown = [(day, entry.kind, entry.is_meant) for day, listed in found.items() for entry in listed]
    assert sorted(shown) == [(first, "planned", False), (second, "skipped", True)]
    clear(session, issue.newsletter_id, second, BY)
    assert not any(coming.is_skipped for coming in coming_weeks(session, issue.newsletter, datetime.now(UTC)))


def test_a_day_of_the_rhythm_whose_issue_goes_on_another_is_not_planned_any_more(
    session: Session, issue: Issue
) -> None:
    today = datetime.now(ZoneInfo(issue.newsletter.timezone)).date()
    planned, gone = (today + timedelta(days=days) for days in (2, 3))
    set_rhythm(session, issue.newsletter, BY, weekday=planned.weekday(), at=time(9), draft_days=0, draft_at=time(7))
    mean(session, issue.newsletter_id, planned, Intent.PLANNED, BY, number=issue.number)
    issue.state = IssueState.SENDING
    session.add(
        Delivery(
            issue_id=issue.id,
            newsletter_id=issue.newsletter_id,
            state=DeliveryState.SCHEDULED,
            scheduled_at=datetime.combine(gone, time(12), UTC),
            by=BY,
        )
    )
    session.flush()
    assert list(entries(session, issue.newsletter, today, gone)) == [gone]


def aged(session: Session, minutes: int) -> None:
    passed = text(f"interval '{minutes} minutes'")
    session.execute(
        update(EditingTime).values(seen_at=func.clock_timestamp() - passed, opened_at=func.clock_timestamp() - passed)
    )


def test_time_counts_while_the_editor_is_there_and_pauses_do_not(session: Session, issue: Issue) -> None:
    ada = add_user(session, BY, Role.EDITOR, issue.newsletter_id)
    note_presence(session, issue, ada.id)
    aged(session, 4)
    note_presence(session, issue, ada.id)
    aged(session, 45)
    note_presence(session, issue, ada.id)
    (time,) = own_times(session, issue.newsletter_id, ada.id)
    assert (time.minutes, time.sent_at) == (4, None)
    assert median_minutes([time]) is None
    note_sent(session, issue.id)
    issue.state = IssueState.SENDING
    session.flush()
    (time,) = own_times(session, issue.newsletter_id, ada.id)
    assert time.sent_at is not None and time.sent_at > time.opened_at
    assert median_minutes([time]) == 4
    issue.state = IssueState.DRAFT
    session.flush()
    (time,) = own_times(session, issue.newsletter_id, ada.id)
    assert time.sent_at is None, "Send was undone"


def test_nobody_sees_the_times_of_another(session: Session, issue: Issue) -> None:
    ada = add_user(session, BY, Role.EDITOR, issue.newsletter_id)
    bo = add_user(session, "bo@example.org", Role.OWNER)
    note_presence(session, issue, ada.id)
    assert own_times(session, issue.newsletter_id, bo.id) == []


def test_looking_at_what_was_sent_takes_no_time(session: Session, issue: Issue) -> None:
    ada = add_user(session, BY, Role.EDITOR, issue.newsletter_id)
    issue.state = IssueState.SENT
    note_presence(session, issue, ada.id)
    assert session.scalar(select(func.count()).select_from(EditingTime)) == 0
