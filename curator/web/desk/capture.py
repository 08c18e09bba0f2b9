"""The capture box: one field that takes an address, a feed, an article's text or its HTML, and never waits.

What was pasted decides; an address becomes a row at once and is read by a worker.
"""

import json
import re
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.errors import Invalid
from curator.issues.compose import current_draft
from curator.settings import get_settings
from curator.sources.intake import Intake, Way, add_address, add_html, add_text
from curator.sources.models import CapturedBy
from curator.web.access import Db, Desk, Editor
from curator.web.desk.asked import is_htmx
from curator.web.desk.finds import count_by_triage
from curator.web.desk.week_list import find_story
from curator.web.pages import fragment

router = APIRouter()

MOST_CHARACTERS = 400_000
FEWEST_CHARACTERS = 80

_ADDRESS = re.compile(r"(?:https?://\S+|(?:[\w-]+\.)+[a-z]{2,24}(?:[:/?#]\S*)?)", re.IGNORECASE)
_FEED = re.compile(r"(?:^|[/.])(?:feeds?|rss|atom)(?:[./?]|$)|\.(?:rss|atom|rdf|xml)(?:\?|$)|feed\.json", re.IGNORECASE)
_HTML = re.compile(
    r"</?(?:!doctype|html|head|body|article|main|section|header|div|figure|p|h[1-6]|[ou]l|li|table|blockquote)\b[^>]*>",
    re.IGNORECASE,
)


class Pasted(StrEnum):
    """What the words in the box are."""

    NOTHING = "nothing"
    ADDRESS = "address"
    FEED = "feed"
    ADDRESSES = "addresses"
    HTML = "html"
    TEXT = "text"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"


def judge(words: str) -> Pasted:
    """What somebody pasted: pure, quick for any length."""
    words = _bare(words)
    if not words:
        return Pasted.NOTHING
    if len(words) > MOST_CHARACTERS:
        return Pasted.TOO_LONG
    if len(words) <= 2_000 and _ADDRESS.fullmatch(words):
        return Pasted.FEED if _FEED.search(words.partition("://")[2] or words) else Pasted.ADDRESS
    if _are_addresses(words):
        return Pasted.ADDRESSES
    if words.startswith("<") and len(_HTML.findall(words[:20_000])) >= 2:
        return Pasted.HTML
    return Pasted.TEXT if len(words) >= FEWEST_CHARACTERS else Pasted.TOO_SHORT


def _bare(words: str) -> str:
    """Without white space and the byte order mark that files begin with."""
    return words.strip("\ufeff \t\r\n").strip()


def _are_addresses(words: str) -> bool:
    lines = words[:20_000].split("\n")
    return len(lines) > 1 and all(_ADDRESS.fullmatch(line.strip()) for line in lines if line.strip())


@router.post("/n/{slug}/capture")
def capture(
    request: Request,
    desk: Editor,
    db: Db,
    words: Annotated[str, Form()] = "",
    address: Annotated[str, Form()] = "",
    article: Annotated[bool, Form()] = False,
) -> Response:
    """Take what was pasted. `address` says where pasted HTML came from; `article` that an address is no feed."""
    kind, words = judge(words), _bare(words)
    if kind == Pasted.FEED and not article and is_htmx(request):
        return fragment(request, "web/desk/maybe_feed.html", desk=desk, address=words)
    taken = _take(db, desk, kind, words, address.strip())
    if not is_htmx(request):
        return RedirectResponse(f"/n/{desk.newsletter.slug}/#article-{taken.article.id}", status_code=303)
    return _answer(request, desk, db, taken)


def _take(db: Db, desk: Desk, kind: Pasted, words: str, address: str) -> Intake:
    newsletter = desk.newsletter
    if kind in (Pasted.ADDRESS, Pasted.FEED):
        return add_address(db, newsletter.id, words, way=Way(CapturedBy.ADDRESS, desk.by))
    if kind == Pasted.HTML:
        way = Way(CapturedBy.HTML, desk.by)
        return add_html(db, newsletter.id, words, address=address or None, timezone=newsletter.timezone, way=way)
    if kind == Pasted.TEXT:
        way = Way(CapturedBy.TEXT, desk.by)
        return add_text(db, newsletter.id, words, timezone=newsletter.timezone, settings=get_settings(), way=way)
    raise Invalid(
        {
            Pasted.NOTHING: "Paste an address, or the text of an article.",
            Pasted.ADDRESSES: "These are several addresses. Paste one at a time, or bring them all as a file: "
            "one to a line, under Sources, Bring in a file.",
            Pasted.TOO_SHORT: "That is neither an address nor an article. Paste a whole address, "
            "or the text of an article with its title on the first line.",
            Pasted.TOO_LONG: f"That is {len(words):,} characters; an article has at most {MOST_CHARACTERS:,}. "
            "Paste only the article, or its address.",
        }[kind]
    )


def _answer(request: Request, desk: Desk, db: Db, taken: Intake) -> HTMLResponse:
    draft = current_draft(db, desk.newsletter.id)
    find = find_story(db, desk.newsletter.id, draft, taken.article, standing=taken.outcome != "same")
    response = fragment(request, "web/desk/captured.html", desk=desk, find=find, draft=draft, taken=taken)
    if taken.outcome == "same":
        response.headers["HX-Reswap"] = "none"
    response.headers["HX-Trigger"] = json.dumps({"counted": count_by_triage(db, desk.newsletter.id)})
    return response
