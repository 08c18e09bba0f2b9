"""The sources beside the candidates: adding a feed, its health, looking now, and silencing it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import func
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.doorbell import ring
from curator.errors import CuratorError, NotFound
from curator.settings import get_settings
from curator.sources.models import Source, SourceState
from curator.sources.watch import add_source, list_sources
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.desk.asked import is_htmx
from curator.web.pages import fragment

router = APIRouter()


@router.get("/n/{slug}/sources")
def sources(request: Request, desk: Viewer, db: Db) -> HTMLResponse:
    """The list as it is now."""
    return _panel(request, desk, db)


@router.post("/n/{slug}/sources")
def add(request: Request, desk: Editor, db: Db, address: Annotated[str, Form()] = "") -> Response:
    """Watch the feed at an address, or the one its page names."""
    try:
        with db.begin_nested():
            source = add_source(db, desk.newsletter.id, address.strip(), get_settings())
    except CuratorError as error:
        return _panel(request, desk, db, problem=error.message, address=address)
    record(db, desk.by, "source.added", "source", source.id, newsletter=desk.newsletter.slug)
    if not is_htmx(request):
        return RedirectResponse(f"/n/{desk.newsletter.slug}/#sources", status_code=303)
    response = _panel(request, desk, db, added=source)
    response.headers["HX-Trigger"] = "articles-came"
    return response


@router.post("/n/{slug}/sources/{source_id}/refresh")
def refresh(request: Request, desk: Editor, db: Db, source_id: int) -> Response:
    """Look at the feed now; a worker does."""
    source = _source(db, desk, source_id)
    source.next_fetch_at = func.now()
    if source.state == SourceState.GONE:
        source.state = SourceState.ACTIVE
    db.flush()
    ring(db, "sources.refresh", source.id)
    return _back(request, desk, db)


@router.post("/n/{slug}/sources/{source_id}/mute")
def mute(request: Request, desk: Editor, db: Db, source_id: int) -> Response:
    """Stop looking at the feed; its articles stay."""
    source = _source(db, desk, source_id)
    source.state = SourceState.MUTED
    db.flush()
    return _back(request, desk, db)


@router.post("/n/{slug}/sources/{source_id}/unmute")
def unmute(request: Request, desk: Editor, db: Db, source_id: int) -> Response:
    """Look at the feed again."""
    source = _source(db, desk, source_id)
    source.state, source.next_fetch_at = SourceState.ACTIVE, func.now()
    db.flush()
    ring(db, "sources.refresh", source.id)
    return _back(request, desk, db)


def _back(request: Request, desk: Desk, db: Session) -> Response:
    if not is_htmx(request):
        return RedirectResponse(f"/n/{desk.newsletter.slug}/#sources", status_code=303)
    return _panel(request, desk, db)


def _panel(
    request: Request, desk: Desk, db: Session, problem: str = "", address: str = "", added: Source | None = None
) -> HTMLResponse:
    return fragment(
        request,
        "web/desk/sources.html",
        desk=desk,
        sources=list_sources(db, desk.newsletter.id),
        problem=problem,
        address=address,
        added=added,
    )


def _source(db: Session, desk: Desk, source_id: int) -> Source:
    source = db.get(Source, source_id)
    if source is None or source.newsletter_id != desk.newsletter.id:
        raise NotFound("There is no such source.")
    db.refresh(source)
    return source
