"""Which picture goes with an entry of a feed: as the entry names it, else the first fit one among its words.

Pure: looks at addresses and stated sizes, never fetches. Logos, faces of authors, counters and SVG are no pictures.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from curator.sources.markup import absolute, parse
from curator.sources.picture_choice import LEAST_PICTURE, FoundPicture, may_be_picture, pictures_in, pixels_stated

_WIDEST = 1_600
_NAME = re.compile(r"\.(?:jpe?g|png|webp|gif)(?:\?|$)", re.IGNORECASE)
_READ = 100_000  # characters of an entry's words that are looked through
_UNKNOWN = 600  # pixels a picture is taken to have that does not state its width


class Named(NamedTuple):
    """A picture an entry names: its address, and the width it states in pixels, 0 where it states none."""

    address: str
    width: int = 0


def picture_of_entry(named: Iterable[Named], html: str, address: str | None, feed_address: str) -> FoundPicture | None:
    """The best of the named ones, else of `html`; None when there is none. Relative ones are seen from the entry."""
    stated = ((absolute(one.address, feed_address), one.width) for one in named if one.address)
    fit = [(target, width) for target, width in stated if target and may_be_picture(target) and _is_fit(width)]
    if fit:
        return FoundPicture(max(fit, key=lambda pair: _worth(pair[1]))[0], "")
    tree = parse(html[:_READ]) if "<img" in html[:_READ].lower() else None
    return next(pictures_in(tree, address or feed_address), None) if tree is not None else None


def named_by(found: Any) -> list[Named]:
    """What an entry as feedparser gives it names: enclosures, Media RSS with its thumbnails, an image of its own."""
    enclosures = found.get("enclosures") or ()
    media = [*(found.get("media_content") or ()), *(found.get("media_thumbnail") or ())]
    return [
        *(Named(str(e.get("href") or "")) for e in enclosures if _is_image_file(e)),
        *(Named(str(m.get("url") or ""), pixels_stated(m.get("width"))) for m in media if _is_image(m)),
        Named(str((found.get("image") or {}).get("href") or "")),
    ]


def _is_image_file(enclosure: Any) -> bool:
    """By its type; by its name where the feed states no type."""
    kind = str(enclosure.get("type") or "")
    return kind.startswith("image/") or (not kind and bool(_NAME.search(str(enclosure.get("href") or ""))))


def _is_image(media: Any) -> bool:
    """By its medium or type; thumbnails state neither, and are images."""
    kind, medium = str(media.get("type") or ""), media.get("medium")
    return medium == "image" or kind.startswith("image/") or (not medium and not kind)


def _is_fit(width: int) -> bool:
    return width == 0 or width >= LEAST_PICTURE[0]


def _worth(width: int) -> int:
    """The widest that is not huge, before those whose width is not known, before the huge ones. Ties: the first."""
    return (width or _UNKNOWN) if width <= _WIDEST else 1
