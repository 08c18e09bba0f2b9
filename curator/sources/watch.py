"""Watching feeds: asking one when it is due, turning its entries into articles.

Polite: conditional requests with validators from the last answer that parsed, Retry-After and max-age heeded, one
request per host at a time. The network comes first and without a lock on a row: a source is read, the feed is fetched
in the open transaction, and only then is the row locked and written. What holds others back meanwhile is an advisory
lock named after the host.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Text, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from curator.doorbell import ring
from curator.errors import Conflict, NotFound
from curator.settings import Settings
from curator.sources.asking import Answer, ask, find, hash_of
from curator.sources.entries import Entry, Feed
from curator.sources.extract import compose
from curator.sources.fetch import Fetched
from curator.sources.identity import address_key, canonical_address
from curator.sources.language import language_of
from curator.sources.markup import sanitise, text_of
from curator.sources.models import Article, CapturedBy, FetchState, Source, SourceState
from curator.sources.record import columns_of, insert_article
from curator.sources.schedule import MOVES_BELIEVED, asked_delay, delay, is_hopeless, one_per_host
from curator.sources.turns import has_turn

log = structlog.get_logger(__name__)

MOST_NEW = 50
"""Entries of one answer that become articles, the newest; a feed may hold its whole archive."""

LEAST_NEW = 10
"""Entries that are taken however old they are; of the rest, only what came out shortly before the feed was watched."""

_BEFORE = timedelta(days=30)
_SHORT = 100  # words below which an entry is only the announcement of a page
_TAKEN_FOR = timedelta(minutes=10)
_TURN_AFTER = timedelta(seconds=30)


class Refreshed(NamedTuple):
    """What a refresh found. `seen` counts entries the feed holds; `error` is for a person."""

    new: int
    seen: int
    error: str | None


def refresh_source(session: Session, source_id: int, settings: Settings) -> Refreshed:
    """Ask one feed for what is new. A failure is a value, kept on the source with the time of the next try.

    At the first look the address may be that of a page that names its feed: then that is watched from now on. While
    another request to the same host runs nothing is asked, and the source is due again in half a minute.
    """
    source = session.get(Source, source_id, populate_existing=True)
    if source is None:
        raise NotFound(f"There is no source {source_id}.")
    if not has_turn(session, source.address_key):
        _locked(session, source_id).next_fetch_at = _now(session) + _TURN_AFTER
        session.flush()
        return Refreshed(0, 0, None)
    newsletter_id = source.newsletter_id
    if source.succeeded_at is None:
        answer = find(source.address, settings, lambda there: refuse_watched(session, newsletter_id, there))
    else:
        answer = ask(source.address, settings, _conditions(source), source.body_hash)
    source = _locked(session, source_id)
    if answer.failure is not None:
        _note_failure(source, answer.fetched, answer.failure.message, _now(session))
        session.flush()
        return Refreshed(0, 0, answer.failure.message)
    new, seen = take_answer(session, source, answer)
    session.flush()
    return Refreshed(new, seen, None)


def take_answer(session: Session, source: Source, answer: Answer) -> tuple[int, int]:
    """Write down an answer that parsed, or that said nothing changed. (new, seen) entries."""
    assert answer.fetched is not None, "a failure is noted, not taken"  # noqa: S101
    if answer.feed and source.succeeded_at is None:
        _settle(session, source, answer.address, answer.feed)
    _note_success(source, answer.fetched, _now(session))
    _note_move(session, source, answer.fetched)
    return _take_entries(session, source, answer.feed) if answer.feed else (0, 0)


def refuse_watched(session: Session, newsletter_id: int, address: str) -> None:
    """`Conflict` when the newsletter watches this address already, however it is spelled."""
    same = select(Source.title).where(Source.newsletter_id == newsletter_id, Source.address_key == address_key(address))
    title = session.scalar(same)
    if title is not None:
        named = f", as “{title}”" if title else ""
        raise Conflict(f"This newsletter watches that feed already{named}.", address=address)


def due_sources(session: Session, limit: int = 50) -> list[int]:
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


def _settle(session: Session, source: Source, address: str, feed: Feed) -> None:
    """At the first answer that parsed: where the feed is from now on, and what it calls itself."""
    key = address_key(address)
    if not _is_taken(session, source, key):  # the same key may mean https for http
        source.address, source.address_key = address, key
    source.title = source.title or feed.title
    source.site_address = source.site_address or feed.site_address


def _note_success(source: Source, fetched: Fetched, now: datetime) -> None:
    """Both validators are replaced together, and only by an answer that parsed."""
    source.fetched_at = source.succeeded_at = now
    source.failures, source.last_error = 0, None
    if source.state is SourceState.GONE:
        source.state = SourceState.ACTIVE
    if fetched.status == 200:
        source.etag, source.last_modified = fetched.headers.get("etag"), fetched.headers.get("last-modified")
        source.body_hash = hash_of(fetched)
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
    if fetched.moved_to is None or fetched.moved_to == source.address:
        source.moved_to, source.moves_seen = None, 0
        return
    source.moves_seen = source.moves_seen + 1 if fetched.moved_to == source.moved_to else 1
    source.moved_to = fetched.moved_to
    if source.moves_seen < MOVES_BELIEVED:
        return
    key = address_key(fetched.moved_to)
    if not _is_taken(session, source, key):
        source.address, source.address_key = fetched.moved_to, key
        source.moved_to, source.moves_seen = None, 0
        log.info("feed_moved", source_id=source.id)


def _is_taken(session: Session, source: Source, key: str) -> bool:
    others = select(Source.id).where(
        Source.newsletter_id == source.newsletter_id, Source.address_key == key, Source.id != source.id
    )
    return session.scalar(others) is not None


def _take_entries(session: Session, source: Source, feed: Feed) -> tuple[int, int]:
    """(new, seen). The newest become articles. The pages of short ones are asked for, of others the picture."""
    fresh = _fresh(feed.entries, source.created_at - _BEFORE)
    added = [article for entry in _unknown(session, source, fresh) if (article := _add(session, source, entry))]
    short = [article for article in added if article.address and article.words < _SHORT]
    for article in short:
        article.fetch_state = FetchState.WAITING
    pictured = [article for article in added if article.feed_picture and article.fetch_state is FetchState.DONE]
    for article in [*short, *pictured][:1]:  # which rings for the next one
        ring(session, "sources.read_article", article.id)
    return len(added), len(feed.entries)


def _fresh(entries: tuple[Entry, ...], since: datetime) -> list[Entry]:
    """The newest, without the archive: two hundred feeds of an imported list must not bring years of candidates."""
    oldest = datetime(1970, 1, 1, tzinfo=UTC)
    newest = sorted(entries, key=lambda entry: entry.published_at or oldest, reverse=True)[:MOST_NEW]
    return newest[:LEAST_NEW] + [one for one in newest[LEAST_NEW:] if (one.published_at or since) >= since]


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
        address=entry.address,
    )
    values: dict[str, Any] = columns_of(extract) | {
        "newsletter_id": source.newsletter_id,
        "source_id": source.id,
        "captured_by": CapturedBy.FEED,
        "feed_picture": entry.picture.address if entry.picture else None,
        "picture_alt": entry.picture.alt if entry.picture else "",
    }
    return insert_article(session, values)


def _now(session: Session) -> datetime:
    """The database's clock, also right after a fetch that took long."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now


def _fraction() -> float:
    return random.random()  # noqa: S311 - spreads requests over time, keeps no secret
