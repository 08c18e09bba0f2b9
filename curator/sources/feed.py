"""A feed's bytes become entries: RSS, Atom and RDF by feedparser, JSON Feed by our own reading.

Pure. The parser gets bytes and the content type and never fetches. Entry bodies are as the feed has them: sanitise.
"""

import re
from datetime import UTC, datetime
from html import unescape
from io import BytesIO
from time import struct_time
from typing import Any

from curator.errors import NotAFeed
from curator.sources.dates import read_feed_date
from curator.sources.entries import LONGEST_BODY, MOST_ENTRIES, Entry, Feed, entry_address, entry_title, feed_name
from curator.sources.extract import tidy_tags
from curator.sources.feed_pictures import named_by, picture_of_entry
from curator.sources.json_feed import read_json_feed
from curator.sources.markup import absolute, base_of, parse
from curator.sources.page import decode
from curator.sources.prose import clean_line, clean_text, paragraph

_MOST_TAGS = 250_000  # the parser needs 40 microseconds for each
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json")
_ADDRESS = re.compile(r"[(<\[]?\b[^\s()<>@]+@[^\s()<>@]+\b[)>\]]?")
_INLINE_TAGS = re.compile(
    r"</?(?:a|abbr|b|br|cite|code|em|font|i|img|p|q|small|span|strong|sub|sup|u)(?:\s[^<>]*)?/?>", re.IGNORECASE
)


def read_feed(body: bytes, content_type: str, address: str) -> Feed:
    """The feed at `address`. `NotAFeed` carries in `alternates` the feeds that a page names instead."""
    head = body[:2_000].lstrip(b"\xef\xbb\xbf\0 \t\r\n")
    if head.startswith(b"{"):
        return read_json_feed(body, address)
    if not head.startswith(b"\xff\xfe") and not head.startswith(b"\xfe\xff"):
        body = body.replace(b"\0", b"")
    if body.count(b"<") + body.count(b"&lt;") > _MOST_TAGS:
        raise NotAFeed("The feed is too long to read. Use one that holds the latest entries only.")
    if body.count(b"<item") + body.count(b"<entry") > MOST_ENTRIES:
        raise NotAFeed(f"The feed holds more than {MOST_ENTRIES:,} entries. Use one that holds the latest only.")
    parsed = _parsed(body, content_type, address)
    if not parsed.get("version"):
        raise not_a_feed(body, address)
    about, site = parsed.feed, _site(parsed.feed, address)
    return Feed(
        title=_title(about) or feed_name(site, address),
        site_address=site,
        entries=tuple(_entry(found, address) for found in parsed.entries),
    )


def not_a_feed(body: bytes, address: str) -> NotAFeed:
    """The error for an answer that is no feed, with the feeds it names (autodiscovery), best first."""
    alternates = discover(decode(body[:1_000_000]), address)
    advice = "Use the feed it names." if alternates else "Look for its RSS or Atom feed, or add articles one by one."
    return NotAFeed(f"There is no feed at this address. {advice}", alternates=alternates)


def discover(markup: str, address: str) -> list[str]:
    """Addresses of `link rel=alternate` of feed types in a page, in its order; those of comments last."""
    tree = parse(markup) if "<" in markup else None
    if tree is None:
        return []
    found: list[tuple[bool, str]] = []
    for link in tree.iter("link"):
        kind = (link.get("type") or "").split(";")[0].strip().lower()
        if "alternate" in (link.get("rel") or "").lower().split() and kind in _FEED_TYPES:
            target = absolute(link.get("href") or "", base_of(tree, address))
            of_comments = "comment" in f"{link.get('title') or ''} {target}".lower()
            found += [(of_comments, target)] if target else []
    return list(dict.fromkeys(target for _, target in sorted(found, key=lambda pair: pair[0])))[:10]


def _parsed(body: bytes, content_type: str, address: str) -> Any:
    import feedparser

    headers = {"content-type": content_type or "application/xml", "content-location": address}
    return feedparser.parse(BytesIO(body), response_headers=headers, resolve_relative_uris=False, sanitize_html=False)


def _entry(found: Any, address: str) -> Entry:
    html = _html(found)
    target = entry_address(str(found.get("feedburner_origlink") or found.get("link") or ""), address)
    return Entry(
        address=target,
        title=entry_title(_title(found), html),
        author=_author(str(found.get("author") or "")),
        published_at=_published(found),
        tags=tidy_tags(tuple(unescape(tag.get("label") or tag.get("term") or "") for tag in found.get("tags") or ())),
        html=html,
        picture=picture_of_entry(named_by(found), html, target, address),
    )


def _site(about: Any, address: str) -> str | None:
    """The page a feed belongs to: its link, or the alternate it names besides."""
    alternates = (link.get("href") for link in about.get("links") or () if link.get("rel") == "alternate")
    target = about.get("link") or next(alternates, None)
    return absolute(str(target), address) if target else None


def _author(written: str) -> str:
    """The name alone: `name (address)` and `address (name)` are common, and nobody asked for the address."""
    name = clean_line(unescape(written), 200)
    if turned := re.fullmatch(r"\S+@\S+\s*\((.+)\)", name):
        return turned[1].strip()
    return _ADDRESS.sub("", name).strip(" ,") if "@" in name else name


def _title(found: Any) -> str:
    """Text. Inline tags of HTML titles are taken off; anything else with angle brackets was meant literally."""
    title = str(found.get("title") or "")
    kind = (found.get("title_detail") or {}).get("type", "")
    if "html" in kind:
        title = unescape(_INLINE_TAGS.sub("", title))
    return clean_line(title)


def _html(found: Any) -> str:
    """The longest of content and summary; plain text becomes paragraphs of literal text.

    Where there is no tag but escaped ends of paragraphs, the whole was escaped once too often.
    """
    parts = [*(found.get("content") or ()), found.get("summary_detail") or {}]
    fullest: Any = max(parts, key=lambda part: len(part.get("value") or ""), default={})
    value = clean_text(str(fullest.get("value") or ""))[:LONGEST_BODY]
    if fullest.get("type") == "text/plain" and value:
        return "".join(paragraph(piece) for piece in re.split(r"\n\s*\n", value))
    is_escaped_twice = "&lt;/p&gt;" in value and "<" not in value
    return unescape(value) if is_escaped_twice else value


def _published(found: Any) -> datetime | None:
    """From the text, because the parser reads CET and CEST as UTC and drops the offset."""
    for name in ("published", "created", "updated"):
        written, parsed = found.get(name), found.get(f"{name}_parsed")
        if written and (at := read_feed_date(str(written))):
            return at
        if isinstance(parsed, struct_time) and 1990 <= parsed.tm_year <= 2100 and _is_in(parsed, str(written)):
            return datetime(*parsed[:6], tzinfo=UTC)
    return None


def _is_in(parsed: struct_time, written: str) -> bool:
    """Whether year and day of what the parser made of a date stand in it: of one it does not know it makes anything."""
    numbers = [int(number) for number in re.findall(r"\d{1,4}", written)]
    return parsed.tm_mday in numbers and (parsed.tm_year in numbers or parsed.tm_year % 100 in numbers)
