from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import Invalid
from curator.sources.dates import as_published, find_date, offset_minutes, read_date, read_feed_date, zone_named
from curator.sources.models import Article

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("dinsdag, 11 februari 2025 om 14:56", "nl", "2025-02-11T14:56:00+01:00"),
        ("Gepubliceerd op 3 augustus 2025, 9.05 uur", "nl", "2025-08-03T09:05:00+02:00"),
        ("1 mrt. 2025", "nl", "2025-03-01T00:00:00+01:00"),
        ("11.02.2025, 14:56 Uhr", "de", "2025-02-11T14:56:00+01:00"),
        ("11. März 2025 um 8:00", "de", "2025-03-11T08:00:00+01:00"),
        ("le 11 février 2025 à 14h56", "fr", "2025-02-11T14:56:00+01:00"),
        ("March 3rd, 2025 at 2:05 PM EST", "en", "2025-03-03T14:05:00-05:00"),
        ("3 March 2025 12:30 am", "en", "2025-03-03T00:30:00+01:00"),
        ("2025-02-11 14:56:07 +05:30", "en", "2025-02-11T14:56:07+05:30"),
        ("03-02-2025 10:00", "nl", "2025-02-03T10:00:00+01:00"),
        ("2025/02/03 10:00", "en", "2025-02-03T10:00:00+01:00"),
        ("13/02/2025", "en", "2025-02-13T00:00:00+01:00"),
        ("02/13/2025", "en", "2025-02-13T00:00:00+01:00"),
    ],
)
def test_dates_as_people_write_them(text: str, language: str, expected: str) -> None:
    found = find_date(text, AMSTERDAM, language)
    assert found is not None
    assert found.at.isoformat() == expected


@pytest.mark.parametrize(
    "text", ["3/4/2025", "31 februari 2025", "versie 1.2.2025.4", "1 jan 0001", "45 maart 2025", "12 monkeys 1995", ""]
)
def test_what_is_no_date_or_can_be_read_in_two_ways_is_none(text: str) -> None:
    assert find_date(text, AMSTERDAM, "en") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-02-11T14:56:00Z", "2025-02-11T14:56:00+00:00"),
        ("2025-02-11T14:56:00.1234567+0100", "2025-02-11T14:56:00.123456+01:00"),
        ("2025-02-11 14:56:00 +0100", "2025-02-11T14:56:00+01:00"),
        ("Tue, 11 Feb 2025 14:56:00 CET", "2025-02-11T14:56:00+01:00"),
        ("Tue, 11 Feb 2025 14:56:00 CEST", "2025-02-11T14:56:00+02:00"),
        ("Tue, 11 Feb 2025 14:56:00 -0330", "2025-02-11T14:56:00-03:30"),
        ("11 Feb 2025 14:56 EST", "2025-02-11T14:56:00-05:00"),
        ("2025-02-11", "2025-02-11T00:00:00+00:00"),
    ],
)
def test_dates_of_feeds_keep_their_offset(value: str, expected: str) -> None:
    read = read_feed_date(value)
    assert read is not None
    assert read.isoformat() == expected


@pytest.mark.parametrize(
    "value", ["", "gisteren", "0001-01-01T00:00:00Z", "9999-12-31", "Tue, 99 Feb 2025 14:56:00 GMT"]
)
def test_placeholders_and_words_are_no_dates(value: str) -> None:
    assert read_date(value, AMSTERDAM, "nl") is None


def test_another_language_is_read_with_the_language_given() -> None:
    read = read_date("11 de febrero de 2025 14:56", AMSTERDAM, "es")
    assert read is not None
    assert (read.month, read.day) == (2, 11)


@given(st.text(max_size=120))
def test_no_text_breaks_the_reading(text: str) -> None:
    read = read_date(text, AMSTERDAM, "en")
    assert read is None or read.tzinfo is not None


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="Europe/Amsterdam"):
        zone_named("Mars/Olympus")


def test_the_offset_survives_the_database() -> None:
    at = datetime(2025, 2, 11, 14, 56, tzinfo=AMSTERDAM)
    article = Article(published_at=at.astimezone(UTC), published_offset=offset_minutes(at))
    published = as_published(article)
    assert published is not None
    assert published.isoformat() == "2025-02-11T14:56:00+01:00"
    assert published.utcoffset() == timedelta(hours=1)
    assert as_published(Article(published_at=None)) is None
