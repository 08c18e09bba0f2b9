"""HTML from strangers: parsed with a bounded depth, sanitised to a short list of tags, turned into text.

Never fetches anything and never keeps script, style, frames, forms, pictures or attributes other than `href`.
"""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import nh3
from lxml import etree, html

from curator.sources.prose import clean_text

_TAGS = {
    *("p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "hr", "br"),
    *("table", "thead", "tbody", "tr", "th", "td", "a", "strong", "em", "b", "i", "code", "sub", "sup", "mark", "q"),
}
_DROPPED = (
    *("script", "style", "noscript", "template", "iframe", "frame", "object", "embed", "applet", "svg", "math"),
    *("form", "button", "input", "select", "textarea", "audio", "video", "canvas", "title", "head"),
)
_BLOCKS = {
    *("p", "div", "section", "article", "main", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt"),
    *("dd", "blockquote", "pre", "hr", "br", "table", "tr", "figure", "figcaption", "body"),
}
_MOST_LINKS = 2_000  # of one body; those after them lose their target
_SCHEMES = ("http", "https", "mailto")
_EMPTY = re.compile(r"<(p|h[2-6]|li|blockquote|ul|ol|em|strong|b|i)>(?:\s|&nbsp;|<br>)*</\1>")


def parse(markup: str) -> html.HtmlElement | None:
    """The document, or None when there is no element in it. Nesting deeper than 255 is cut off by the parser."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        return html.document_fromstring(clean_text(markup).encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, AssertionError):
        return None


def sanitise(markup: str, address: str | None = None) -> str:
    """Safe HTML of blocks and simple inline tags; links are absolute, http(s) or mailto. "" when nothing is left.

    lxml goes first: alone, nh3 needs time quadratic in the depth of nesting.
    """
    tree = parse(markup)
    body = None if tree is None else tree.find("body")
    if body is None:
        return ""
    etree.strip_elements(body, *_DROPPED, with_tail=False)
    for element in body.iter("h1"):
        element.tag = "h2"
    for number, element in enumerate(body.iter("a")):
        if number < _MOST_LINKS:
            _point(element, address)
        else:
            element.attrib.clear()
    cleaned = nh3.clean(
        _inner(body), tags=_TAGS, attributes={"a": {"href"}}, url_schemes=set(_SCHEMES), link_rel="noopener nofollow"
    )
    return _EMPTY.sub("", _EMPTY.sub("", cleaned)).strip()


def text_of(markup: str) -> str:
    """The words of `markup`, one line per block, blocks parted by an empty line."""
    tree = parse(markup)
    return "" if tree is None else "\n\n".join(_lines(tree))


def text_of_element(element: html.HtmlElement) -> str:
    """The words of one element on one line."""
    return " ".join("".join(element.itertext()).split())


def absolute(address: str, base: str | None) -> str | None:
    """`address` seen from the page at `base`: http or https, else None."""
    try:
        joined = urljoin(base or "", address.strip())
        parts = urlsplit(joined)
    except ValueError:
        return None
    return joined if parts.scheme in ("http", "https") and parts.hostname else None


def base_of(tree: html.HtmlElement, address: str | None) -> str | None:
    """What the relative addresses of a page are seen from: its `<base href>`, itself seen from `address`."""
    stated = next((base.get("href") for base in tree.iter("base") if base.get("href")), "")
    return absolute(stated, address) or address if stated else address


def _point(link: html.HtmlElement, address: str | None) -> None:
    """Leave a link nothing but an absolute target, or not even that."""
    target = link.get("href", "").strip()
    link.attrib.clear()
    kept = target if target.lower().startswith("mailto:") else absolute(target, address)
    if kept and not target.startswith("#"):
        link.set("href", kept)


def _inner(body: html.HtmlElement) -> str:
    start = html.tostring(body, encoding="unicode", with_tail=False)
    return str(start[start.index(">") + 1 : start.rindex("</")]) if "</" in start else ""


def _lines(tree: html.HtmlElement) -> Iterator[str]:
    etree.strip_elements(tree, *_DROPPED, with_tail=False)
    pieces: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if element.tag in _BLOCKS and (line := _joined(pieces)):
            yield line
        elif element.tag in ("td", "th"):
            pieces.append(" ")
        pieces.append((element.text if event == "start" else element.tail) or "")
    if line := _joined(pieces):
        yield line


def _joined(pieces: list[str]) -> str:
    line = " ".join("".join(pieces).split())
    pieces.clear()
    return line
