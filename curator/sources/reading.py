"""Reading the page behind an article: fetch, extract, fill the row. A failure is noted on the row, and loses nothing.

The network comes first and without a lock: the row is read, the page and its picture are fetched in the open
transaction (which holds no row), and only then is the row locked, looked at again and written.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from curator.doorbell import ring
from curator.errors import FetchFailed, Invalid, NotFound
from curator.settings import Settings
from curator.sources.effort import TookTooLong, bounded_effort
from curator.sources.extract import Extract
from curator.sources.fetch import Fetched, fetch
from curator.sources.identity import address_key
from curator.sources.likeness import note_likeness
from curator.sources.models import Article, CapturedBy, FetchState
from curator.sources.page import LARGEST_PAGE, decode, read_page
from curator.sources.picture_choice import LEAST_PICTURE, FoundPicture, may_be_picture
from curator.sources.pictures import LARGEST_PICTURE, EncodedPicture, encode_again, keep_picture
from curator.sources.record import columns_of, zone_of
from curator.sources.turns import has_turn

log = structlog.get_logger(__name__)

ACCEPTED = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"
_FORGOTTEN_AFTER = timedelta(minutes=2)
_GIVEN_UP_AFTER = timedelta(days=1)
_IS_WAITING = Article.fetch_state == FetchState.WAITING
_FROM_FEED = ("title", "author", "published_at", "published_offset", "tags", "language")


class _Page(NamedTuple):
    extract: Extract
    address: str  # where the redirects led
    picture: "_Picture | None"


class _Picture(NamedTuple):
    encoded: EncodedPicture
    alt: str


def read_article(session: Session, article_id: int, settings: Settings) -> Article:
    """Fill an article whose page has not been read, or note why it cannot be: state `failed` and `fetch_error`.

    Takes up to `settings.fetch_seconds` for the page, for its pictures and for the feed's. A read one stays as it is,
    but gets the picture its feed names, which is tried once.
    """
    article = session.get(Article, article_id, populate_existing=True)
    if article is None:
        raise NotFound(f"There is no article {article_id}.")
    if article.fetch_state is FetchState.DONE or not article.address:
        return _with_picture(session, article, settings)
    if _follows_feed(article) and not has_turn(session, article.address_key or ""):
        return article  # whoever has the turn comes to it, else the sweep
    zone = zone_of(session, article.newsletter_id)
    page: _Page | None
    try:
        page, message = _fetch_page(article.address, settings, zone), ""
    except (FetchFailed, Invalid) as failure:
        page, message = None, failure.message
    picture = (page and page.picture) or _fetch_picture(_of_the_feed(article, page), settings)
    article = _locked(session, article_id)
    if article.fetch_state is FetchState.DONE:  # somebody else was quicker
        return article
    if page is None:
        _note_failure(article, message)
    else:
        _fill(session, article, page)
    _take_picture(session, article, picture)
    session.flush()
    _ring_for_next(session, article)
    return article


def due_articles(session: Session, limit: int = 10) -> list[int]:
    """Ids of articles whose doorbell nobody heard in two minutes up to a day: one per host, pages first."""
    is_old, host = func.now() - Article.created_at > _FORGOTTEN_AFTER, func.split_part(Article.address_key, "/", 1)
    first = (
        select(Article.id, _IS_WAITING.label("is_waiting"))
        .ext(distinct_on(host))
        .where(_is_wanted(), is_old)
        .order_by(host, _IS_WAITING.desc(), Article.id)
        .subquery()
    )
    return list(session.scalars(select(first.c.id).order_by(first.c.is_waiting.desc(), first.c.id).limit(limit)))


def _is_wanted() -> ColumnElement[bool]:
    """A page, or the picture a feed names, that nobody has fetched, unless that is so for a day."""
    wants_picture = and_(Article.feed_picture.is_not(None), Article.picture_id.is_(None))
    return and_(or_(_IS_WAITING, wants_picture), func.now() - Article.created_at < _GIVEN_UP_AFTER)


def _ring_for_next(session: Session, article: Article) -> None:
    """After this one the next of its feed, so that a site is not asked for ten pages at once."""
    if article.source_id is None:
        return
    statement = select(Article.id).where(Article.source_id == article.source_id, Article.id != article.id, _is_wanted())
    following = session.scalar(statement.order_by(_IS_WAITING.desc(), Article.id).limit(1))
    if following is not None:
        ring(session, "sources.read_article", following)


def _follows_feed(article: Article) -> bool:
    """Whether nobody waits for it; an old one is read because somebody wants it now."""
    return article.captured_by is CapturedBy.FEED and datetime.now(UTC) - article.created_at < _GIVEN_UP_AFTER


def _with_picture(session: Session, article: Article, settings: Settings) -> Article:
    """An article whose words came with its feed: its page is not fetched, only the picture."""
    if not article.feed_picture or article.picture_id or not has_turn(session, article.address_key or ""):
        return article
    picture = _fetch_picture(_of_the_feed(article, None), settings)
    article = _locked(session, article.id)
    _take_picture(session, article, picture)
    session.flush()
    _ring_for_next(session, article)
    return article


def _take_picture(session: Session, article: Article, picture: "_Picture | None") -> None:
    """Whatever was found, what the feed named has been tried: the sweep does not come back to it."""
    article.feed_picture = None
    if article.picture_id:
        return
    article.picture_id = keep_picture(session, picture.encoded).id if picture else None
    article.picture_alt = picture.alt if picture else ""


def _fetch_page(address: str, settings: Settings, zone: str) -> _Page:
    fetched = fetch(address, settings=settings, accept=ACCEPTED, max_bytes=LARGEST_PAGE)
    extract = _read_page(fetched, zone)
    if not extract.title and not extract.words:
        raise FetchFailed("There is no article on the page. Paste its text instead.")
    return _Page(extract, fetched.address, _fetch_picture(extract.pictures, settings))


def _read_page(fetched: Fetched, zone: str) -> Extract:
    try:
        with bounded_effort():
            return read_page(_markup(fetched), fetched.address, timezone=zone)
    except TookTooLong:
        raise FetchFailed("The page takes too long to read. Paste the article's text instead.") from None


def _markup(fetched: Fetched) -> str:
    if fetched.status != 200:
        raise FetchFailed(_refusals.get(fetched.status, f"The site answers with status {fetched.status}."))
    kind = fetched.content_type.partition(";")[0].strip().lower()
    if kind and kind not in ("text/html", "application/xhtml+xml", "application/xml", "text/xml"):
        raise FetchFailed(f"The address holds {kind[:40]!r}, not a web page. Paste the text instead.")
    return decode(fetched.body, fetched.content_type)


_refusals = {
    401: "The page is for people who signed in. Paste its text instead.",
    402: "The page is for subscribers. Paste its text instead.",
    403: "The site does not let us read the page. Paste its text instead.",
    404: "The site has no page at this address. Check it for typing errors.",
    410: "The page was removed from the site.",
    429: "The site asks us to come back later. Try again in an hour.",
    451: "The site does not show the page here for legal reasons. Paste its text instead.",
}


def _of_the_feed(article: Article, page: _Page | None) -> list[FoundPicture]:
    """The picture its feed names, which is tried last: unless the article has one, or the page's were this one."""
    address = article.feed_picture
    tried = {found.address for found in page.extract.pictures} if page else set()
    if not address or article.picture_id or address in tried or not may_be_picture(address):
        return []
    return [FoundPicture(address, article.picture_alt)]


