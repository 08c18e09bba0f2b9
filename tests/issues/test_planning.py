"""Recurring issues: made once when it is time, skipped and brought back, a skipped draft waiting for the next week."""

import threading
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.db.session import transaction
from curator.errors import Conflict, Invalid, NotFound
from curator.issues import planning
from curator.issues.calendar import CalendarDay, Intent, clear, mean, meant
from curator.issues.compose import add_item, create_issue, get_issue
from curator.issues.models import Issue, IssueState, Newsletter
from curator.issues.newsletters import change_newsletter
from curator.issues.planning import (
    bring_back_week,
    coming_weeks,
    make_due,
    set_rhythm,
    skip_week,
    stop_rhythm,
)
from curator.sources.models import Triage
from tests.issues.rows import a_newsletter, an_article

NOW = datetime(2026, 11, 25, 11, tzinfo=UTC)
"""A Wednesday: the draft for Thursday is due since Tuesday."""
DEADLINE = datetime(2026, 11, 26, 8, tzinfo=UTC)
THURSDAY, NEXT_THURSDAY = date(2026, 11, 26), date(2026, 12, 3)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return NOW

    monkeypatch.setattr(planning, "datetime", Stopped)


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return a_newsletter(session)


def _every_thursday(session: Session, newsletter: Newsletter, **changes: object) -> None:
    facts = {"weekday": 3, "at": time(9), "draft_days": 2, "draft_at": time(7), **changes}
    set_rhythm(session, newsletter, "owner@example.org", **facts)  # type: ignore[arg-type]


def _issues(session: Session) -> list[Issue]:
    return list(session.scalars(select(Issue).order_by(Issue.number)))


def test_the_issue_of_the_week_is_made_once_with_its_deadline_and_the_stars(
    session: Session, newsletter: Newsletter
) -> None:
    an_article(session, newsletter, "star", triage=Triage.STARRED)
    _every_thursday(session, newsletter)
    (issue_id,) = make_due(session, NOW)
    issue = get_issue(session, issue_id)
    assert issue.due_at == datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert [item.title for item in issue.sections[0].items] == ["Over star"]
    assert issue.opened_at is None
    assert make_due(session, NOW) == make_due(session, NOW + timedelta(hours=20)) == []
    assert len(_issues(session)) == 1


def test_nothing_is_made_before_its_time_or_for_the_past(session: Session, newsletter: Newsletter) -> None:
    _every_thursday(session, newsletter)
    after_thursday = datetime(2026, 11, 27, tzinfo=UTC)
    assert make_due(session, datetime(2026, 11, 24, 5, 59, 59, tzinfo=UTC)) == []
    assert make_due(session, after_thursday) == []
    assert len(make_due(session, datetime(2026, 12, 1, 6, tzinfo=UTC))) == 1
    assert _issues(session)[0].due_at == datetime(2026, 12, 3, 8, tzinfo=UTC)


def test_without_assembling_the_draft_is_empty(session: Session, newsletter: Newsletter) -> None:
    an_article(session, newsletter, "star", triage=Triage.STARRED)
    _every_thursday(session, newsletter, assembles=False)
    (issue_id,) = make_due(session, NOW)
    assert not any(section.items for section in get_issue(session, issue_id).sections)


def test_a_draft_made_by_hand_becomes_the_issue_of_the_week(session: Session, newsletter: Newsletter) -> None:
    by_hand = create_issue(session, newsletter.id, "Mine")
    add_item(session, by_hand.id, an_article(session, newsletter, "mine").id, "Kort")
    an_article(session, newsletter, "star", triage=Triage.STARRED)
    _every_thursday(session, newsletter)
    assert make_due(session, NOW) == [by_hand.id]
    fresh = get_issue(session, by_hand.id)
    assert sum(len(section.items) for section in fresh.sections) == 1
    assert fresh.due_at is not None


def test_a_skipped_week_has_no_issue_and_comes_back(session: Session, newsletter: Newsletter) -> None:
    _every_thursday(session, newsletter)
    assert skip_week(session, newsletter, None, "ada@example.org").day == THURSDAY
    assert make_due(session, NOW) == []
    first, second, _third = coming_weeks(session, newsletter, NOW)
    assert (first.is_skipped, first.skipped_by, second.is_skipped) == (True, "ada@example.org", False)
    skip_week(session, newsletter, THURSDAY, "ben@example.org")
    assert coming_weeks(session, newsletter, NOW)[0].skipped_by == "ada@example.org"
    assert bring_back_week(session, newsletter, None, "ada@example.org").day == THURSDAY
    assert len(make_due(session, NOW)) == 1
    assert not coming_weeks(session, newsletter, NOW)[0].is_skipped


