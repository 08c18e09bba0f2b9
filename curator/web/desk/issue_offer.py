"""What may be added to a section: the articles of the week and those kept on the shelf."""

from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from curator.issues.shelf import MOST_WEEKS, on_shelf, shelve, take_off
from curator.sources.triage import candidates
from curator.web.access import Db, Desk, Editor
from curator.web.desk.asked import is_htmx, wants_json
from curator.web.desk.composer import is_editable, issue_of, section_of
from curator.web.desk.finds import load_finds
from curator.web.pages import page

router = APIRouter()
OFFERED = 60
KEPT_WEEKS = (4, 12, 26, 52)
"""How long the desk offers to keep an article on the shelf."""


@router.get("/n/{slug}/issues/{number}/finds")
def offer(
    request: Request,
    desk: Editor,
    db: Db,
    number: int,
    section: int,
    q: Annotated[str, Query(max_length=200)] = "",
    shelf: bool = False,
) -> HTMLResponse:
    """Articles that may be put in a section, starred ones first; or those kept on the shelf."""
    issue = issue_of(db, desk, number)
    kept = on_shelf(db, desk.newsletter.id, today=_today(desk), search=q if shelf else "")
    articles = (
        [article for article, _ in kept] if shelf else candidates(db, desk.newsletter.id, None, limit=OFFERED, search=q)
    )
    finds = load_finds(db, desk.newsletter.id, articles, issue)
    if not shelf:
        finds.sort(key=lambda find: (find.placed_in is not None, find.article.triage != "starred"))
    template = "web/desk/offer.html" if is_htmx(request) else "web/desk/offer_page.html"
    values: dict[str, Any] = {"issue": issue, "section": section_of(issue, section), "finds": finds, "q": q}
    values |= {"shelf": shelf, "until": {article.id: day for article, day in kept}, "weeks": KEPT_WEEKS}
    return page(request, template, desk=desk, current="issues", editable=is_editable(desk, issue), **values)


@router.post("/n/{slug}/shelf")
def keep(
    request: Request,
    desk: Editor,
    db: Db,
    article_id: Annotated[int, Form()],
    weeks: Annotated[int, Form(ge=0, le=MOST_WEEKS)],
    back: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Keep an article on the shelf for so many weeks; for none, take it off."""
    if weeks:
        shelve(db, desk.newsletter.id, article_id, weeks, desk.by, today=_today(desk))
    else:
        take_off(db, desk.newsletter.id, article_id)
    if wants_json(request):
        return JSONResponse({"weeks": weeks})
    number, _, section = back.partition(":")
    is_ours = number.isdecimal() and section.isdecimal()
    path = f"issues/{number}/finds?section={section}&shelf=true" if is_ours else "issues"
    return RedirectResponse(f"/n/{desk.newsletter.slug}/{path}", status_code=303)


def _today(desk: Desk) -> date:
    return datetime.now(ZoneInfo(desk.newsletter.timezone)).date()
