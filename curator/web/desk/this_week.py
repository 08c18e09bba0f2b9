"""This week: the candidates, the draft they go into, capture and sources. One screen, and nothing on it waits."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.db.heartbeats import Process, alive
from curator.doorbell import ring
from curator.errors import NotFound
from curator.issues.compose import current_draft
from curator.sources.adding import list_sources
from curator.sources.filters import list_filters
from curator.sources.health import list_health
from curator.sources.models import FetchState
from curator.sources.triage import AGES, Choice, get_article, languages_of
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.desk import acts, capture, file_import, saved_filters, source_list
from curator.web.desk.acts import draft_summary
from curator.web.desk.asked import is_htmx
from curator.web.desk.finds import count_by_triage
from curator.web.desk.week_list import LISTS, ORDERS, SHOWN, find_story, week_list
from curator.web.pages import fragment, page

AT_ONCE = 100
"""Rows the page comes with; a browser needs twice as long for five hundred. The others follow by themselves."""

router = APIRouter()
for part in (acts, capture, file_import, saved_filters, source_list):
    router.include_router(part.router)


@router.get("/n/{slug}/")
def this_week(
    request: Request,
    desk: Viewer,
    db: Db,
    show: str = "candidates",
    order: str = "suggested",
    q: Annotated[str, Query(max_length=200)] = "",
    whole: bool = False,
    but: Annotated[str, Query(max_length=4000)] = "",
) -> HTMLResponse:
    """The whole page; for htmx only the list, when another list, order, choice or other words are asked for.

    A long list comes in two parts unless `whole`: its beginning, then all of it `but` the articles that came.
    """
    if show not in LISTS or order not in ORDERS:
        raise NotFound("There is no such list.")
    choice = Choice.read(request.query_params)
    if request.headers.get("hx-target") == "find-rest":
        came = set(but.split("."))
        finds = week_list(db, desk.newsletter.id, current_draft(db, desk.newsletter.id), show, choice, order).finds
        rest = [find for find in finds if str(find.article.id) not in came]
        return fragment(request, "web/desk/find_rest.html", desk=desk, finds=rest)
    values = _values(desk, db, show, order, choice) | {"at_once": SHOWN if whole else AT_ONCE}
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
def article_row(request: Request, desk: Viewer, db: Db, article_id: int, story: bool = False) -> Response:
    """One row of the list, as it is now: a row that waits for its page asks for itself until it is read.

    `story`: the row of the article that stands for its story.
    """
    article = get_article(db, desk.newsletter.id, article_id)
    if not is_htmx(request):
        return RedirectResponse(f"/n/{desk.newsletter.slug}/#article-{article_id}", status_code=303)
    draft = current_draft(db, desk.newsletter.id)
    find = find_story(db, desk.newsletter.id, draft, article, standing=story)
    return fragment(request, "web/desk/find.html", desk=desk, find=find)


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


@router.get("/n/{slug}/draft")
def draft(request: Request, desk: Viewer, db: Db) -> HTMLResponse:
    """The summary of the draft beside the list."""
    return HTMLResponse(draft_summary(request, desk, db))


def _values(desk: Desk, db: Db, show: str, order: str, choice: Choice) -> dict[str, Any]:
    newsletter_id = desk.newsletter.id
    draft = current_draft(db, newsletter_id)
    listed = week_list(db, newsletter_id, draft, show, choice, order)
    chosen = choice.as_query()
    return {
        "show": show,
        "order": order,
        "q": choice.words,
        "choice": choice,
        "chosen": chosen,
        "asked": urlencode({k: v for k, v in {"show": show, "order": order}.items() if v != _DEFAULTS[k]} | chosen),
        "finds": listed.finds,
        "is_cut": listed.is_cut,
        "finds_at_most": SHOWN,
        "learning": listed.learning,
        "draft": draft,
        "counts": count_by_triage(db, newsletter_id),
        "lists": tuple(LISTS),
        "orders": ORDERS,
        "ages": AGES,
        "languages": languages_of(db, newsletter_id),
        "filters": list_filters(db, newsletter_id),
        "choosable": list_sources(db, newsletter_id),
    }


_DEFAULTS = {"show": "candidates", "order": "suggested"}