def test_the_draft_of_a_skipped_week_waits_for_the_next(session: Session, newsletter: Newsletter) -> None:
    _every_thursday(session, newsletter)
    (issue_id,) = make_due(session, NOW)
    skip_week(session, newsletter, THURSDAY, "ada@example.org")
    assert get_issue(session, issue_id).due_at is None
    bring_back_week(session, newsletter, THURSDAY, "ada@example.org")
    assert get_issue(session, issue_id).due_at == datetime(2026, 11, 26, 8, tzinfo=UTC)
    skip_week(session, newsletter, THURSDAY, "ada@example.org")
    assert make_due(session, datetime(2026, 12, 2, tzinfo=UTC)) == [issue_id]
    assert get_issue(session, issue_id).due_at == datetime(2026, 12, 3, 8, tzinfo=UTC)


def test_a_week_whose_issue_is_on_its_way_cannot_be_skipped(session: Session, newsletter: Newsletter) -> None:
    _every_thursday(session, newsletter)
    (issue_id,) = make_due(session, NOW)
    get_issue(session, issue_id).state = IssueState.SENT
    session.flush()
    with pytest.raises(Conflict, match="on its way"):
        skip_week(session, newsletter, THURSDAY, "ada@example.org")
    assert skip_week(session, newsletter, None, "ada@example.org").day == NEXT_THURSDAY


def test_another_weekday_takes_the_open_draft_along(session: Session, newsletter: Newsletter) -> None:
    _every_thursday(session, newsletter)
    (issue_id,) = make_due(session, NOW)
    _every_thursday(session, newsletter, weekday=4, at=time(16))
    assert get_issue(session, issue_id).due_at == datetime(2026, 11, 27, 15, tzinfo=UTC)
    assert make_due(session, NOW) == []
    assert coming_weeks(session, newsletter, NOW)[0].issue is get_issue(session, issue_id)


def test_a_rhythm_that_is_stopped_makes_nothing(session: Session, newsletter: Newsletter) -> None:
    _every_thursday(session, newsletter)
    stop_rhythm(session, newsletter, "owner@example.org")
    assert make_due(session, NOW) == []
    assert coming_weeks(session, newsletter, NOW) == []
    with pytest.raises(NotFound):
        skip_week(session, newsletter, None, "ada@example.org")


@pytest.mark.parametrize(
    ("day", "error"),
    [(date(2026, 11, 27), Invalid), (date(2026, 11, 19), Conflict), (date(2028, 1, 6), Invalid)],
)
def test_days_that_cannot_be_skipped(
    session: Session, newsletter: Newsletter, day: date, error: type[Exception]
) -> None:
    _every_thursday(session, newsletter)
    with pytest.raises(error):
        skip_week(session, newsletter, day, "ada@example.org")


