"""Dates as people and machines write them, with the offset they were published with.

Pure. Never guesses: a date that can be read in two ways (03/04 in English) is no date.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from curator.errors import Invalid
from curator.sources.models import Article

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januari january januar janvier jan janv jänner",
            "februari february februar février fevrier feb févr fév febr",
            "maart march märz maerz mars mrt mar mär",
            "april avril apr avr",
            "mei may mai",
            "juni june juin jun",
            "juli july juillet jul juil",
            "augustus august août aout aug",
            "september septembre sep sept",
            "oktober october octobre okt oct",
            "november novembre nov",
            "december dezember décembre decembre dec dez déc",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONES = {  # minutes east of UTC; feedparser and the mail parser read most of these as UTC
    **{"z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "mez": 60, "met": 60},
    **{"cest": 120, "mesz": 120, "mest": 120, "eet": 120, "eest": 180, "msk": 180, "jst": 540},
    **{"est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420},
}
_NAMED = r"(?P<d1>\d{1,2})(?:\.|e|er|st|nd|rd|th)?\s+(?:de\s+|of\s+)?(?P<m1>[^\W\d_]{3,10})\.?,?\s+(?P<y1>\d{4})"
_MONTH_FIRST = r"(?P<m2>[^\W\d_]{3,10})\.?\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y2>\d{4})"
_ISO = r"(?P<y3>\d{4})(?P<dash>[-/])(?P<m3>\d{1,2})(?P=dash)(?P<d3>\d{1,2})"
_NUMBERS = r"(?P<d4>\d{1,2})(?P<dot>[-/.])(?P<m4>\d{1,2})(?P=dot)(?P<y4>\d{4})"
_TIME = (
    r"(?:\s*(?:[,|·•–—-]|T(?=\d))?\s*(?:\b(?:om|at|um|à|a|kl)\b\s*)?(?P<hour>\d{1,2})[:.hH](?P<minute>\d{2})(?!\d)"
    r"(?::(?P<second>\d{2})(?:\.\d+)?)?\s*(?P<half>[ap]\.?m\b\.?)?(?:\s*(?:uur|uhr|h)\b)?"
    r"(?:\s*\(?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[A-Z]{3,4})\b\)?)?)?"
)
_WRITTEN = re.compile(rf"(?<![\w/-])(?:{_NAMED}|{_MONTH_FIRST}|{_ISO}|{_NUMBERS})(?!\d){_TIME}", re.IGNORECASE)


class Written(NamedTuple):
    """A date found in running text and where it stood."""

    at: datetime
    start: int
    end: int


def zone_named(name: str) -> tzinfo:
    """The time zone of a newsletter, as in `Europe/Amsterdam`; `Invalid` when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"There is no time zone {name!r}. Use a name such as Europe/Amsterdam.") from error


def find_date(text: str, zone: tzinfo, language: str = "") -> Written | None:
    """The first date written out in Dutch, English, German, French, ISO 8601 or numbers; local times are in `zone`."""
    for match in _WRITTEN.finditer(text[:400]):
        at = _from_match(match, zone, language)
        if at:
            return Written(at, match.start(), match.end())
    return None


def read_date(value: str, zone: tzinfo, language: str = "") -> datetime | None:
    """A value that is a date and nothing else: ISO 8601, RFC 5322, or written out. None when it is not."""
    value = value.strip()[:80]
    read = _iso(value, zone) or _mail(value, zone)
    if read:
        return _plausible(read)
    written = find_date(value, zone, language)
    return written.at if written else _other_language(value, zone, language)


def read_feed_date(value: str) -> datetime | None:
    """A feed's date (RFC 822, RFC 3339 and their misspellings) with its offset; without one it is UTC."""
    return read_date(value, UTC)


def offset_minutes(at: datetime | None) -> int | None:
    """Minutes east of UTC of an aware time, as kept in `article.published_offset`."""
    offset = at.utcoffset() if at else None
    return None if offset is None else int(offset.total_seconds() // 60)


def as_published(article: Article) -> datetime | None:
    """The article's time with the offset it was published with; the database gives it back in another zone."""
    if article.published_at is None:
        return None
    return article.published_at.astimezone(timezone(timedelta(minutes=article.published_offset or 0)))


def _from_match(match: re.Match[str], zone: tzinfo, language: str) -> datetime | None:
    parts = match.groupdict()
    kind = next(n for n in "1234" if parts[f"d{n}"])
    day, year = int(parts[f"d{kind}"]), int(parts[f"y{kind}"])
    month = _month(parts[f"m{kind}"])
    if kind == "4" and language == "en":  # 3/4/2025 is March or April: only a day above 12 tells
        if day <= 12 and month <= 12 and day != month:
            return None
        if month > 12:
            day, month = month, day
    try:
        return _plausible(datetime(year, month, day, *_clock(parts), tzinfo=_zone(parts["zone"], zone)))
    except ValueError:
        return None


def _month(word: str) -> int:
    return int(word) if word.isdigit() else _MONTHS.get(word.lower(), 0)


def _clock(parts: dict[str, str | None]) -> tuple[int, int, int]:
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if half := (parts["half"] or "").lower()[:1]:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour, minute, second


def _zone(name: str | None, otherwise: tzinfo) -> tzinfo:
    if not name:
        return otherwise
    if name[0] in "+-":
        minutes = int(name[1:3]) * 60 + int(name[-2:])
        return timezone(timedelta(minutes=-minutes if name[0] == "-" else minutes))
    known = _ZONES.get(name.lower())
    return otherwise if known is None else timezone(timedelta(minutes=known))


def _iso(value: str, zone: tzinfo) -> datetime | None:
    try:
        read = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d{2}:?\d{2}$|Z$)", "", value))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _mail(value: str, zone: tzinfo) -> datetime | None:
    """RFC 5322 section 3.3, with zone names that its own obsolete list lacks."""
    if not re.search(r"\d{4}.+\d:\d\d", value) or not (parsed := parsedate_tz(value)):
        return None
    name = re.search(r"([A-Za-z]{1,5})$", value)
    try:
        if name and name.group(1).lower() in _ZONES:
            return datetime(*parsed[:6], tzinfo=_zone(name.group(1), zone))
        offset = parsed[9]
        return datetime(*parsed[:6], tzinfo=zone if offset is None else timezone(timedelta(seconds=offset)))
    except ValueError:
        return None


def _other_language(value: str, zone: tzinfo, language: str) -> datetime | None:
    """The general parser, which is slow and guesses unless language and order of the numbers are given."""
    if not language or not re.search(r"\b(?:19|20)\d\d\b", value) or re.search(r"\d[/.-]\d", value):
        return None
    import dateparser

    try:
        read = dateparser.parse(
            value, languages=[language], settings={"DATE_ORDER": "DMY", "STRICT_PARSING": True, "PARSERS": _PARSERS}
        )
    except ValueError:  # a language it does not know
        return None
    if read is None:
        return None
    return _plausible(read if read.tzinfo else read.replace(tzinfo=zone))


_PARSERS = ["absolute-time"]


def _plausible(at: datetime) -> datetime | None:
    """Placeholders such as year 1 or 9999 are no dates of articles."""
    return at if 1990 <= at.year <= 2100 else None
