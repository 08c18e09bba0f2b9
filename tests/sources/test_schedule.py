from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from curator.sources.models import Source, SourceState
from curator.sources.schedule import Health, asked_delay, delay, health_of, is_hopeless, one_per_host

NOW = datetime(2025, 2, 11, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_an_hour_doubled_with_every_failure_up_to_a_day() -> None:
    assert [delay(n, None, 0) / HOUR for n in (0, 1, 2, 3, 4, 5, 500)] == [1, 2, 4, 8, 16, 24, 24]


def test_requests_are_spread() -> None:
    assert delay(0, None, 1) == timedelta(minutes=66)


def test_never_sooner_than_asked_and_never_later_than_a_day() -> None:
    assert delay(0, 5 * HOUR, 0) == 5 * HOUR
    assert delay(0, timedelta(minutes=5), 0) == HOUR
    assert delay(0, 100 * DAY, 0) == DAY


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({}, None),
        ({"retry-after": "7200"}, 2 * HOUR),
        ({"retry-after": format_datetime(NOW + 3 * HOUR, usegmt=True)}, 3 * HOUR),
        ({"retry-after": format_datetime(NOW - DAY, usegmt=True)}, timedelta()),
        ({"retry-after": "tomorrow", "cache-control": "max-age=60"}, None),
        ({"retry-after": "99999999999"}, None),
        ({"cache-control": "public, max-age=3600"}, HOUR),
        ({"cache-control": 'MAX-AGE="3600"'}, HOUR),
        ({"cache-control": "no-cache, s-maxage=3600"}, None),
    ],
)
def test_what_a_site_asks_for(headers: dict[str, str], asked: timedelta | None) -> None:
    assert asked_delay(headers, NOW) == asked


def test_hopeless_takes_many_failures_over_a_long_time() -> None:
    assert is_hopeless(10, NOW - 31 * DAY, NOW)
    assert not is_hopeless(9, NOW - 31 * DAY, NOW)
    assert not is_hopeless(50, NOW - 29 * DAY, NOW)


def test_one_per_host_in_order_of_urgency() -> None:
    due = [(1, "a.example.org/x"), (2, "a.example.org/y"), (3, "b.example.org"), (4, "c.example.org/z")]
    assert one_per_host(due, 10) == [1, 3, 4]
    assert one_per_host(due, 2) == [1, 3]


@pytest.mark.parametrize(
    ("state", "failures", "succeeded", "health"),
    [
        (SourceState.ACTIVE, 0, None, Health.NEW),
        (SourceState.ACTIVE, 0, NOW, Health.GOOD),
        (SourceState.ACTIVE, 1, NOW, Health.FAILING),
        (SourceState.MUTED, 3, NOW, Health.MUTED),
        (SourceState.GONE, 3, NOW, Health.GONE),
    ],
)
def test_health_in_one_word(state: SourceState, failures: int, succeeded: datetime | None, health: Health) -> None:
    assert health_of(Source(state=state, failures=failures, succeeded_at=succeeded)) is health
