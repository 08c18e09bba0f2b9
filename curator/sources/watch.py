"""Watching feeds: adding one, asking it again when it is due, turning its entries into articles.

Polite: conditional requests with validators from the last answer that parsed, Retry-After and max-age heeded, one
request per host at a time. The network comes first and without a lock: a source's row is read, the feed is fetched in
the open transaction (which holds no row), and only then is the row locked and written.
"""

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Text, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from curator.doorbell import ring
from curator.errors import Conflict, FetchFailed, NotAFeed, NotFound
from curator.settings import Settings
from curator.sources.entries import Entry, Feed
from curator.sources.extract import compose
from curator.sources.feed import read_feed
from curator.sources.fetch import Fetched, fetch
from curator.sources.identity import address_key, canonical_address, checked_address
from curator.sources.language import language_of
from curator.sources.markup import sanitise, text_of
from curator.sources.models import Article, CapturedBy, FetchState, Source, SourceState
from curator.sources.record import columns_of, insert_article, zone_of
from curator.sources.schedule import MOVES_BELIEVED, asked_delay, delay, is_hopeless, one_per_host

log = structlog.get_logger(__name__)

ACCEPTED = (
    "application/atom+xml,application/rss+xml,application/feed+json,application/rdf+xml;q=0.9,"
    "application/xml;q=0.8,text/xml;q=0.8,application/json;q=0.7,text/html;q=0.5,*/*;q=0.1"
)
MOST_NEW = 50
"""Entries of one answer that become articles, the newest; a feed may hold its whole archive."""

MOST_READ = 10
"""Pages behind short entries that are read after one refresh."""

_SHORT = 100  # words below which an entry is only the announcement of a page
_TAKEN_FOR = timedelta(minutes=10)


class Refreshed(NamedTuple):
    """What a refresh found. `seen` counts entries the feed holds; `error` is for a person."""

    new: int
    seen: int
    error: str | None


def add_source(session: Session, newsletter_id: int, address: str, settings: Settings) -> Source:
    """Watch the feed at `address`, or the one the page there names. One GET for each address.

    `NotAFeed`, `FetchFailed`, or `Conflict` when it is watched already. Its entries become articles at once.
    """
    zone_of(session, newsletter_id)  # NotFound for a newsletter that is not there
    fetched, feed, address = _find_feed(session, newsletter_id, checked_address(address), settings)
    values = {
        "newsletter_id": newsletter_id,
        "address": address,
        "address_key": address_key(address),
        "title": feed.title,
        "site_address": feed.site_address,
    }
    statement = insert(Source).values(values).on_conflict_do_nothing().returning(Source.id)
    number = session.scalar(statement)
    if number is None:
        raise _watched(address)
    source = session.get_one(Source, number)
    _note_success(source, fetched, _now(session))
    session.flush()
    _take_entries(session, source, feed)
    return source


def refresh_source(session: Session, source_id: int, settings: Settings) -> Refreshed:
    """Ask one feed for what is new. A failure is a value, kept on the source with the time of the next try."""
    source = session.get(Source, source_id, populate_existing=True)
    if source is None:
        raise NotFound(f"There is no source {source_id}.")
    body_hash, address = source.body_hash, source.address
    fetched: Fetched | None = None
    feed: Feed | None = None
    try:
        fetched = fetch(address, settings=settings, accept=ACCEPTED, headers=_conditions(source))
        if fetched.status != 304 and not (fetched.status == 200 and _hash(fetched) == body_hash):
            feed = read_feed(_expected(fetched), fetched.content_type, fetched.address)
    except FetchFailed as failure:
        _note_failure(_locked(session, source_id), fetched, failure.message, _now(session))
        session.flush()
        return Refreshed(0, 0, failure.message)
    source = _locked(session, source_id)
    _note_success(source, fetched, _now(session))
    _note_move(session, source, fetched)
    new, seen = _take_entries(session, source, feed) if feed else (0, 0)
    session.flush()
    return Refreshed(new, seen, None)


