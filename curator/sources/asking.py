"""One look at a feed over the network: what it answered, or why there is nothing to read. Touches no row.

A page where a feed was expected is no dead end: the first feed it names is asked instead (autodiscovery).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from curator.errors import CuratorError, FetchFailed, Invalid, NotAFeed
from curator.settings import Settings
from curator.sources.effort import TookTooLong, bounded_effort
from curator.sources.entries import Feed
from curator.sources.feed import read_feed
from curator.sources.fetch import Fetched, fetch
from curator.sources.identity import address_key, checked_address

ACCEPTED = (
    "application/atom+xml,application/rss+xml,application/feed+json,application/rdf+xml;q=0.9,"
    "application/xml;q=0.8,text/xml;q=0.8,application/json;q=0.7,text/html;q=0.5,*/*;q=0.1"
)


@dataclass(frozen=True)
class Answer:
    """What came back. `feed` is None when nothing changed or nothing could be read; then `failure` says why.

    `address` is where the feed is, seen from now: behind permanent redirects, or where a page says it is.
    """

    address: str
    fetched: Fetched | None = None
    feed: Feed | None = None
    failure: CuratorError | None = None


def ask(address: str, settings: Settings, conditions: Mapping[str, str], known_hash: bytes | None = None) -> Answer:
    """One GET. An answer with the bytes of `known_hash` is not read again."""
    fetched: Fetched | None = None
    try:
        fetched = fetch(address, settings=settings, accept=ACCEPTED, headers=conditions)
        if fetched.status == 304 or (fetched.status == 200 and hash_of(fetched) == known_hash):
            return Answer(address, fetched)
        feed = _read(fetched)
    except FetchFailed as failure:
        return Answer(address, fetched, failure=failure)
    return Answer(fetched.moved_to or address, fetched, feed)


def find(address: str, settings: Settings, refuse: Callable[[str], None]) -> Answer:
    """The feed at `address`, or the first one the page there names. `refuse` raises for a named one not wanted."""
    answer = ask(address, settings, {})
    if not isinstance(answer.failure, NotAFeed):
        return answer
    named = [
        there for there in answer.failure.facts.get("alternates", []) if address_key(there) != address_key(address)
    ]
    if not named:
        return answer
    try:
        there = checked_address(named[0])
        refuse(there)
    except (Invalid, CuratorError) as refusal:
        return Answer(address, answer.fetched, failure=refusal)
    found = ask(there, settings, {})
    if found.failure is None:
        return found
    message = f"The page names a feed that cannot be read ({there[:200]}): {found.failure.message}"
    return Answer(address, found.fetched, failure=type(found.failure)(message, **found.failure.facts))


def hash_of(fetched: Fetched) -> bytes:
    """By which the same body is known again, where a site gives no validators."""
    return hashlib.sha256(fetched.body).digest()


def _read(fetched: Fetched) -> Feed:
    body = _expected(fetched)
    try:
        with bounded_effort():
            return read_feed(body, fetched.content_type, fetched.address)
    except TookTooLong:
        raise FetchFailed("The feed takes too long to read. Use one that holds the latest entries only.") from None


def _expected(fetched: Fetched) -> bytes:
    if fetched.status == 410:
        raise FetchFailed("The feed was removed for good (410).", status=410)
    if fetched.status != 200:
        reason = _REASONS.get(fetched.status, "instead of the feed")
        raise FetchFailed(f"The site answers with status {fetched.status} {reason}.", status=fetched.status)
    return fetched.body


_REASONS = {
    401: "and wants a password",
    403: "and does not let us read the feed",
    404: "because there is nothing at this address",
    429: "and asks us to come back later",
    503: "because it is overloaded or being repaired",
}
