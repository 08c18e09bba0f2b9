"""What pages put around and into their articles, taken out of a parsed page before its article is looked for.

General signs only: what boxes are called, and lines that are nothing but links. No rule knows a site. Posts of other
people that an article shows (tweets) are part of it: they lose the wrapping that extraction would drop them for.
"""

import re

from lxml.html import HtmlElement

from curator.sources.markup import text_of_element

_BOXES = (
    r"newsletters?|related|recommend(?:ed|ations?)|promos?|cookies?|consent|sign-?up|recirc\w*|most-popular|trending|"
    r"outbrain|taboola|teasers?|latest-news|read-?next|more-from|you-may-like|also-like"
)
_BOX = re.compile(rf"(?:^|[\s_-])(?:{_BOXES})(?:$|[\s_-])", re.IGNORECASE)
_CAPTION = re.compile(r"(?:^|[\s_-])(?:captions?|credits?)(?:$|[\s_-])", re.IGNORECASE)
_HUMP = re.compile("([a-z])([A-Z])")
_BESIDE = {"left", "right", "sidebar", "secondary", "rightcol", "right-column"}
_REFERENCE = re.compile(
    r"\W*(?:read(?: more| also| next| the full)?\b|also read|must read|see also|more(?: on| from)?\s*:|"
    r"related(?: (?:articles?|stor(?:y|ies)|posts?|reading|coverage))?\b|watch(?: (?:now|live|more|the video))?\s*:|"
    r"(?:don.t|do not) miss|you (?:may|might) (?:also )?(?:like|be interested)|recommended\b|up next|explore further|"
    r"further reading|click here|subscribe|sign up|get (?:the|our)|join (?:our|us)|"
    r"follow (?:us|him|her|me|them|the|our|\w+ on)|"
    r"lees (?:ook|verder|meer)|zie ook|meer (?:over|lezen)|lesen sie auch|mehr (?:dazu|zum thema)|siehe auch|"
    r"lire aussi|à lire|voir aussi|leia (?:mais|também)|veja também|saiba mais|lea también|le(?:er|e) más|ver también|"
    r"leggi anche|vedi anche|czytaj (?:też|także|również|więcej)|zobacz też|läs (?:också|mer)|læs også|les også|"
    r"читайте также|см\. также|смотрите также)",
    re.IGNORECASE,
)
_LONGEST_REFERENCE = 30  # words
_LONGEST_CAPTION = 80
_LONGEST_LINE = 500  # characters; of longer ones the words are not looked at
_LARGEST_BOX = 0.3  # of the page's text: more is the article, whatever its box is called
_LARGEST_SIDE = 0.5
_BLOCKS = {
    *("p", "div", "section", "article", "ul", "ol", "li", "table", "blockquote", "pre", "figure", "aside", "header"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "footer", "main", "form", "dl"),
}


def remove_boilerplate(tree: HtmlElement) -> None:
    """Take boxes, captions and references to other articles out of `tree`; the text around them stays."""
    _keep_posts(tree)
    _remove_captions(tree)
    _remove_boxes(tree)
    _remove_references(tree)
    _remove_lists_of_links(tree)


def names_of(element: HtmlElement) -> str:
    """Its classes and id with the words apart: `relatedItems` is `related-Items`."""
    if not element.attrib:
        return ""
    names = f"{element.get('class', '')} {element.get('id', '')}"[:1_000]
    return names if names.islower() else _HUMP.sub(r"\1-\2", names)


def is_link(element: HtmlElement, text: str, share: float = 0.9) -> bool:
    """Whether `text` of the element is nothing but links, or `share` of it."""
    linked = sum(len(text_of_element(link)) for link in element.iter("a"))
    return linked > 0 and linked >= share * len(text.rstrip(".… :!"))


def _keep_posts(tree: HtmlElement) -> None:
    for post in tree.iter("blockquote"):
        if "tweet" not in post.get("class", ""):
            continue
        longest = _length(post) + 80
        post.attrib.clear()
        for around in list(post.iterancestors())[:5]:
            if around.tag in ("body", "article", "main") or _length(around) > longest:
                break
            around.attrib.clear()


def _remove_captions(tree: HtmlElement) -> None:
    for caption in list(tree.iter("figcaption")):
        _drop(caption)
    for element in list(tree.iter("p", "div", "span", "small", "em")):
        if not _CAPTION.search(names_of(element)) or _length(element) > _LONGEST_CAPTION * 10:
            continue
        if len(text_of_element(element).split()) < _LONGEST_CAPTION:
            _drop(element)


def _remove_boxes(tree: HtmlElement) -> None:
    """Boxes with a telling name, and columns beside, unless the headline or much of the text is in them."""
    longest = _length(tree)
    for element in list(tree.iter("div", "section", "aside", "ul", "ol", "p", "form")):
        is_beside = element.get("id") in _BESIDE
        if not is_beside and not _BOX.search(names_of(element)):
            continue
        share = _LARGEST_SIDE if is_beside else _LARGEST_BOX
        if element.find(".//h1") is None and _length(element) < share * longest:
            _drop(element)


def _remove_references(tree: HtmlElement) -> None:
    """Lines that lead elsewhere: "Read also: …" with a link, "DON'T MISS", a link in capitals."""
    for element in list(tree.iter("p", "h2", "h3", "h4", "h5", "h6", "div", "li")):
        if element.tag == "div" and any(child.tag in _BLOCKS for child in element):
            continue
        text = _short_text(element)
        words = len(text.split())
        if not text or words > _LONGEST_REFERENCE:
            continue
        if _REFERENCE.match(text):
            if is_link(element, text, 0.3) or (element.tag != "p" and words < 6):
                _drop(element)
        elif words > 2 and text.isupper() and is_link(element, text):
            _drop(element)


def _remove_lists_of_links(tree: HtmlElement) -> None:
    """Paragraphs in a row, each a link and no more, with the short line over them."""
    for parent in list(tree.iter("div", "section", "article", "main")):
        row: list[HtmlElement] = []
        for child in [*parent, None]:
            if child is not None and _is_mere_link(child):
                row.append(child)
            elif child is None or child.tag not in ("br", "hr"):
                _drop_row(row)
                row = []


def _is_mere_link(element: HtmlElement) -> bool:
    text = _short_text(element) if element.tag == "p" else ""
    return 0 < len(text.split()) <= _LONGEST_REFERENCE and is_link(element, text)


def _drop_row(row: list[HtmlElement]) -> None:
    if len(row) < 2:
        return
    over = row[0].getprevious()
    if over is not None and over.tag in ("p", "h2", "h3", "h4", "h5") and len(text_of_element(over).split()) <= 6:
        row = [over, *row]
    for element in row:
        _drop(element)


def _short_text(element: HtmlElement) -> str:
    """The words of a line; "" when it is longer, so that a page of nested elements costs no more than a flat one."""
    return text_of_element(element) if _length(element) <= _LONGEST_LINE else ""


def _length(element: HtmlElement) -> float:
    """Characters of its text, white space included: counted by libxml2, a hundred times as fast as joining them."""
    return float(element.xpath("string-length(.)"))


def _drop(element: HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()
