"""Weeks follow the clock of the newsletter's zone, through both changes of summer time and across years."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from curator.errors import Invalid
from curator.issues.rhythm import Beat, time_of, week_of, weekday_named, weeks_after

THURSDAY = Beat(3, time(9), 2, time(7), "Europe/Amsterdam")


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


def test_the_next_weeks_and_the_moments_of_their_drafts() -> None:
    first, second = weeks_after(THURSDAY, _utc(2026, 11, 25, 12), 2)
    assert (first.day, first.due_at, first.draft_at) == (
        date(2026, 11, 26),
        _utc(2026, 11, 26, 8),
        _utc(2026, 11, 24, 6),
    )
    assert second.day == date(2026, 12, 3)


def test_what_is_due_this_very_moment_is_not_to_come() -> None:
    assert weeks_after(THURSDAY, _utc(2026, 11, 26, 8), 1)[0].day == date(2026, 12, 3)
    assert weeks_after(THURSDAY, _utc(2026, 11, 26, 7, 59, 59), 1)[0].day == date(2026, 11, 26)


def test_nine_oclock_stays_nine_oclock_when_summer_time_ends_and_begins() -> None:
    autumn = [week.due_at for week in weeks_after(THURSDAY, _utc(2026, 10, 20), 2)]
    assert autumn == [_utc(2026, 10, 22, 7), _utc(2026, 10, 29, 8)]
    spring = [week.due_at for week in weeks_after(THURSDAY, _utc(2027, 3, 23), 2)]
    assert spring == [_utc(2027, 3, 25, 8), _utc(2027, 4, 1, 7)]


def test_a_time_the_clock_skips_or_shows_twice_is_one_moment() -> None:
    night = Beat(6, time(2, 30), 0, time(2, 30), "Europe/Amsterdam")
    assert week_of(night, date(2027, 3, 28)).due_at == _utc(2027, 3, 28, 1, 30)
    assert week_of(night, date(2026, 10, 25)).due_at == _utc(2026, 10, 25, 0, 30)


def test_the_day_is_the_zones_day_far_from_greenwich() -> None:
    auckland = Beat(0, time(6), 0, time(5), "Pacific/Auckland")
    week = weeks_after(auckland, _utc(2026, 11, 22, 16), 1)[0]
    assert (week.day, week.due_at) == (date(2026, 11, 23), _utc(2026, 11, 22, 17))


def test_a_draft_is_never_made_after_its_issue_is_due() -> None:
    week = weeks_after(Beat(3, time(9), 0, time(18), "Europe/Amsterdam"), _utc(2026, 11, 25), 1)[0]
    assert week.draft_at == week.due_at


@given(
    weekday=some.integers(0, 6),
    at=some.times().map(lambda t: t.replace(second=0, microsecond=0)),
    zone=some.sampled_from(["Europe/Amsterdam", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC"]),
    now=some.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda t: t.replace(tzinfo=UTC)),
)
def test_weeks_are_seven_days_apart_on_the_same_weekday_and_none_is_left_out(
    weekday: int, at: time, zone: str, now: datetime
) -> None:
    beat = Beat(weekday, at, 2, time(7), zone)
    weeks = weeks_after(beat, now, 3)
    assert [week.day - weeks[0].day for week in weeks] == [timedelta(days=7 * n) for n in range(3)]
    assert {week.day.weekday() for week in weeks} == {weekday}
    assert now < weeks[0].due_at <= now + timedelta(days=7, hours=3)
    assert all(week.due_at.astimezone(ZoneInfo(zone)).date() == week.day for week in weeks)
    assert all(week.draft_at <= week.due_at for week in weeks)
    assert week_of(beat, weeks[1].day) == weeks[1]


def test_words_for_days_and_times() -> None:
    assert [weekday_named(name) for name in ("monday", "Thursday", " SUN ")] == [0, 3, 6]
    assert time_of(" 09:05 ") == time(9, 5)
    for name in ("", "t", "someday"):
        with pytest.raises(Invalid):
            weekday_named(name)
    for text in ("9 o'clock", "25:00", "09:00+01:00", ""):
        with pytest.raises(Invalid):
            time_of(text)
    with pytest.raises(Invalid):
        week_of(THURSDAY, date(2026, 11, 25))