def _fetch_picture(candidates: Iterable[FoundPicture], settings: Settings) -> _Picture | None:
    """The first candidate that can be used, encoded anew; None when there is none. An article needs no picture.

    All of them together have the time of one address: a worker has other work.
    """
    until = time.monotonic() + settings.fetch_seconds
    for candidate in candidates:
        if (left := until - time.monotonic()) <= 0:
            break
        hurried = settings.model_copy(update={"fetch_seconds": left})
        try:
            fetched = fetch(candidate.address, settings=hurried, accept="image/*", max_bytes=LARGEST_PICTURE)
            with bounded_effort():
                encoded = encode_again(fetched.body) if fetched.status == 200 else None
        except (FetchFailed, Invalid) as failure:
            log.info("picture_skipped", reason=failure.code)
            continue
        except TookTooLong:
            log.info("picture_skipped", reason="took_too_long")
            continue
        if encoded and encoded.large.width >= LEAST_PICTURE[0] and encoded.large.height >= LEAST_PICTURE[1]:
            return _Picture(encoded, candidate.alt)
    return None


def _locked(session: Session, article_id: int) -> Article:
    """The row as it is now, ours until the end of the transaction."""
    statement = select(Article).where(Article.id == article_id).with_for_update()
    article = session.scalars(statement.execution_options(populate_existing=True)).first()
    if article is None:
        raise NotFound(f"There is no article {article_id}.")
    return article


def _fill(session: Session, article: Article, page: _Page) -> None:
    values = columns_of(page.extract)
    if not page.extract.words:
        _note_failure(article, "There is no article text on the page. Paste it if you want to read it here.")
    else:
        article.fetch_state, article.fetch_error = FetchState.DONE, None
    identity = {name: values.pop(name) for name in ("address_key", "content_hash")}
    for name, value in _wanted(article, values).items():
        setattr(article, name, value)
    article.other_keys = _keys(article, page)
    article.compared_at = None
    session.flush()
    _identify(session, article, identity)
    note_likeness(session, article)


def _wanted(article: Article, values: dict[str, Any]) -> dict[str, Any]:
    """A feed knows its own titles, names and dates best, and its text stays where the page gives fewer words."""
    wanted = {n: v for n, v in values.items() if v or not getattr(article, n) or (n == "is_free" and v is not None)}
    if article.captured_by is CapturedBy.FEED:
        wanted = {n: v for n, v in wanted.items() if n not in _FROM_FEED or getattr(article, n) in (None, "", [])}
    if article.quote and not article.words:
        wanted.pop("quote", None)  # somebody marked it on the page
    if article.words and values["words"] <= article.words:
        for name in ("summary", "quote", "body_html", "body_text", "words", "sketch", "lead"):
            wanted.pop(name, None)
    return wanted


def _keys(article: Article, page: _Page) -> list[str]:
    """Every key of the way here: as captured, where it redirected, what the page states."""
    keys = [*article.other_keys, article.address_key, address_key(page.address)]
    keys += [address_key(page.extract.address)] if page.extract.address else []
    return sorted({key for key in keys if key})


def _identify(session: Session, article: Article, identity: dict[str, Any]) -> None:
    """Go by the address and words of the page from now on, unless another article does; then this stays a duplicate."""
    for name, value in identity.items():
        if value is None or value == getattr(article, name):
            continue
        try:
            with session.begin_nested():
                setattr(article, name, value)
                session.flush()
        except IntegrityError:
            log.info("article_is_duplicate", by=name)


def _note_failure(article: Article, message: str) -> None:
    article.fetch_state, article.fetch_error = FetchState.FAILED, message
