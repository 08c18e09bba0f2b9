"""Files of links: a browser's bookmarks (Netscape HTML) and rows of a table. Pure, streamed, bounded."""

import codecs
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import IO, NamedTuple

from curator.errors import Invalid
from curator.sources.prose import clean_line

MOST_LINKS = 5_000
"""Links that one file may bring."""

LARGEST = 20_000_000
"""Bytes of a file of links."""

_PIECE = 65_536
_LONGEST_TAG = 262_144  # characters a tag may go on for: bookmarks carry their icons inside
_LONGEST_END = 4_000  # characters of an unfinished tag at the end, which the parser looks through again and again
_MOST_TAGS = 500_000  # ten times those of as many links as a file may bring, with folders around each
_HEADINGS = {
    "address": ("url", "address", "link", "href", "uri", "adres", "webadres", "weblink", "location"),
    "title": ("title", "titel", "name", "naam", "headline", "kop", "text"),
    "quote": ("quote", "excerpt", "selection", "highlight", "citaat", "note", "notes", "description", "notitie"),
    "tags": ("tags", "tag", "labels", "label", "folder", "keywords"),
}
_BOOKMARKS = re.compile(rb"(?is)netscape-bookmark-file|<dl[\s>].*<dt>|\A<(?:!doctype html|html|[uo]l)\b.*<a\s[^>]*href")
_FORMULA = re.compile(r"^'(?=[=+\-@\t\r])")  # how a spreadsheet is kept from computing: not part of the words


class Link(NamedTuple):
    """One link of a file. `line` is where it stands, from 1; `problem` is empty when the line could be read."""

    line: int
    address: str
    title: str = ""
    quote: str = ""
    tags: tuple[str, ...] = ()
    problem: str = ""


def is_bookmarks(head: bytes) -> bool:
    """Whether a file that begins like this is a browser's bookmarks, or any page of links."""
    return re.search(_BOOKMARKS, head[:8_000].lstrip(b"\xef\xbb\xbf \t\r\n")) is not None


def read_bookmarks(file: IO[bytes]) -> Iterator[Link]:
    """Every bookmark with its title and tags, read piece by piece. Bookmarks that are programs are passed over."""
    reader = _Bookmarks()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    tags = 0
    while piece := file.read(_PIECE):
        tags += piece.count(b"<")
        if tags > _MOST_TAGS:
            raise Invalid("The file has more tags than bookmarks need. Export the bookmarks again, or split them.")
        reader.feed(decoder.decode(piece))
        _refuse_endless(reader, _LONGEST_TAG)
        yield from reader.taken()
    _refuse_endless(reader, _LONGEST_END)
    reader.close()
    yield from reader.taken()


def _refuse_endless(reader: HTMLParser, longest: int) -> None:
    if len(reader.rawdata) > longest:
        raise Invalid(f"A tag near line {reader.getpos()[0]} has no end. Export the bookmarks again.")


def links_in_rows(rows: Iterable[tuple[int, list[str], str]]) -> Iterator[Link]:
    """Links of a table's rows (line, cells, problem): by its headings, else the first cell that is an address."""
    places: dict[str, int] | None = None
    for line, cells, problem in rows:
        if problem:
            yield Link(line, "", problem=problem)
            continue
        if places is None:
            places = _places(cells)
            if places:
                continue
        yield _link(line, [_FORMULA.sub("", cell.strip()) for cell in cells], places)


def _places(cells: list[str]) -> dict[str, int]:
    """Which column is what, when these are headings; {} when they are the first link already."""
    names = [re.sub(r"[^a-z]", "", cell.lower()) for cell in cells]
    found = {field: names.index(name) for field, known in _HEADINGS.items() for name in known[::-1] if name in names}
    return found if "address" in found else {}


def _link(line: int, cells: list[str], places: dict[str, int]) -> Link:
    if not places:
        at = next((n for n, cell in enumerate(cells) if re.match(r"https?://", cell, re.IGNORECASE)), None)
        if at is None:
            return Link(line, cells[0][:300] if cells else "", problem="There is no web address on this line.")
        title = next((cell for n, cell in enumerate(cells) if n != at and cell), "")
        return Link(line, cells[at], title)
    given = {field: cells[place] for field, place in places.items() if place < len(cells)}
    tags = tuple(part for part in re.split(r"[,;|]", given.get("tags", "")) if part.strip())
    if not given.get("address"):
        return Link(line, "", given.get("title", ""), problem="There is no web address on this line.")
    return Link(line, given["address"], given.get("title", ""), given.get("quote", ""), tags)


class _Bookmarks(HTMLParser):
    """Collects `<A HREF>` with the words up to `</A>`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._found: list[Link] = []
        self._open: Link | None = None
        self._words: list[str] = []

    def taken(self) -> list[Link]:
        """What was found since the last time."""
        found, self._found = self._found, []
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            return
        self._finish()
        given = {name: value or "" for name, value in attrs}
        address = given.get("href", "").strip()
        if re.match(r"(?:javascript|data|place|chrome|about|file|edge):", address, re.IGNORECASE) or not address:
            return
        tags = tuple(part for part in given.get("tags", "")[:2_000].split(",") if part.strip())
        self._open, self._words = Link(self.getpos()[0], address, tags=tags), []

    def handle_data(self, data: str) -> None:
        if self._open is not None and sum(map(len, self._words)) < 2_000:
            self._words.append(data[:2_000])

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._finish()

    def close(self) -> None:
        super().close()
        self._finish()

    def _finish(self) -> None:
        if self._open is not None:
            self._found.append(self._open._replace(title=clean_line("".join(self._words))))
            self._open = None
