"""Articles that people bring: as text, as HTML, or as an address that a worker then reads.

The same article twice is one row; what is nearly the same is reported, never merged.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy.orm import Session

from curator.doorbell import ring
from curator.errors import Invalid
from curator.settings import Settings
from curator.sources.extract import Extract
from curator.sources.identity import address_key, canonical_address, checked_address
from curator.sources.likeness import note_likeness
from curator.sources.models import Article, CapturedBy, FetchState
from curator.sources.page import read_page
from curator.sources.prose import clean_line
from curator.sources.reading import read_article
from curator.sources.record import columns_of, find_duplicate, find_same, insert_article, zone_of
from curator.sources.text import read_text

__all__ = ["Intake", "Way", "add_address", "add_html", "add_text", "read_article"]

LARGEST_HTML = 200_000
"""Bytes of pasted HTML."""

LONGEST_QUOTE = 1_500
"""Characters of what somebody marked on a page."""


class Way(NamedTuple):
    """The way an article comes, and who brings it: a user's address, a mail's sender, the name of a file."""

    captured_by: CapturedBy
    brought_by: str = ""


_TYPED, _PASTED_TEXT, _PASTED_HTML = Way(CapturedBy.ADDRESS), Way(CapturedBy.TEXT), Way(CapturedBy.HTML)


@dataclass
class Intake:
    """What became of something brought in. `duplicate_of`: the article we had already that says the same."""

    article: Article
    outcome: Literal["new", "same"]
    duplicate_of: int | None


def add_text(
    session: Session,
    newsletter_id: int,
    text: str,
    *,
    timezone: str,
    settings: Settings | None = None,
    way: Way = _PASTED_TEXT,
) -> Intake:
    """Take in a pasted text. `timezone` is that of its date line. `Invalid` when it is too long or no prose."""
    return _take(session, newsletter_id, read_text(text, timezone=timezone), way)


def add_html(
    session: Session, newsletter_id: int, html: str, *, address: str | None, timezone: str, way: Way = _PASTED_HTML
) -> Intake:
    """Take in the pasted source of a page, at most 200 kB. `Invalid` when there is no article in it."""
    if len(html) > LARGEST_HTML or len(html.encode()) > LARGEST_HTML:
        raise Invalid(f"The HTML is longer than {LARGEST_HTML // 1000} kB. Paste the article's text instead.")
    extract = read_page(html, checked_address(address) if address else None, timezone=timezone)
    if not extract.words:
        raise Invalid("There is no article in this HTML. Paste the article's text instead.")
    return _take(session, newsletter_id, extract, way)


def add_address(
    session: Session, newsletter_id: int, address: str, *, title: str = "", quote: str = "", way: Way = _TYPED
) -> Intake:
    """Note an address; a worker reads the page after the commit. Until then `title`, else the address, is the title.

    `quote` is what somebody marked on the page: it stays. An address that could not be read before is read again.
    """
    zone_of(session, newsletter_id)  # NotFound for a newsletter that is not there
    checked = checked_address(address)
    known = find_same(session, newsletter_id, address_key(checked), None)
    if known is not None:
        return _again(session, known, quote)
    values: dict[str, Any] = {
        "newsletter_id": newsletter_id,
        "captured_by": way.captured_by,
        "brought_by": way.brought_by,
        "address": canonical_address(checked),
        "address_key": address_key(checked),
        "title": clean_line(title) or canonical_address(checked)[:500],
        "quote": _marked(quote),
        "fetch_state": FetchState.WAITING,
    }
    article = insert_article(session, values)
    if article is not None:
        ring(session, "sources.read_article", article.id)
        return Intake(article, "new", None)
    return _again(session, _known(session, newsletter_id, values), quote)


def _again(session: Session, known: Article, quote: str) -> Intake:
    known.quote = _marked(quote) or known.quote
    if known.fetch_state is FetchState.FAILED:
        known.fetch_state = FetchState.WAITING
        ring(session, "sources.read_article", known.id)
    session.flush()
    return Intake(known, "same", known.id)


def _marked(quote: str) -> str:
    """What somebody marked, as one paragraph of at most 1,500 characters."""
    return clean_line(quote, LONGEST_QUOTE)


def _take(session: Session, newsletter_id: int, extract: Extract, way: Way) -> Intake:
    zone_of(session, newsletter_id)  # NotFound for a newsletter that is not there
    values = columns_of(extract) | {
        "newsletter_id": newsletter_id,
        "captured_by": way.captured_by,
        "brought_by": way.brought_by,
    }
    article = insert_article(session, values)
    if article is not None:
        return Intake(article, "new", find_duplicate(session, article))
    known = _known(session, newsletter_id, values)
    if not known.words:
        _fill(known, values)
        session.flush()
        note_likeness(session, known)
    return Intake(known, "same", known.id)


def _known(session: Session, newsletter_id: int, values: dict[str, Any]) -> Article:
    known = find_same(session, newsletter_id, values["address_key"], values.get("content_hash"))
    if known is None:
        raise Invalid("The same article was removed just now. Add it again.")
    return known


def _fill(article: Article, values: dict[str, Any]) -> None:
    """An address whose page could not be read gets the words that somebody pasted for it; its identity stays."""
    for name, value in values.items():
        if name not in ("newsletter_id", "captured_by", "brought_by", "address", "address_key", "content_hash"):
            setattr(article, name, value)
    article.fetch_state, article.fetch_error, article.compared_at = FetchState.DONE, None, None
