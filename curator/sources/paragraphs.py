"""The running text of a page by its paragraphs alone: what stands in where extraction found a part of the article.

Knows nothing of layouts: the smallest element that holds most of the page's longer paragraphs is the article.
"""

import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import NamedTuple

from lxml import etree
from lxml.html import HtmlElement

from curator.sources.boilerplate import is_link, names_of
from curator.sources.markup import text_of_element

_SKIPPED = {
    *("script", "style", "noscript", "nav", "footer", "aside", "form", "figure", "template", "svg", "button", "select"),
    *("iframe", "a"),
}
_ELSEWHERE = re.compile(
    r"(?:^|[\s_-])(?:comments?|commentlist|respond|disqus\w*|replies|footer|sidebar|newsletter|related|recommend\w*|"
    r"promo\w*|cookies?|consent|subscri\w+|sign-?up|modal|popup|share|sharing|social|recirc|popular|trending|menu|nav|"
    r"navigation|breadcrumbs?|infinite|outbrain|taboola|teasers?|cta|advert\w*|ads?|carousel|author-?bio|bio|"
    r"read-?more|read-?next|more-from|hidden|sr-only|visually-hidden)(?:$|[\s_-])",
    re.IGNORECASE,
)
_LEAST_WORDS = {"p": 12, "blockquote": 12, "pre": 12, "li": 15}
_HEADINGS = ("h2", "h3", "h4")
_MOST = 0.8  # of the paragraphs' characters are in the article
_ENOUGH = 1_000  # characters; less is as well a teaser or a notice
_MISSING = 0.5
_START, _END = slice(40), slice(-40, None)  # characters by which a paragraph is known again
_LONGER = 1.5


class _Paragraph(NamedTuple):
    element: HtmlElement
    text: str


def fuller_text(tree: HtmlElement, found: str) -> str | None:
    """HTML of the page's paragraphs when `found`, the text that extraction gave, lacks half of them; else None.

    `found` has a line per block. The HTML comes from a stranger and is not sanitised.
    """
    blocks = [_Paragraph(element, text_of_element(element)) for element in _blocks(tree)]
    prose = [block for block in blocks if _is_prose(block)]
    article = _smallest_with_most([block for block in prose if block.element.tag != "li"])
    if article is None:
        return None
    prose = [block for block in prose if article in block.element.iterancestors()]
    starts, ends = ({line[part] for line in found.split("\n")} for part in (_START, _END))
    total = sum(len(text) for _, text in prose)
    known = sum(len(text) for _, text in prose if text[_START] in starts or text[_END] in ends)
    if total < _ENOUGH or known > (1 - _MISSING) * total or total < _LONGER * len(found):
        return None
    return "".join(_html(blocks, article))


def _blocks(element: HtmlElement) -> Iterator[HtmlElement]:
    """Headings, paragraphs and items of lists, outside of menus, comments and boxes; without recursion."""
    waiting = [element]
    while waiting:
        element = waiting.pop()
        if not isinstance(element.tag, str) or element.tag in _SKIPPED or _is_elsewhere(element):
            continue
        if element.tag in _LEAST_WORDS or element.tag in _HEADINGS:
            yield element
        else:
            waiting += reversed(element)


def _is_elsewhere(element: HtmlElement) -> bool:
    if element.tag in ("html", "body", "main", "article"):
        return False
    is_hidden = "hidden" in element.attrib or element.get("aria-hidden") == "true"
    return is_hidden or bool(_ELSEWHERE.search(names_of(element)))


def _is_prose(block: _Paragraph) -> bool:
    least = _LEAST_WORDS.get(str(block.element.tag))
    return bool(least) and len(block.text.split()) >= (least or 0) and not is_link(*block, share=0.5)


def _smallest_with_most(prose: list[_Paragraph]) -> HtmlElement | None:
    """The deepest element around most of the paragraphs."""
    held: Counter[HtmlElement] = Counter()
    for element, text in prose:
        for around in element.iterancestors():
            held[around] += len(text)
    least = _MOST * sum(len(text) for _, text in prose)
    holding = [element for element, characters in held.items() if characters >= least]
    return max(holding, key=lambda element: sum(1 for _ in element.iterancestors()), default=None)


def _html(blocks: list[_Paragraph], article: HtmlElement) -> Iterator[str]:
    """The blocks inside `article`; a heading only where prose follows it."""
    heading: list[_Paragraph] = []
    for block in blocks:
        if article not in block.element.iterancestors():
            continue
        if block.element.tag in _HEADINGS:
            heading = [block]
        elif _is_prose(block):
            yield from (_written(each) for each in (*heading, block))
            heading = []


def _written(block: _Paragraph) -> str:
    copied = deepcopy(block.element)
    etree.strip_tags(copied, "a")
    written: str = etree.tostring(copied, encoding="unicode", method="html", with_tail=False)
    return f"<ul>{written}</ul>" if block.element.tag == "li" else written
