"""The sources: a panel beside the candidates and a page of their own. What is broken stands first and is never hidden.

Adding one notes its address; a worker looks for the feed, and the panel asks until it has.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.errors import CuratorError, NotFound
from curator.settings import get_settings
from curator.sources.adding import list_sources, look_soon, remove_source, watch_address
from curator.sources.health import SourceHealth, list_health
from curator.sources.mailbox_health import broken_mailbox
from curator.sources.models import Source, SourceState
from curator.sources.opml import write_opml
from curator.sources.schedule import Health
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.desk.asked import is_htmx
from curator.web.pages import page

router = APIRouter()


@router.get("/n/{slug}/sources")
def sources(request: Request, desk: Viewer, db: Db, waiting: int = 0) -> HTMLResponse:
    """The page; for htmx the list as it is now. `waiting`: so many were being looked at for the first time before."""
    found = list_health(db, desk.newsletter.id)
    response = _list(request, desk, db, found)
    if is_htmx(request) and count_waiting(found) < waiting:
        response.headers["HX-Trigger"] = "articles-came"
    return response


@router.get("/n/{slug}/sources/export")
def export(desk: Viewer, db: Db) -> Response:
    """Every feed that is watched, for another reader."""
    document = write_opml(desk.newsletter.name, list_sources(db, desk.newsletter.id))
    name = f'attachment; filename="{desk.newsletter.slug}-sources.opml"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Response(document, media_type="text/x-opml; charset=utf-8", headers=headers)


@router.post("/n/{slug}/sources")
def add(request: Request, desk: Editor, db: Db, address: Annotated[str, Form()] = "") -> Response:
    """Watch the feed at an address, or the one its page names; a worker looks."""
    try:
        with db.begin_nested():
            source = watch_address(db, desk.newsletter.id, address)
    except CuratorError as error:
        found = list_health(db, desk.newsletter.id)
        return _list(request, desk, db, found, problem=error.message, address=address)
    record(db, desk.by, "source.added", "source", source.id, newsletter=desk.newsletter.slug)
    return _back(request, desk, db)


@router.post("/n/{slug}/sources/{source_id}/refresh")
def refresh(request: Request, desk: Editor, db: Db, source_id: int) -> Response:
    """Look at the feed now; a worker does."""
    source = _source(db, desk, source_id)
    if source.state == SourceState.GONE:
        source.state = SourceState.ACTIVE
    look_soon(db, source)
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
    source.state = SourceState.ACTIVE
    look_soon(db, source)
    return _back(request, desk, db)


@router.post("/n/{slug}/sources/{source_id}/remove")
def remove(request: Request, desk: Editor, db: Db, source_id: int) -> Response:
    """Watch it no more; its articles stay."""
    source = _source(db, desk, source_id)
    address = source.address
    remove_source(db, desk.newsletter.id, source_id)
    db.expunge(source)
    record(db, desk.by, "source.removed", "source", source_id, newsletter=desk.newsletter.slug, address=address)
    return _back(request, desk, db)


def _back(request: Request, desk: Desk, db: Session) -> Response:
    if not is_htmx(request):
        return RedirectResponse(f"/n/{desk.newsletter.slug}/sources", status_code=303)
    return _list(request, desk, db, list_health(db, desk.newsletter.id))


def count_waiting(sources: list[SourceHealth]) -> int:
    """How many have never been looked at."""
    return sum(one.health is Health.NEW for one in sources)


def _list(
    request: Request, desk: Desk, db: Session, sources: list[SourceHealth], problem: str = "", address: str = ""
) -> HTMLResponse:
    """The whole page, or for htmx the part it asks for: the table of the page, else the panel of This week."""
    on_page = request.headers.get("hx-target") == "source-table"
    template = "source_table" if on_page else "sources" if is_htmx(request) else "sources_page"
    return page(
        request,
        f"web/desk/{template}.html",
        desk=desk,
        current="this-week",
        sources=sources,
        broken=broken_mailbox(db, get_settings()) if template == "sources_page" else None,
        waiting=count_waiting(sources),
        problem=problem,
        address=address,
    )


def _source(db: Session, desk: Desk, source_id: int) -> Source:
    source = db.get(Source, source_id)
    if source is None or source.newsletter_id != desk.newsletter.id:
        raise NotFound("There is no such source.")
    db.refresh(source)
    return source