def test_one_newsletter_that_is_refused_does_not_keep_the_others_waiting(
    session: Session, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = a_newsletter(session, "other")
    for each in (newsletter, other):
        _every_thursday(session, each)

    def refuse(session: Session, issue_id: int) -> None:
        if get_issue(session, issue_id).newsletter_id == newsletter.id:
            raise Conflict("Not now.")

    monkeypatch.setattr(planning, "assemble", refuse)
    assert [get_issue(session, made).newsletter_id for made in make_due(session, NOW)] == [other.id]
    monkeypatch.undo()
    assert [get_issue(session, made).newsletter_id for made in make_due(session, NOW)] == [newsletter.id]


def test_a_day_skipped_in_the_calendar_is_a_week_without_issue(session: Session, newsletter: Newsletter) -> None:
    _every_thursday(session, newsletter)
    mean(session, newsletter.id, THURSDAY, Intent.SKIPPED, "ada@example.org", note="Feestdag")
    assert make_due(session, NOW) == []
    first = coming_weeks(session, newsletter, NOW)[0]
    assert (first.is_skipped, first.skipped_by, first.note) == (True, "ada@example.org", "Feestdag")
    bring_back_week(session, newsletter, THURSDAY, "ben@example.org")
    assert meant(session, newsletter.id, THURSDAY, THURSDAY) == []
    assert len(make_due(session, NOW)) == 1


def test_the_calendar_skips_and_brings_back_the_draft_that_was_made(session: Session, newsletter: Newsletter) -> None:
    _every_thursday(session, newsletter)
    (issue_id,) = make_due(session, NOW)
    mean(session, newsletter.id, THURSDAY, Intent.SKIPPED, "ada@example.org")
    assert get_issue(session, issue_id).due_at is None
    clear(session, newsletter.id, THURSDAY, "ada@example.org")
    assert get_issue(session, issue_id).due_at == DEADLINE
    assert coming_weeks(session, newsletter, NOW)[0].issue is get_issue(session, issue_id)
    assert make_due(session, NOW) == []
    mean(session, newsletter.id, THURSDAY, Intent.SKIPPED, "ada@example.org")
    mean(session, newsletter.id, THURSDAY, Intent.PLANNED, "ada@example.org", note="Toch")
    assert get_issue(session, issue_id).due_at == DEADLINE
    get_issue(session, issue_id).state = IssueState.SENDING
    session.flush()
    with pytest.raises(Conflict, match="on its way"):
        mean(session, newsletter.id, THURSDAY, Intent.SKIPPED, "ada@example.org")


def test_a_skipped_week_whose_draft_went_on_another_day_comes_back_without_it(
    session: Session, newsletter: Newsletter
) -> None:
    _every_thursday(session, newsletter)
    (issue_id,) = make_due(session, NOW)
    skip_week(session, newsletter, THURSDAY, "ada@example.org")
    get_issue(session, issue_id).state = IssueState.SENT
    session.flush()
    with pytest.raises(Conflict, match="on its way"):
        mean(session, newsletter.id, THURSDAY, Intent.PLANNED, "ada@example.org")
    bring_back_week(session, newsletter, THURSDAY, "ada@example.org")
    (another,) = make_due(session, NOW)
    assert another != issue_id


def test_a_draft_planned_for_a_day_of_the_rhythm_becomes_its_issue(session: Session, newsletter: Newsletter) -> None:
    planned, other = (create_issue(session, newsletter.id, subject) for subject in ("Planned", "Other"))
    later = create_issue(session, newsletter.id, "For the week after")
    mean(session, newsletter.id, NEXT_THURSDAY, Intent.PLANNED, "ada@example.org", number=later.number)
    mean(session, newsletter.id, THURSDAY, Intent.PLANNED, "ada@example.org", number=planned.number)
    _every_thursday(session, newsletter)
    assert make_due(session, NOW) == [planned.id]
    assert make_due(session, NOW) == []
    assert (get_issue(session, planned.id).due_at, get_issue(session, other.id).due_at) == (DEADLINE, None)
    mean(session, newsletter.id, THURSDAY, Intent.PLANNED, "ada@example.org", number=other.number)
    assert (get_issue(session, planned.id).due_at, get_issue(session, other.id).due_at) == (None, DEADLINE)
    assert make_due(session, NOW) == []


@pytest.mark.parametrize("way", ["clear", "skip", "another"])
def test_a_plan_that_is_taken_back_takes_its_deadline_along(session: Session, newsletter: Newsletter, way: str) -> None:
    _every_thursday(session, newsletter)
    planned, other = (create_issue(session, newsletter.id, subject) for subject in ("Planned", "Other"))
    mean(session, newsletter.id, NEXT_THURSDAY, Intent.PLANNED, "ada@example.org", number=planned.number)
    assert get_issue(session, planned.id).due_at == DEADLINE + timedelta(days=7)
    if way == "clear":
        clear(session, newsletter.id, NEXT_THURSDAY, "ada@example.org")
    else:
        intent, number = (Intent.SKIPPED, None) if way == "skip" else (Intent.PLANNED, other.number)
        mean(session, newsletter.id, NEXT_THURSDAY, intent, "ada@example.org", number=number)
    assert get_issue(session, planned.id).due_at is None


def test_a_draft_planned_for_a_later_week_is_not_taken_for_this_one(session: Session, newsletter: Newsletter) -> None:
    later = create_issue(session, newsletter.id, "For the week after")
    mean(session, newsletter.id, NEXT_THURSDAY, Intent.PLANNED, "ada@example.org", number=later.number)
    _every_thursday(session, newsletter)
    (made,) = make_due(session, NOW)
    assert made != later.id


def test_an_issue_moved_to_another_day_takes_its_deadline_along_and_leaves_a_skip(
    session: Session, newsletter: Newsletter
) -> None:
    _every_thursday(session, newsletter)
    (issue_id,) = make_due(session, NOW)
    number = get_issue(session, issue_id).number
    friday = THURSDAY + timedelta(days=1)
    mean(session, newsletter.id, friday, Intent.PLANNED, "ada@example.org", number=number)
    assert get_issue(session, issue_id).due_at == DEADLINE + timedelta(days=1)
    assert make_due(session, NOW) == []
    first = coming_weeks(session, newsletter, NOW)[0]
    assert (first.is_skipped, first.note) == (True, f"Issue {number} moved to {friday}")


def test_a_deadline_follows_the_newsletters_zone_unless_somebody_gave_another(
    session: Session, newsletter: Newsletter
) -> None:
    _every_thursday(session, newsletter)
    (issue_id,) = make_due(session, NOW)
    own = create_issue(session, newsletter.id, "Its own deadline")
    own.due_at = DEADLINE + timedelta(minutes=5)
    change_newsletter(session, newsletter, "owner@example.org", timezone="America/New_York")
    assert get_issue(session, issue_id).due_at == DEADLINE + timedelta(hours=6)
    assert own.due_at == DEADLINE + timedelta(minutes=5)
    assert coming_weeks(session, newsletter, NOW)[0].week.due_at == get_issue(session, issue_id).due_at


def test_two_tasks_at_once_make_one_issue(committed: Session) -> None:
    newsletter = a_newsletter(committed)
    an_article(committed, newsletter, "star", triage=Triage.STARRED)
    _every_thursday(committed, newsletter)
    committed.commit()
    together, made = threading.Barrier(3), []

    def run() -> None:
        together.wait()
        with transaction() as session:
            made.extend(make_due(session, NOW))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert committed.scalar(select(func.count()).select_from(Issue)) == 1
    assert committed.scalar(select(func.count()).select_from(CalendarDay)) == 1
