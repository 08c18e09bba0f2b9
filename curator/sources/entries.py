"""What a feed holds once it has been read, whatever its format. Values only."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from curator.errors import Invalid
from curator.sources.identity import checked_address
from curator.sources.markup import absolute, text_of
from curator.sources.picture_choice import FoundPicture
from curator.sources.prose import clean_line

MOST_ENTRIES = 5_000
"""Entries a feed may hold; the newest few are kept anyway, a million would only cost time."""

LONGEST_BODY = 200_000
"""Characters of one entry's HTML that are read."""


@dataclass(frozen=True)
class Entry:
    """One entry. `address` is absolute or None; `html` is the fullest body the feed gives, not yet sanitised."""

    address: str | None
    title: str
    author: str
    published_at: datetime | None
    tags: tuple[str, ...]
    html: str
    picture: FoundPicture | None


@dataclass(frozen=True)
class Feed:
    """A feed that parsed, entries in its own order. `site_address` is the page it belongs to."""

    title: str
    site_address: str | None
    entries: tuple[Entry, ...]


def entry_title(title: str, html: str) -> str:
    """A title for an entry; those of microblogs have none and are named by their first words."""
    return title or clean_line(text_of(html[:5_000]), 100)


def feed_name(site: str | None, address: str) -> str:
    """What a feed is called that has no title: by its host, because articles are shown with it."""
    return clean_line((urlsplit(site or address).hostname or "").removeprefix("www.")) or clean_line(address)


def entry_address(link: str, base: str | None) -> str | None:
    """Where an entry leads: http or https, seen from the feed at `base`; None for anything that is no address."""
    target = absolute(link, base) if link else None
    try:
        return checked_address(target.replace(" ", "%20")) if target else None
    except Invalid:
        return None
