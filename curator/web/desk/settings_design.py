"""The design of a newsletter: one of ours, or one of its own. Owners choose, and copy a design to change it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.accounts.roles import may
from curator.editions.designs import design_files
from curator.errors import Conflict, Invalid
from curator.issues.brand import DESIGNS, check_design
from curator.issues.newsletters import change_newsletter
from curator.issues.own_designs import list_designs, newest_version, start_design
from curator.web.access import Db, Desk, Owner, Viewer
from curator.web.pages import page

router = APIRouter()


@router.get("/n/{slug}/settings/design")
def design(request: Request, desk: Viewer, db: Db, saved: bool = False) -> HTMLResponse:
    """Every design with the latest issue in it; editors may look."""
    return _design(request, desk, db, saved=saved)


@router.post("/n/{slug}/settings/design")
def save_design(desk: Owner, db: Db, design: Annotated[str, Form()] = "") -> Response:
    """Use this design from the next issue on."""
    change_newsletter(db, desk.newsletter, desk.by, design=design)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/design?saved=true", status_code=303)


@router.post("/n/{slug}/settings/designs")
def copy_design(
    request: Request, desk: Owner, db: Db, name: Annotated[str, Form()] = "", based_on: Annotated[str, Form()] = ""
) -> Response:
    """Start a design of the newsletter's own from one of ours, and open it."""
    try:
        files = design_files(check_design(based_on))
        made = start_design(db, desk.newsletter, name, based_on=based_on, files=files, by=desk.by)
    except (Invalid, Conflict) as error:
        return _design(request, desk, db, problem=error.message, name=name, based_on=based_on)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/designs/{made.id}", status_code=303)


def _design(
    request: Request,
    desk: Desk,
    db: Db,
    *,
    problem: str = "",
    name: str = "",
    based_on: str = "",
    saved: bool = False,
) -> HTMLResponse:
    own = list_designs(db, desk.newsletter.id)
    return page(
        request,
        "web/desk/settings_design.html",
        desk=desk,
        current="settings",
        part="design",
        editable=may(desk.role, "own"),
        designs=DESIGNS,
        own=[(one, newest_version(db, one.id)) for one in own],
        problem=problem,
        name=name,
        based_on=based_on,
        saved=saved,
        status=422 if problem else 200,
    )
