"""The two ends of an article's body: its own title, name and date above it, what a site adds below it.

Looks at few blocks at each end and never at the middle; what is in doubt stays.
"""

import re
from collections.abc import Iterable

from lxml import html
from lxml.html import HtmlElement

from curator.sources.markup import text_of_element

_MOST_ABOVE = 6  # blocks looked at
_MOST_BELOW = 8
_LEAST_LEFT = 3  # blocks that stay in any case
_LONGEST_ABOVE = 14  # words; longer is prose, unless it is the title
_LONGEST_BELOW = 45
_BYLINE = re.compile(r"(?i:by|door|von|par|por|di)\s+[^\W\d_a-zß-ÿ].*[^.!?]")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DAY = re.compile(r"\b\d{1,2}\b")
_READING_TIME = re.compile(
    r"(?:tempo de leitura|leestijd|reading time|lesezeit|temps de lecture)\b.*|\d+ min(?:ute)?s? read", re.I
)
_BELOW = re.compile(
    r"\W*(?:(?:to )?read (?:more|the full)\b|continue reading|subscribe\b|sign up\b|follow\s|join (?:us|our|the)\b|"
    r"click here|download (?:the|our)|get (?:the|our)\b|listen (?:to|live)\b|have a tip|got a tip|if you enjoyed|"
    r"filed under|posted in|tags?\s*:|comments?$|share this|like this|citation:|reporting by\b|editing by\b|"
    r"contact (?:the|us)\b|copyright|©|this post may contain|"
    r"abonneer|schrijf je in|meld je aan|volg (?:ons|\w+ op)|deel dit|abonnieren|folgen sie|abonnez-vous|suivez)",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(
    r"contributed to this (?:report|story|article)|all rights reserved|alle rechten voorbehouden|©|"
    r"\b(?:subscribe|sign up)\b.*\bnewsletter|\bfollow\b.*\bon (?:twitter|facebook|instagram)",
    re.IGNORECASE,
)
_NO_WORDS = re.compile(r"[\W_]*")


def trim_ends(body: str, titles: Iterable[str]) -> str:
    """Sanitised `body` without its own title (any of `titles`), facts about itself and a site's calls at the end."""
    if not body:
        return body
    tree = html.fragment_fromstring(body, create_parent="div")
    _trim_above(tree, {folded for title in titles if (folded := _folded(title))})
    _trim_below(tree)
    written: str = html.tostring(tree, encoding="unicode")
    return written[len("<div>") : -len("</div>")].strip()


def _trim_above(tree: HtmlElement, titles: set[str]) -> None:
    for element in list(tree)[:_MOST_ABOVE]:
        text = text_of_element(element)
        is_title = _folded(text) in titles
        if not is_title and len(text.split()) > _LONGEST_ABOVE:
            return
        if is_title or _is_fact(text):
            element.drop_tree()


def _trim_below(tree: HtmlElement) -> None:
    for element in list(reversed(tree))[:_MOST_BELOW]:
        if len(tree) <= _LEAST_LEFT or not _is_added(element, text_of_element(element)):
            return
        element.drop_tree()


def _is_fact(text: str) -> bool:
    """A line that says who, when or how long, and is no sentence."""
    words = len(text.split())
    is_date = bool(_YEAR.search(text) and _DAY.search(text)) and not text.endswith((".", "!", "?"))
    return (words <= 9 and is_date) or (words <= 8 and bool(_BYLINE.fullmatch(text) or _READING_TIME.fullmatch(text)))


def _is_added(element: HtmlElement, text: str) -> bool:
    """A heading with nothing under it, a line without words, a call to subscribe, follow or share."""
    if element.tag in ("h2", "h3", "h4", "h5", "h6", "hr") or _NO_WORDS.fullmatch(text):
        return True
    is_short = len(text.split()) <= _LONGEST_BELOW
    return is_short and bool(_BELOW.match(text) or _ANYWHERE.search(text))


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
