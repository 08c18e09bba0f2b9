"""Saved filters of This week: keeping what is chosen under a name, and forgetting it."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from curator.sources.filters import remove_filter, save_filter
from curator.sources.triage import Choice
from curator.web.access import Db, Editor

router = APIRouter()


@router.post("/n/{slug}/filters")
def save(
    desk: Editor,
    db: Db,
    name: Annotated[str, Form()] = "",
    q: Annotated[str, Form()] = "",
    source: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = "",
    starred: Annotated[str, Form()] = "",
    suggested: Annotated[str, Form()] = "",
) -> Response:
    """Keep the choice under a name; the same name replaces it."""
    chosen = {"q": q, "source": source, "language": language, "days": days, "starred": starred, "suggested": suggested}
    choice = Choice.read(chosen)
    save_filter(db, desk.newsletter.id, name, choice, desk.by)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/?{urlencode(choice.as_query())}", status_code=303)


@router.post("/n/{slug}/filters/{filter_id}/remove")
def remove(desk: Editor, db: Db, filter_id: int) -> Response:
    """Forget a saved filter."""
    remove_filter(db, desk.newsletter.id, filter_id)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/", status_code=303)