def due_sources(session: Session, limit: int = 20) -> list[int]:
    """Ids of feeds to ask now, one per host, the longest overdue first. Nobody else gets them for ten minutes."""
    statement = (
        select(Source.id, Source.address_key)
        .where(Source.state == SourceState.ACTIVE, Source.next_fetch_at <= func.now())
        .order_by(Source.next_fetch_at, Source.id)
        .limit(limit * 10)
        .with_for_update(skip_locked=True)
    )
    chosen = one_per_host(((number, key) for number, key in session.execute(statement)), limit)
    session.execute(update(Source).where(Source.id.in_(chosen)).values(next_fetch_at=func.now() + _TAKEN_FOR))
    return chosen


def list_sources(session: Session, newsletter_id: int) -> list[Source]:
    """The sources of a newsletter by title; `curator.sources.schedule.health_of` says how each is doing."""
    statement = select(Source).where(Source.newsletter_id == newsletter_id)
    return list(session.scalars(statement.order_by(func.lower(Source.title), Source.id)))


def _find_feed(session: Session, newsletter_id: int, address: str, settings: Settings) -> tuple[Fetched, Feed, str]:
    """The feed at `address` or the first one named there, and the address to watch it at."""
    try:
        return _fetch_feed(session, newsletter_id, address, settings)
    except NotAFeed as nothing:
        named = [there for there in nothing.facts.get("alternates", []) if address_key(there) != address_key(address)]
        if not named:
            raise
    return _fetch_feed(session, newsletter_id, checked_address(named[0]), settings)


def _fetch_feed(session: Session, newsletter_id: int, address: str, settings: Settings) -> tuple[Fetched, Feed, str]:
    _refuse_watched(session, newsletter_id, address)
    fetched = fetch(address, settings=settings, accept=ACCEPTED)
    return fetched, read_feed(_expected(fetched), fetched.content_type, fetched.address), fetched.moved_to or address


def _refuse_watched(session: Session, newsletter_id: int, address: str) -> None:
    same = select(Source.id).where(Source.newsletter_id == newsletter_id, Source.address_key == address_key(address))
    if session.scalar(same) is not None:
        raise _watched(address)


def _watched(address: str) -> Conflict:
    return Conflict("This newsletter watches that feed already.", address=address)


def _expected(fetched: Fetched) -> bytes:
    if fetched.status == 410:
        raise FetchFailed("The feed was removed for good (410).", status=410)
    if fetched.status != 200:
        raise FetchFailed(f"The site answers with status {fetched.status} instead of the feed.", status=fetched.status)
    return fetched.body


def _conditions(source: Source) -> dict[str, str]:
    """The validators as they were given, opaque (RFC 9110 section 13.1)."""
    given = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
    return {name: value for name, value in given.items() if value}


def _locked(session: Session, source_id: int) -> Source:
    statement = select(Source).where(Source.id == source_id).with_for_update()
    source = session.scalars(statement.execution_options(populate_existing=True)).first()
    if source is None:
        raise NotFound(f"There is no source {source_id}.")
    return source


def _note_success(source: Source, fetched: Fetched, now: datetime) -> None:
    """Both validators are replaced together, and only by an answer that parsed."""
    source.fetched_at = source.succeeded_at = now
    source.failures, source.last_error = 0, None
    if source.state is SourceState.GONE:
        source.state = SourceState.ACTIVE
    if fetched.status == 200:
        source.etag, source.last_modified = fetched.headers.get("etag"), fetched.headers.get("last-modified")
        source.body_hash = _hash(fetched)
    source.next_fetch_at = now + delay(0, asked_delay(fetched.headers, now), _fraction())


