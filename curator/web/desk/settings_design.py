"""The design of a newsletter: one of ours, or a template its owners write. One that cannot render is never saved."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.accounts.roles import may
from curator.editions.designs import MAIN_FILE, design_files
from curator.editions.render import render_issue
from curator.errors import Invalid, TemplateFailed
from curator.issues.brand import DESIGNS
from curator.issues.newsletters import change_newsletter
from curator.issues.specimen import issue_to_show, with_newsletter
from curator.settings import get_settings
from curator.web.access import Db, Desk, Owner, Viewer
from curator.web.pages import page

router = APIRouter()


@router.get("/n/{slug}/settings/design")
def design(request: Request, desk: Viewer, saved: bool = False) -> HTMLResponse:
    """Every design with the latest issue in it; editors may look."""
    return _design(request, desk, desk.newsletter.design_source or "", saved=saved)


@router.post("/n/{slug}/settings/design")
def save_design(desk: Owner, db: Db, design: Annotated[str, Form()] = "") -> Response:
    """Use this design of ours from the next issue on."""
    change_newsletter(db, desk.newsletter, desk.by, design=design, design_source="")
    return _saved(desk)


@router.post("/n/{slug}/settings/design/own")
def save_own_design(request: Request, desk: Owner, db: Db, source: Annotated[str, Form()] = "") -> Response:
    """Use this template from now on, after rendering the latest issue with it."""
    try:
        content = with_newsletter(issue_to_show(db, desk.newsletter), design_source=source)
        render_issue(content, public_url=get_settings().public_url)
        change_newsletter(db, desk.newsletter, desk.by, design_source=source)
    except TemplateFailed as error:
        line = error.facts.get("line")
        return _design(request, desk, source, problem=error.message, line=line if isinstance(line, int) else None)
    except Invalid as error:
        return _design(request, desk, source, problem=error.message)
    return _saved(desk)


def _saved(desk: Desk) -> RedirectResponse:
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/design?saved=true", status_code=303)


def _design(
    request: Request,
    desk: Desk,
    source: str,
    *,
    problem: str = "",
    line: int | None = None,
    saved: bool = False,
) -> HTMLResponse:
    lines = source.splitlines()
    around = (
        [(number, lines[number - 1]) for number in range(max(1, line - 2), min(len(lines), line + 2) + 1)]
        if line
        else []
    )
    return page(
        request,
        "web/desk/settings_design.html",
        desk=desk,
        current="settings",
        part="design",
        editable=may(desk.role, "own"),
        designs=DESIGNS,
        source=source,
        ours=design_files(desk.newsletter.design)[MAIN_FILE],
        problem=problem,
        line=line,
        around=around,
        saved=saved,
        status=422 if problem else 200,
    )
