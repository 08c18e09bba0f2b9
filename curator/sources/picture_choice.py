"""Which picture goes with an article: as stated for machines, as stated for sharing, the first big one in the text.

Pure: looks at addresses and stated sizes, never fetches. Logos, faces of authors, counters and SVG are no pictures.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from curator.sources.markup import absolute
from curator.sources.prose import clean_line

MOST_PICTURES = 3
"""Candidates that are kept; the next one is tried when one cannot be fetched or is too small."""

LEAST_PICTURE = (200, 100)
"""Pixels, width and height; smaller ones are logos and counters."""

_MOST_IMAGES = 300  # of a page that are looked at
_WIDE, _HIGH = 400, 200  # pixels that a picture in the text has when it states its size
_WIDEST = 1_600
_NO_PICTURE = re.compile(
    r"(?:^|[/_.\s-])(?:logos?|logo\d*|\w*avatars?|icons?|favicon|sprites?|pixel|spacer|blank|placeholder|"
    r"(?<!dims3/)(?<!dims4/)default|"  # "dims" is a server of pictures that has it in every address
    r"emojis?|badges?|1x1|profile|author|headshots?|social-(?:card|icon|image)|share-?image|og-?default)"
    r"(?:$|[/_.\s\d-])|\.svg$|\.ico$",
    re.IGNORECASE,
)
_LAZY = ("data-src", "data-lazy-src", "data-original", "src")
_IN_SIZES = re.compile(r"(\S+)\s+(\d{1,5})w(?=\s*(?:,|$))")
_SIZE_IN_NAME = re.compile(r"(?:[-_@]\d{2,4}x\d{2,4}|-scaled|[-_]\d{3,4}w?)?\.\w{2,5}$")


class FoundPicture(NamedTuple):
    """An absolute address, and the words the page gives for those who do not see the picture ("" when it has none)."""

    address: str
    alt: str


def choose_pictures(
    tree: HtmlElement, linked: dict[str, Any], meta: dict[str, str], address: str | None
) -> tuple[FoundPicture, ...]:
    """At most three candidates, best first. `linked` is the page's article in JSON-LD, `meta` its meta tags."""
    logo = next(_linked((linked.get("publisher") or {}).get("logo")), "") if _is_object(linked.get("publisher")) else ""
    stated = [*_linked(linked.get("image")), *_linked(linked.get("thumbnailUrl")), *_shared(meta)]
    images = _images(tree)
    alts = {_stem(source): alt for source, alt in images if _tells(alt)}
    for name in ("og:image", "twitter:image"):
        if meta.get(name) and meta.get(f"{name}:alt"):
            alts.setdefault(_stem(meta[name]), meta[f"{name}:alt"])
    chosen: dict[str, FoundPicture] = {}
    for source in [*stated, *_big(tree)]:
        target = absolute(source, address) if source and source != logo else None
        if target and may_be_picture(target):
            chosen.setdefault(_stem(target), FoundPicture(target, clean_line(alts.get(_stem(target), ""), 300)))
    return tuple(chosen.values())[:MOST_PICTURES]


def may_be_picture(address: str) -> bool:
    """Whether an absolute address may lead to the picture of an article: by its name it is no logo, face or counter."""
    try:
        parts = urlsplit(address)
        return not _NO_PICTURE.search(parts.path) and "avatar" not in (parts.hostname or "")
    except ValueError:
        return False


def pictures_in(tree: HtmlElement, address: str | None) -> Iterator[FoundPicture]:
    """The images among somebody's words, in their order: for words that are known to be the article's own."""
    for image in list(tree.iter("img"))[:_MOST_IMAGES]:
        target = absolute(source, address) if (source := _source(image)) else None
        sizes = (pixels_stated(image.get("width")), pixels_stated(image.get("height")))
        is_small = any(0 < size < least for size, least in zip(sizes, LEAST_PICTURE, strict=True))
        if target and not is_small and may_be_picture(target) and not _NO_PICTURE.search(image.get("class", "")):
            alt = image.get("alt", "").strip()
            yield FoundPicture(target, clean_line(alt, 300) if _tells(alt) else "")


def _linked(value: Any) -> Iterator[str]:
    """Addresses of an image in JSON-LD: a string, an object, or a list of them; landscape ones first."""
    values = value[:10] if isinstance(value, list) else [value]
    found = [(_address_of(each), _is_landscape(each)) for each in values]
    yield from (address for address, _ in sorted(found, key=lambda pair: not pair[1]) if address)


def _address_of(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("url") or value.get("contentUrl") or value.get("@id")
    value = value[0] if isinstance(value, list) and value else value
    return value[:2_000] if isinstance(value, str) else ""


def _is_landscape(value: Any) -> bool:
    """Whether it states to be wider than high; pages list the same picture in several shapes."""
    width, height = (
        (pixels_stated(value.get(side)) for side in ("width", "height")) if isinstance(value, dict) else (0, 0)
    )
    return width > height > 0


def _shared(meta: dict[str, str]) -> Iterable[str]:
    if 0 < pixels_stated(meta.get("og:image:width")) < _HIGH:
        return ()
    names = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
    return (meta[name] for name in names if meta.get(name))


def _images(tree: HtmlElement) -> list[tuple[str, str]]:
    """Source and alternative text of the page's images."""
    return [(_source(image), image.get("alt", "").strip()) for image in list(tree.iter("img"))[:_MOST_IMAGES]]


def _tells(alt: str) -> bool:
    """Whether it says what is to be seen: several words, not the name of a file."""
    return len(alt) >= 10 and " " in alt


def _big(tree: HtmlElement) -> Iterator[str]:
    """Images in the article that say they are big, or stand in a figure and do not say they are small."""
    part = next((found for name in ("article", "main", "body") for found in tree.iter(name)), tree)
    for image in list(part.iter("img"))[:_MOST_IMAGES]:
        around = {str(element.tag) for element in image.iterancestors()}
        names = f"{image.get('class', '')} {image.get('alt', '')}"
        if around & {"header", "footer", "nav", "aside", "noscript"} or _NO_PICTURE.search(names):
            continue
        width, height = pixels_stated(image.get("width")), pixels_stated(image.get("height"))
        is_stated = width >= _WIDE and height >= _HIGH
        is_in_figure = not width and bool(around & {"figure", "picture"})
        if is_stated or is_in_figure or max(_sizes(image), default=(0, ""))[0] >= _WIDE:
            yield _source(image)


def _source(image: HtmlElement) -> str:
    """The largest of its sizes that is not huge, else where its address is kept until it is scrolled to."""
    sizes = [size for size in _sizes(image) if size[0] <= _WIDEST]
    if sizes:
        return max(sizes)[1]
    return next((image.get(name, "") for name in _LAZY if not image.get(name, "data:").startswith("data:")), "")


def _sizes(image: HtmlElement) -> list[tuple[int, str]]:
    written = image.get("srcset") or image.get("data-srcset") or ""
    return [(int(width), source) for source, width in _IN_SIZES.findall(written[:10_000])]


def _stem(source: str) -> str:
    """The name of the file without size and ending: the same picture in another size has the same one."""
    try:
        return _SIZE_IN_NAME.sub("", urlsplit(source).path.rpartition("/")[2]).casefold() or source
    except ValueError:
        return source


def pixels_stated(value: Any) -> int:
    """A width or height as markup has it, in pixels; 0 for anything else."""
    found = re.match(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", str(value if value is not None else ""))
    return int(found[1]) if found else 0


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)