def _note_failure(source: Source, fetched: Fetched | None, message: str, now: datetime) -> None:
    source.fetched_at, source.last_error = now, message
    source.failures += 1
    is_gone = fetched is not None and fetched.status == 410
    if is_gone or is_hopeless(source.failures, source.succeeded_at or source.created_at, now):
        source.state = SourceState.GONE if source.state is SourceState.ACTIVE else source.state
    asked = asked_delay(fetched.headers, now) if fetched else None
    source.next_fetch_at = now + delay(source.failures, asked, _fraction())
    log.info("feed_failed", source_id=source.id, failures=source.failures)


def _note_move(session: Session, source: Source, fetched: Fetched) -> None:
    """A feed that says several times running that it moved for good is watched at its new address."""
    if fetched.moved_to is None:
        source.moved_to, source.moves_seen = None, 0
        return
    source.moves_seen = source.moves_seen + 1 if fetched.moved_to == source.moved_to else 1
    source.moved_to = fetched.moved_to
    if source.moves_seen < MOVES_BELIEVED:
        return
    key = address_key(fetched.moved_to)
    taken = select(Source.id).where(
        Source.newsletter_id == source.newsletter_id, Source.address_key == key, Source.id != source.id
    )
    if session.scalar(taken) is None:
        source.address, source.address_key = fetched.moved_to, key
        source.moved_to, source.moves_seen = None, 0
        log.info("feed_moved", source_id=source.id)


def _take_entries(session: Session, source: Source, feed: Feed) -> tuple[int, int]:
    """(new, seen). The newest entries become articles; the pages behind the shortest of them are asked for."""
    oldest = datetime(1970, 1, 1, tzinfo=UTC)
    newest = sorted(feed.entries, key=lambda entry: entry.published_at or oldest, reverse=True)[:MOST_NEW]
    added = [article for entry in _unknown(session, source, newest) if (article := _add(session, source, entry))]
    short = [article for article in added if article.address and article.words < _SHORT]
    for article in short[:MOST_READ]:
        article.fetch_state = FetchState.WAITING
        ring(session, "sources.read_article", article.id)
    return len(added), len(feed.entries)


def _unknown(session: Session, source: Source, entries: list[Entry]) -> list[Entry]:
    """The entries whose address the newsletter has not got; sanitising the known ones again would cost the most.

    An address may be known as the one that led to an article.
    """
    keys = [address_key(entry.address) for entry in entries if entry.address]
    rows = session.execute(
        select(Article.address_key, Article.other_keys).where(
            Article.newsletter_id == source.newsletter_id,
            or_(Article.address_key.in_(keys), Article.other_keys.overlap(cast(keys, ARRAY(Text)))),
        )
    )
    known = {key for own, others in rows for key in (own, *others)}
    return [entry for entry in entries if not entry.address or address_key(entry.address) not in known]


def _add(session: Session, source: Source, entry: Entry) -> Article | None:
    """A new article, or None when the words are those of one we have, or when there are neither words nor address."""
    body = sanitise(entry.html, entry.address or source.site_address or source.address)
    text = text_of(body)
    title = entry.title or (canonical_address(entry.address) if entry.address else "")
    if not title:
        return None
    extract = compose(
        title=title,
        body_html=body,
        language=language_of(f"{title}\n{text}"),
        author=entry.author,
        site=source.title,
        published_at=entry.published_at,
        tags=entry.tags,
        picture_address=entry.picture_address,
        address=entry.address,
    )
    values: dict[str, Any] = columns_of(extract) | {
        "newsletter_id": source.newsletter_id,
        "source_id": source.id,
        "captured_by": CapturedBy.FEED,
    }
    return insert_article(session, values)


def _hash(fetched: Fetched) -> bytes:
    return hashlib.sha256(fetched.body).digest()


def _now(session: Session) -> datetime:
    """The database's clock, also right after a fetch that took long."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now


def _fraction() -> float:
    return random.random()  # noqa: S311 - spreads requests over time, keeps no secret
