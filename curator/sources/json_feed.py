"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1), read with the patience feeds need: wrong types count as absent.

Pure. Other JSON is refused as no feed.
"""

import json
from typing import Any

from curator.errors import NotAFeed
from curator.sources.dates import read_feed_date
from curator.sources.entries import LONGEST_BODY, MOST_ENTRIES, Entry, Feed, entry_address, entry_title, feed_name
from curator.sources.extract import tidy_tags
from curator.sources.feed_pictures import Named, picture_of_entry
from curator.sources.markup import absolute
from curator.sources.prose import clean_line, clean_text, paragraph


def read_json_feed(body: bytes, address: str) -> Feed:
    """The feed in `body`; `NotAFeed` for JSON that is none."""
    try:
        feed = json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise NotAFeed("The address answers with broken JSON, not with a feed.", alternates=[]) from error
    version = feed.get("version") if isinstance(feed, dict) else None
    if not isinstance(version, str) or not _is_version(version, feed):
        raise NotAFeed("The address answers with JSON, but it is no JSON Feed.", alternates=[])
    items = feed.get("items")
    found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    if len(found) > MOST_ENTRIES:
        raise NotAFeed(f"The feed holds more than {MOST_ENTRIES:,} entries. Use one that holds the latest only.")
    site = absolute(_text(feed, "home_page_url"), address) if _text(feed, "home_page_url") else None
    return Feed(
        title=clean_line(_text(feed, "title")) or feed_name(site, address),
        site_address=site,
        entries=tuple(_entry(item, feed, address) for item in found),
    )


def _is_version(version: str, feed: dict[str, Any]) -> bool:
    """The address the specification gives, or the bare number some write instead, where there are items."""
    return "jsonfeed.org/version/" in version or (version in ("1", "1.0", "1.1") and "items" in feed)


def _entry(item: dict[str, Any], feed: dict[str, Any], address: str) -> Entry:
    html = clean_text(_text(item, "content_html"))[:LONGEST_BODY]
    if not html:
        text = clean_text(_text(item, "content_text") or _text(item, "summary"))[:LONGEST_BODY]
        html = "".join(paragraph(piece) for piece in text.split("\n\n") if piece.strip())
    tags, target = item.get("tags"), _address(item, address)
    return Entry(
        address=target,
        title=entry_title(clean_line(_text(item, "title")), html),
        author=_authors(item) or _authors(feed),
        published_at=read_feed_date(_text(item, "date_published") or _text(item, "date_modified")),
        tags=tidy_tags(tuple(tag for tag in tags if isinstance(tag, str))) if isinstance(tags, list) else (),
        html=html,
        picture=picture_of_entry(_named(item), html, target, address),
    )


def _address(item: dict[str, Any], address: str) -> str | None:
    """`url`, or an `id` that is an address, as the specification recommends it to be."""
    named = (entry_address(_text(item, name), address) for name in ("url", "external_url"))
    return next(filter(None, named), None) or entry_address(_text(item, "id"), None)


def _authors(thing: dict[str, Any]) -> str:
    """Version 1.1 has `authors`, 1.0 had `author`."""
    people = thing.get("authors") if isinstance(thing.get("authors"), list) else [thing.get("author")]
    names = [_text(person, "name") for person in (people or [])[:5] if isinstance(person, dict)]
    return clean_line(", ".join(name for name in names if name), 200)


def _named(item: dict[str, Any]) -> list[Named]:
    """`image`, `banner_image` and attachments that are images."""
    attachments = item.get("attachments")
    files = [one for one in attachments[:50] if isinstance(one, dict)] if isinstance(attachments, list) else []
    images = [_text(one, "url") for one in files if _text(one, "mime_type").startswith("image/")]
    return [Named(address) for address in (_text(item, "image"), _text(item, "banner_image"), *images)]


def _text(thing: dict[str, Any], name: str) -> str:
    value = thing.get(name)
    return value if isinstance(value, str) else ""
