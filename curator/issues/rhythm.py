"""The weeks of a newsletter: on which day, at which moment, and when the draft of that week is made. Pure.

Times are of the clock in the newsletter's zone, so 09:00 stays 09:00 when summer time begins or ends. A time the clock
skips is the moment after the gap's length; of one it shows twice the first counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from curator.errors import Invalid

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Beat:
    """A rhythm's facts. `weekday` 0 is Monday; the draft is made `draft_days` days before, at `draft_at`."""

    weekday: int
    at: time
    draft_days: int
    draft_at: time
    zone: str


@dataclass(frozen=True)
class Week:
    """One issue to come: its day in the zone, when it is due and when its draft is made, both in UTC."""

    day: date
    due_at: datetime
    draft_at: datetime


def weeks_after(beat: Beat, now: datetime, count: int) -> list[Week]:
    """The next `count` weeks whose issue is not due yet."""
    return list(islice((week for week in _weeks(beat, now) if week.due_at > now), count))


def week_of(beat: Beat, day: date) -> Week:
    """The week whose issue comes out on this day; `Invalid` for a day that is none of the rhythm's."""
    if day.weekday() != beat.weekday:
        raise Invalid(f"{day} is no {WEEKDAYS[beat.weekday]}: no issue comes out on it.")
    return _week(beat, day)


def weekday_named(name: str) -> int:
    """The number of a weekday given by its English name, or the beginning of it."""
    wanted = name.strip().casefold()
    found = [number for number, known in enumerate(WEEKDAYS) if known.casefold().startswith(wanted)]
    if len(found) != 1 or len(wanted) < 2:
        raise Invalid(f"“{name}” is no weekday; give one like thursday.", field="weekday")
    return found[0]


def time_of(text: str, field: str = "at") -> time:
    """A time of the clock such as 09:00, without seconds."""
    try:
        given = time.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"“{text}” is no time; give one like 09:00.", field=field) from None
    if given.tzinfo is not None:
        raise Invalid("The time is of the clock in the newsletter's zone; leave the offset out.", field=field)
    return given.replace(second=0, microsecond=0)


def _weeks(beat: Beat, now: datetime) -> Iterator[Week]:
    today = now.astimezone(ZoneInfo(beat.zone)).date()
    day = today + timedelta(days=(beat.weekday - today.weekday()) % 7)
    while True:
        yield _week(beat, day)
        day += timedelta(days=7)


def _week(beat: Beat, day: date) -> Week:
    zone = ZoneInfo(beat.zone)
    due_at = _moment(day, beat.at, zone)
    return Week(day, due_at, min(due_at, _moment(day - timedelta(days=beat.draft_days), beat.draft_at, zone)))


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
