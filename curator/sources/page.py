"""A web page, fetched or pasted, becomes an extract: body by trafilatura, facts by our own reading of the page.

Pure. Never fetches what a page points to; a page without an article in it gives an extract without a body.
"""

import codecs
import re
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, tzinfo
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from curator.errors import Invalid
from curator.sources.body import is_large, read_body
from curator.sources.dates import read_date, zone_named
from curator.sources.entries import entry_address
from curator.sources.extract import Extract, compose
from curator.sources.identity import address_key
from curator.sources.language import language_of
from curator.sources.markup import base_of, parse, text_of
from curator.sources.metadata import Metadata, as_author, read_metadata, words_of
from curator.sources.prose import clean_line, first_words

LARGEST_PAGE = 5_000_000
"""Bytes of a page that are read; news pages have 0.1 to 1 MB."""

_MOST_SIGNS = 200_000  # tags and entities; broken ones cost the parser most, and a page is parsed four times
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_NO_CHARSETS = ("idna", "punycode", "undefined")  # Python decodes them, but refuses to do it with "replace"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read_page(html: str | bytes, address: str | None, *, timezone: str) -> Extract:
    """The article of a page at `address`. `timezone` is for times without an offset. `Invalid`: too large, no HTML."""
    if len(html) > LARGEST_PAGE:
        raise Invalid(f"The page is larger than {LARGEST_PAGE // 1_000_000} MB. Paste the article's text instead.")
    markup = html if isinstance(html, str) else decode(html)
    if markup.count("<") + markup.count("&") > _MOST_SIGNS:
        raise Invalid("The page is too long to read. Paste the article's text instead.")
    tree = parse(markup) if "<" in markup else None
    if tree is None:
        raise Invalid("There is no HTML in it. Paste the page's source, or paste the article as text.")
    zone = zone_named(timezone)
    facts = read_metadata(tree, base_of(tree, address), zone)
    body = read_body(tree, address, (facts.title, words_of(tree, "title")), facts.body)
    facts = _completed(facts, tree, address, zone)
    text = text_of(body)
    return compose(
        title=facts.title or (urlsplit(address).hostname or "" if address else "") or first_words(text),
        body_html=body,
        language=language_of(text or facts.description, facts.language),
        author=facts.author,
        site=facts.site or _host(address),
        published_at=facts.published_at,
        tags=facts.tags,
        description=facts.description,
        pictures=facts.pictures,
        address=_believed(facts.canonical, address),
        is_free=facts.is_free,
    )


def decode(body: bytes, content_type: str = "") -> str:
    """Text of a page: by its byte order mark, the HTTP charset, its own declaration, UTF-8, else Windows-1252."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    stated = _CHARSET.search(content_type.encode()) or _CHARSET.search(body[:4_096])
    names = [stated.group(1).decode().lower()] if stated else []
    for name in [*names, "utf-8"]:
        try:
            return body.decode("cp1252" if name in ("iso-8859-1", "latin1", "ascii") else name)
        except (UnicodeError, LookupError):  # some that Python knows, like idna, say so by the wider error
            continue
    return body.decode(_codec(names) or "cp1252", "replace")


def _codec(names: list[str]) -> str | None:
    """The declared encoding if Python knows it as one of text; a page in it may hold a few broken characters."""
    try:
        is_usable = bool(names) and names[0] not in _NO_CHARSETS and "".encode(names[0]) == b""
        return codecs.lookup(names[0]).name if is_usable else None
    except (UnicodeError, LookupError):
        return None


def _completed(facts: Metadata, tree: HtmlElement, address: str | None, zone: tzinfo) -> Metadata:
    """Title, author and day as trafilatura guesses them, where the page itself says nothing.

    No day for a page that states one we cannot read: the guess would be one of its two readings.
    """
    needs_day = not facts.published_at and not facts.is_dated
    if is_large(tree):
        return facts
    return replace(
        facts,
        title=facts.title or _guessed_title(tree),
        author=facts.author or _guessed_author(tree),
        published_at=_guessed_day(tree, address, zone) if needs_day else facts.published_at,
    )


def _guessed_title(tree: HtmlElement) -> str:
    from trafilatura.metadata import extract_title

    return clean_line(extract_title(deepcopy(tree)) or "")


def _guessed_author(tree: HtmlElement) -> str:
    from trafilatura.metadata import extract_author

    return as_author((extract_author(tree) or "").replace("; ", ", "))


def _guessed_day(tree: HtmlElement, address: str | None, zone: tzinfo) -> datetime | None:
    """The day as htmldate finds it in marked parts of the page and in the address, not in its text."""
    from htmldate import find_date

    found = find_date(deepcopy(tree), extensive_search=False, original_date=True, url=address)
    return read_date(found, zone) if found else None


def _believed(canonical: str | None, address: str | None) -> str | None:
    """The address a page names as its own, unless it names another site or its front page."""
    canonical = entry_address(canonical or "", address)
    if not canonical or not address:
        return address or canonical
    theirs, ours = address_key(canonical), address_key(address)
    is_same_site = theirs.partition("/")[0] == ours.partition("/")[0]
    return canonical if is_same_site and ("/" in theirs or "/" not in ours) else address


def _host(address: str | None) -> str:
    return (urlsplit(address).hostname or "").removeprefix("www.") if address else ""
