"""The small window that the bookmark button opens: this page, into the next issue or among the candidates.

A GET only shows; one press of a button adds. Works from any page, because only its address comes along.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid
from curator.issues.compose import add_item, create_issue, current_draft
from curator.issues.models import Issue, Section
from curator.issues.seen import SeenBefore, published_before
from curator.settings import get_settings
from curator.sources.identity import address_key, checked_address
from curator.sources.intake import LONGEST_QUOTE, Way, add_address
from curator.sources.models import Article, CapturedBy
from curator.sources.prose import clean_line
from curator.sources.record import find_same
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.desk.asked import is_htmx
from curator.web.desk.finds import Find
from curator.web.desk.week_list import find_story
from curator.web.pages import page

router = APIRouter()

NEW_ISSUE = "new"
"""Instead of the number of a section: start an issue first."""


@dataclass(frozen=True)
class Brought:
    """The page somebody looks at: its address as given, its title and what they marked on it."""

    url: str
    title: str
    selection: str
    problem: str = ""

    @property
    def host(self) -> str:
        """Whose page it is, for people."""
        return (urlsplit(self.url).hostname or "").removeprefix("www.") if not self.problem else ""

    @property
    def question(self) -> str:
        """The same as the query of an address."""
        return urlencode({"url": self.url, "title": self.title, "selection": self.selection}, quote_via=quote)


@router.get("/n/{slug}/add")
def window(
    request: Request, desk: Editor, db: Db, url: str = "", title: str = "", selection: str = "", done: bool = False
) -> HTMLResponse:
    """What is known of the page, and where it can go."""
    return _window(request, desk, db, _brought(url, title, selection), done=done)


@router.post("/n/{slug}/add")
def add(
    request: Request,
    desk: Editor,
    db: Db,
    url: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    selection: Annotated[str, Form()] = "",
    section: Annotated[str, Form()] = "",
) -> Response:
    """Take the page in, and put it in a section of the draft when one was pressed."""
    brought = _brought(url, title, selection)
    if brought.problem:
        raise Invalid(brought.problem)
    way = Way(CapturedBy.BOOKMARKLET, desk.by)
    article = add_address(
        db, desk.newsletter.id, brought.url, title=brought.title, quote=brought.selection, way=way
    ).article
    if section:
        _place(db, desk, article, section)
    if is_htmx(request):
        return _window(request, desk, db, brought, done=True)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/add?{brought.question}&done=true", status_code=303)


@router.get("/n/{slug}/bookmarklet")
def bookmarklet(request: Request, desk: Viewer) -> HTMLResponse:
    """How to put the button in a browser."""
    return page(request, "web/desk/bookmarklet.html", desk=desk, current="this-week", script=script_for(desk))


def script_for(desk: Desk) -> str:
    """The bookmark: opens our own page in a small window, so no policy of the page it is pressed on is in the way."""
    there = f"{get_settings().public_url}/n/{quote(desk.newsletter.slug)}/add"
    return (
        "javascript:(()=>{const e=encodeURIComponent,u='"
        + there
        + "?url='+e(location.href)+'&title='+e(document.title)"
        f"+'&selection='+e(String(getSelection()).slice(0,{LONGEST_QUOTE}));"
        "open(u,'','popup,width=560,height=760')||location.assign(u)})()"
    )


def _brought(url: str, title: str, selection: str) -> Brought:
    title, selection = clean_line(title), clean_line(selection, LONGEST_QUOTE)
    try:
        return Brought(checked_address(url), title, selection)
    except Invalid as refusal:
        return Brought(url[:200], title, selection, refusal.message)


def _place(db: Session, desk: Desk, article: Article, section: str) -> None:
    """Put the article in the section of this number; with `NEW_ISSUE` in the first one of an issue made for it."""
    draft = current_draft(db, desk.newsletter.id)
    if draft is None and section == NEW_ISSUE:
        draft = create_issue(db, desk.newsletter.id, "", by=desk.by)
        section = str(draft.sections[0].id) if draft.sections else ""
    wanted = next((one for one in (draft.sections if draft else ()) if str(one.id) == section), None)
    if draft is None or wanted is None:
        raise Conflict("That section is not in the draft any more. Press the bookmark button once more.")
    add_item(db, draft.id, article.id, wanted.name, by=desk.by)


def _window(request: Request, desk: Desk, db: Session, brought: Brought, *, done: bool) -> HTMLResponse:
    draft = current_draft(db, desk.newsletter.id)
    find, seen = (None, None) if brought.problem else _known(db, desk, brought, draft)
    return page(
        request,
        "web/desk/add_part.html" if is_htmx(request) else "web/desk/add.html",
        desk=desk,
        brought=brought,
        draft=draft,
        first=_first_with_room(draft) if draft else None,
        find=find,
        seen=seen,
        done=done,
    )


def _known(db: Session, desk: Desk, brought: Brought, draft: Issue | None) -> tuple[Find | None, SeenBefore | None]:
    """The article we have of this page, and the issue it was published in: found by the same key."""
    key = address_key(brought.url)
    article = find_same(db, desk.newsletter.id, key, None)
    if article is None:
        return None, published_before(db, desk.newsletter.id, [key]).get(key)
    find = find_story(db, desk.newsletter.id, draft, article)
    return find, find.seen or published_before(db, desk.newsletter.id, [key]).get(key)


def _first_with_room(draft: Issue) -> Section | None:
    """The section the next article most likely belongs in: the first below its minimum, else below its maximum."""
    for bound in ("minimum", "maximum"):
        for section in draft.sections:
            limit = getattr(section, bound)
            if limit is not None and len(section.items) < limit:
                return section
    return draft.sections[0] if draft.sections else None
