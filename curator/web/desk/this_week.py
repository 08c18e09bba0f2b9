"""This week: the candidates, the draft they go into, capture and sources. One screen, and nothing on it waits."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.db.heartbeats import Process, alive
from curator.doorbell import ring
from curator.errors import Conflict, Invalid, NotFound
from curator.issues.compose import add_item, current_draft
from curator.issues.models import Issue
from curator.issues.revisions import latest_revision
from curator.sources.health import list_health
from curator.sources.models import FetchState, Triage
from curator.sources.triage import candidates, get_article, set_triage
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.desk import capture, file_import, source_list
from curator.web.desk.asked import is_htmx, wants_json
from curator.web.desk.finds import Find, count_by_triage, load_finds
from curator.web.pages import fragment, page

router = APIRouter()
router.include_router(capture.router)
router.include_router(source_list.router)
router.include_router(file_import.router)

SHOWN = 200
LISTS: dict[str, Triage | None] = {
    "candidates": None,
    "starred": Triage.STARRED,
    "later": Triage.LATER,
    "dismissed": Triage.DISMISSED,
}


@router.get("/n/{slug}/")
def this_week(
    request: Request, desk: Viewer, db: Db, show: str = "candidates", q: Annotated[str, Query(max_length=200)] = ""
) -> HTMLResponse:
    """The whole page; for htmx only the list, when another filter or other words are asked for."""
    if show not in LISTS:
        raise NotFound("There is no such list.")
    draft = current_draft(db, desk.newsletter.id)
    finds = _listed(db, desk, draft, show, q)
    values: dict[str, Any] = {
        "show": show,
        "q": q,
        "finds": finds,
        "draft": draft,
        "counts": count_by_triage(db, desk.newsletter.id),
        "lists": tuple(LISTS),
    }
    if request.headers.get("hx-target") == "finds":
        return fragment(request, "web/desk/finds.html", desk=desk, **values)
    sources = list_health(db, desk.newsletter.id)
    return page(
        request,
        "web/desk/this_week.html",
        desk=desk,
        current="this-week",
        sources=sources,
        waiting=source_list.count_waiting(sources),
        processes=alive(db),
        worker=Process.WORKER,
        beat=Process.BEAT,
        **values,
    )


@router.get("/n/{slug}/articles/{article_id}")
def article_row(request: Request, desk: Viewer, db: Db, article_id: int) -> Response:
    """One row of the list, as it is now: a row that waits for its page asks for itself until it is read."""
    article = get_article(db, desk.newsletter.id, article_id)
    if not is_htmx(request):
        return RedirectResponse(f"/n/{desk.newsletter.slug}/#article-{article_id}", status_code=303)
    draft = current_draft(db, desk.newsletter.id)
    finds = load_finds(db, desk.newsletter.id, [article], draft)
    return fragment(request, "web/desk/find.html", desk=desk, find=finds[0], draft=draft)


@router.post("/n/{slug}/articles/{article_id}/triage")
def triage(request: Request, desk: Editor, db: Db, article_id: int, triage: Annotated[str, Form()]) -> Response:
    """Star, dismiss, keep for later, or put back among the candidates."""
    try:
        wanted = Triage(triage)
    except ValueError:
        raise Invalid(f"“{triage[:40]}” is not one of {', '.join(Triage)}.") from None
    before = get_article(db, desk.newsletter.id, article_id).triage
    set_triage(db, desk.newsletter.id, article_id, wanted)
    if not wants_json(request):
        return RedirectResponse(f"/n/{desk.newsletter.slug}/#article-{article_id}", status_code=303)
    counts = count_by_triage(db, desk.newsletter.id)
    return JSONResponse({"before": str(before), "triage": str(wanted), "counts": counts})


@router.post("/n/{slug}/articles/{article_id}/read")
def read_again(request: Request, desk: Editor, db: Db, article_id: int) -> Response:
    """Ask for the page of an article once more; a worker reads it."""
    article = get_article(db, desk.newsletter.id, article_id)
    if article.address:
        article.fetch_state, article.fetch_error = FetchState.WAITING, None
        db.flush()
        ring(db, "sources.read_article", article.id)
    if is_htmx(request):
        return article_row(request, desk, db, article_id)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/#article-{article_id}", status_code=303)


@router.post("/n/{slug}/articles/{article_id}/place")
def place(request: Request, desk: Editor, db: Db, article_id: int, section_id: Annotated[int, Form()]) -> Response:
    """Put the article in a section of the draft; placing it again moves it."""
    draft = current_draft(db, desk.newsletter.id)
    if draft is None:
        raise Conflict("There is no draft to put it in. Make a new issue first.")
    section = next((section for section in draft.sections if section.id == section_id), None)
    if section is None:
        raise NotFound("That section is not in the draft any more. Load the page again.")
    before = latest_revision(db, draft.id)
    add_item(db, draft.id, get_article(db, desk.newsletter.id, article_id).id, section.name, by=desk.by)
    revision = latest_revision(db, draft.id)
    if not wants_json(request):
        return RedirectResponse(f"/n/{desk.newsletter.slug}/#article-{article_id}", status_code=303)
    return JSONResponse(
        {
            "revision": revision if revision != before else None,
            "issue": draft.number,
            "section": section.name,
            "draft": draft_summary(request, desk, db),
        }
    )


@router.get("/n/{slug}/draft")
def draft(request: Request, desk: Viewer, db: Db) -> HTMLResponse:
    """The summary of the draft beside the list."""
    return HTMLResponse(draft_summary(request, desk, db))


def draft_summary(request: Request, desk: Desk, db: Session) -> str:
    """HTML of the draft's sections with their meters."""
    response = fragment(request, "web/desk/draft.html", desk=desk, draft=current_draft(db, desk.newsletter.id))
    return bytes(response.body).decode()


def _listed(db: Session, desk: Desk, draft: Issue | None, show: str, search: str) -> list[Find]:
    articles = candidates(db, desk.newsletter.id, LISTS[show], limit=SHOWN, search=search)
    return load_finds(db, desk.newsletter.id, articles, draft)
