"""OPML 2.0 (opml.org/spec2.opml): lists of feeds from and for other readers. Pure; bounded; never fetches anything.

Read with patience: nested folders, broken markup, attributes in any case. Entities of a document's own are refused.
"""

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from curator.errors import Invalid
from curator.sources.adding import Wanted
from curator.sources.models import Source
from curator.sources.prose import clean_line

LARGEST = 5_000_000
"""Bytes of a list of feeds."""

MOST_FEEDS = 1_000
"""Feeds that one list may bring."""

_SEPARATOR = " / "
_DEEPEST = 10  # folders in folders that are named


def is_opml(head: bytes) -> bool:
    """Whether a file that begins like this is a list of feeds."""
    return re.search(rb"<opml[\s>]", head[:4_000], re.IGNORECASE) is not None


def read_opml(data: bytes) -> list[Wanted]:
    """Every feed in the list, in its order, with the folders around it. `Invalid` when it is no list or too long."""
    if len(data) > LARGEST:
        raise Invalid(f"The file is larger than {LARGEST // 1_000_000} MB. A list of feeds is far smaller.")
    if b"<!ENTITY" in data.replace(b"\0", b""):
        raise Invalid("The file defines entities of its own, which a list of feeds does not need.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or _name(root) != "opml":
        raise Invalid("This is no OPML file. Export your subscriptions as OPML from the other reader.")
    found = list(_feeds(root))
    if not found:
        raise Invalid("There is no feed in this file: no outline of it has an xmlUrl.")
    if len(found) > MOST_FEEDS:
        raise Invalid(f"The list has {len(found):,} feeds; at most {MOST_FEEDS:,} at a time. Split it.")
    return found


def write_opml(title: str, sources: Iterable[Source]) -> bytes:
    """The sources as a list other readers take, folders as they were."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = clean_line(title)
    body = etree.SubElement(root, "body")
    folders: dict[tuple[str, ...], etree._Element] = {(): body}
    for source in sources:
        path = tuple(part for part in source.folder.split(_SEPARATOR) if part)
        for depth in range(1, len(path) + 1):
            if path[:depth] not in folders:
                parent = folders[path[: depth - 1]]
                folders[path[:depth]] = etree.SubElement(parent, "outline", text=path[depth - 1])
        shown = clean_line(source.title or source.address)
        outline = etree.SubElement(folders[path], "outline", type="rss", text=shown, title=shown)
        outline.set("xmlUrl", source.address)
        if source.site_address:
            outline.set("htmlUrl", source.site_address)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return document


def _feeds(root: etree._Element) -> Iterator[Wanted]:
    """Walked by hand, not by recursion: how deep a file nests is not ours to choose."""
    folders: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if _name(element) != "outline":
            continue
        if event == "end":
            folders.pop()
            continue
        given = {str(name).lower(): str(value) for name, value in element.attrib.items()}
        title = given.get("title") or given.get("text") or ""
        if address := given.get("xmlurl", "").strip():
            site = given.get("htmlurl", "").strip()
            folder = _SEPARATOR.join(filter(None, folders[:_DEEPEST]))
            yield Wanted(address, title, _web_address(site), folder, element.sourceline or 0)
        folders.append("" if address else clean_line(title, 60).replace(_SEPARATOR, " "))


def _web_address(text: str) -> str | None:
    return text if re.match(r"https?://[^\s<>\"]{1,1990}$", text, re.IGNORECASE) else None


def _name(element: etree._Element) -> str:
    """The local name in lower case; "" for comments and instructions."""
    return str(element.tag).rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
