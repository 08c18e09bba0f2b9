"""The article's own HTML in a parsed page, sanitised: by trafilatura, and by paragraphs where that finds only a part.

Never changes the tree it is given. A page without an article has the body "".
"""

from collections.abc import Iterable
from copy import deepcopy
from html import escape
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from curator.sources.boilerplate import remove_boilerplate
from curator.sources.markup import sanitise, text_of, text_of_element
from curator.sources.paragraphs import fuller_text
from curator.sources.prose import count_words
from curator.sources.trim import trim_ends

MOST_ELEMENTS = 15_000
"""Elements of a page that is looked through for its article, at half a millisecond each; news pages have 1,000."""

_STATED_WORDS = 100
_STATED_LONGER = 1.5


def read_body(tree: HtmlElement, address: str | None, titles: Iterable[str] = (), stated: str = "") -> str:
    """The article without its `titles`. `stated`: the text that the page gives machines, for where it shows none."""
    titles = [*titles, *(text_of_element(heading) for heading in list(tree.iter("h1"))[:20])]
    if is_large(tree):
        return trim_ends(_marked_body(tree, address), titles)
    cleaned = deepcopy(tree)
    remove_boilerplate(cleaned)
    body = _extracted(cleaned, address)
    fuller = fuller_text(cleaned, text_of(body))
    if fuller:
        body = sanitise(fuller, address)
    if count_words(stated) >= max(_STATED_WORDS, _STATED_LONGER * count_words(text_of(body))):
        body = sanitise(_paragraphs(stated), address)
    return trim_ends(body, titles)


def is_large(tree: HtmlElement) -> bool:
    """Whether looking through all of the page would take minutes."""
    return sum(1 for _ in tree.iter()) > MOST_ELEMENTS


def _extracted(tree: HtmlElement, address: str | None) -> str:
    """What trafilatura takes for the article. Links are left out: kept, they cost precision."""
    from trafilatura import bare_extraction
    from trafilatura.htmlprocessing import convert_to_html

    document: Any = bare_extraction(
        deepcopy(tree), url=address, fast=True, include_comments=False, include_formatting=True
    )
    if document is None or document.body is None:
        return ""
    return sanitise(etree.tostring(convert_to_html(document.body), encoding="unicode"), address)


def _marked_body(tree: HtmlElement, address: str | None) -> str:
    """What the page marks as its article, whole: extraction of very large pages would take minutes."""
    part = next((found for name in ("article", "main", "body") for found in tree.iter(name)), tree)
    part = deepcopy(part)
    etree.strip_elements(part, "nav", "header", "footer", "aside", with_tail=False)
    return sanitise(etree.tostring(part, encoding="unicode", method="html", with_tail=False), address)


def _paragraphs(stated: str) -> str:
    """A stated text as HTML; some pages state HTML, and what only looks like it is sanitised all the same."""
    if "</p>" in stated:
        return stated
    return "".join(f"<p>{escape(line, quote=False)}</p>" for line in stated.split("\n") if line.strip())
