"""When a feed is asked again, and how it is doing. Pure: values and clocks are given, nothing is stored.

An hour between requests; doubled with every failure up to a day; never sooner than the site asks for.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from curator.sources.models import Source, SourceState

USUAL = timedelta(minutes=60)
LONGEST = timedelta(hours=24)
MOVES_BELIEVED = 3
"""Permanent redirects to the same place in a row after which a feed's address is changed."""

_HOPELESS_FAILURES = 10
_HOPELESS_AFTER = timedelta(days=30)


class Health(StrEnum):
    """How a source is doing, for people."""

    NEW = "new"
    GOOD = "good"
    FAILING = "failing"
    MUTED = "muted"
    GONE = "gone"


def health_of(source: Source) -> Health:
    """One word for a source; `source.last_error` says why it is failing."""
    if source.state is SourceState.MUTED:
        return Health.MUTED
    if source.state is SourceState.GONE:
        return Health.GONE
    if source.failures:
        return Health.FAILING
    return Health.GOOD if source.succeeded_at else Health.NEW


def delay(failures: int, asked: timedelta | None, fraction: float) -> timedelta:
    """Time until the next request after `failures` failures in a row. `fraction`, 0 to 1, spreads it by a tenth."""
    usual: timedelta = min(USUAL * 2 ** min(failures, 10), LONGEST)
    least = min(asked or timedelta(), LONGEST)
    longest: timedelta = max(usual, least)
    return longest * (1 + fraction / 10)


def asked_delay(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """What the site asks for: Retry-After (RFC 9110 10.2.3), else the max-age of Cache-Control (RFC 9111 5.2.2.1)."""
    after = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", after):
        return timedelta(seconds=int(after))
    if after:
        try:
            return max(parsedate_to_datetime(after) - now, timedelta())
        except (ValueError, TypeError):  # no date, or one without a zone
            return None
    age = re.search(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", headers.get("cache-control", "").lower())
    return timedelta(seconds=int(age.group(1))) if age else None


def is_hopeless(failures: int, last_good: datetime, now: datetime) -> bool:
    """Has a feed failed so often and for so long that asking again is a waste?"""
    return failures >= _HOPELESS_FAILURES and now - last_good > _HOPELESS_AFTER


def one_per_host(due: Iterable[tuple[int, str]], limit: int) -> list[int]:
    """Of (id, address key) pairs in order of urgency, the first of each host, at most `limit` ids."""
    chosen: dict[str, int] = {}
    for number, key in due:
        chosen.setdefault(key.partition("/")[0], number)
    return list(chosen.values())[:limit]
