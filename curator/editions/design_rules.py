"""What a design that people wrote must hold to before it is saved or sent, judged on the page it makes. Pure.

A mail may be read anywhere: nothing in it may run or be fetched in secret, and every reader must be able to leave.
"""

import re
from collections.abc import Iterator

from lxml import etree

from curator.editions.slots import Marks

_FORBIDDEN = frozenset(
    {"script", "form", "input", "button", "textarea", "select", "iframe", "frame", "object", "embed", "applet", "svg",
     "math", "link", "base", "audio", "video"}
)  # fmt: skip
_FULL = re.compile(r"\s*(https?://|data:)", re.IGNORECASE)  # what data: is, is said below
_RUNS = re.compile(r"\s*(javascript|vbscript|data):", re.IGNORECASE)
_IMPORT = re.compile(r"@import|(expression|url|image-set)\s*\(", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(?=\S)|/\*.*?\*/", re.DOTALL)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def faults_of(html: str, marks: Marks) -> list[str]:
    """Why the page may not be sent, in sentences that say what to change; an empty list when it may."""
    page = etree.HTML(html)
    if page is None or page.find("body") is None:
        return ["The design has no <body>. Start from a copy of one that comes with Curator."]
    return list(dict.fromkeys([*_ways_out(page, marks), *_what_runs(page), *_styles(page)]))


def advice_on(html: str) -> list[str]:
    """What would make the page better for some readers, in sentences; the design can be saved all the same."""
    page = etree.HTML(html)
    return [] if page is None else list(dict.fromkeys(_what_is_missing(page)))


def _ways_out(page: etree._Element, marks: Marks) -> Iterator[str]:
    """A link that can be seen: an address in a comment, or on nothing, lets nobody leave."""
    if not any("leave" in marks.names(anchor.get("href", "")) and _is_seen(anchor) for anchor in page.iter("a")):
        yield 'There is no way to unsubscribe. Put <a href="{{ addresses.leave }}">{{ wording.leave }}</a> in.'


def _is_seen(anchor: etree._Element) -> bool:
    is_hidden = any(_HIDDEN.search(one.get("style", "")) for one in (anchor, *anchor.iterancestors()))
    return bool("".join(str(text) for text in anchor.itertext()).strip()) and not is_hidden


def _what_runs(page: etree._Element) -> Iterator[str]:
    for element in page.iter(etree.Element):
        name = str(element.tag).rpartition(":")[2].lower()
        if name in _FORBIDDEN:
            yield f"<{name}> does not work in mail, or is taken for an attack. Take it out."
        if name == "meta" and element.get("http-equiv", "").strip().lower() == "refresh":
            yield "<meta http-equiv=refresh> takes readers elsewhere by itself. Take it out."
        if name == "img" and not _FULL.match(element.get("src", "")):
            yield f"The <img> of “{element.get('src', '')[:60]}” has no full address. Begin it with https://."
        for attribute, value in ((str(key), str(worth)) for key, worth in element.attrib.items()):
            if attribute.lower().startswith("on"):
                yield f"{attribute}=… on <{name}> is a script. Take it out."
            if attribute.lower() in ("href", "src", "background", "action") and _RUNS.match(value):
                yield f"{attribute}=“{value[:30]}” on <{name}> does not work in mail. Use an https address."


def _styles(page: etree._Element) -> Iterator[str]:
    texts = [style.text or "" for style in page.iter("style")]
    texts += [element.attrib.get("style", "") for element in page.iter(etree.Element)]
    if any(_IMPORT.search(_ESCAPED.sub(_plain, text)) for text in texts):
        yield "A style fetches something (@import or url(…)). Take it out; put pictures into <img>."


def _plain(escape: re.Match[str]) -> str:
    """What a browser reads for an escape of a style; nothing for a comment."""
    return chr(int(escape[1], 16) % 0x110000) if escape[1] else ""


def _what_is_missing(page: etree._Element) -> Iterator[str]:
    if not page.get("lang") or not page.get("dir"):
        yield '<html> should say lang="{{ language }}" and dir="{{ direction }}": screen readers go by it.'
    if not (page.findtext(".//title") or "").strip():
        yield "There is no <title>. Put {{ subject }} into one."
    names = {str(meta.get("name", "")).lower() for meta in page.iter("meta")}
    if not {"viewport", "color-scheme"} <= names:
        yield "Without the meta tags of email/shared/head.html phones shrink the mail and dark mode is a guess."
    for image in page.iter("img"):
        if image.get("alt") is None or not image.get("width"):
            yield "An <img> has no alt or no width: with pictures off nobody knows what is there."
    if any(table.get("role") not in ("presentation", "none") for table in page.iter("table")):
        yield 'A <table> has no role="presentation": screen readers read it out as a table.'
