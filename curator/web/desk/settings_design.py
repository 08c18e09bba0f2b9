"""The design of a newsletter: ours, or a template its owners write. One that cannot render is never saved."""

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.accounts.roles import may
from curator.editions.designs import MAIN_FILE, design_files
from curator.editions.render import render_issue
from curator.errors import Invalid, TemplateFailed
from curator.issues.compose import create_issue, list_issues
from curator.issues.content import IssueContent, hash_content, load_content
from curator.issues.newsletters import change_newsletter
from curator.settings import get_settings
from curator.web.access import Db, Desk, Owner, Viewer
from curator.web.pages import page

router = APIRouter()


@router.get("/n/{slug}/settings/design")
def design(request: Request, desk: Viewer, saved: bool = False) -> HTMLResponse:
    """The template in use; editors may read it."""
    return _design(request, desk, desk.newsletter.design_source or "", saved=saved)


@router.post("/n/{slug}/settings/design")
def save_design(
    request: Request, desk: Owner, db: Db, source: Annotated[str, Form()] = "", use: Annotated[str, Form()] = "own"
) -> Response:
    """Use this template from now on, after rendering the latest issue with it; `use` ours puts our own back."""
    wanted = source if use == "own" and source.strip() else ""
    try:
        if wanted:
            render_issue(_with_design(_latest(db, desk), wanted), public_url=get_settings().public_url)
        change_newsletter(db, desk.newsletter, desk.by, design_source=wanted)
    except TemplateFailed as error:
        line = error.facts.get("line")
        return _design(request, desk, source, problem=error.message, line=line if isinstance(line, int) else None)
    except Invalid as error:
        return _design(request, desk, source, problem=error.message)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/design?saved=true", status_code=303)


def _latest(db: Session, desk: Desk) -> IssueContent:
    """The newest issue; for a newsletter without one an empty issue that is rolled back at once."""
    issues = list_issues(db, desk.newsletter.id)
    if issues:
        return load_content(db, issues[0].id)
    attempt = db.begin_nested()
    try:
        return load_content(db, create_issue(db, desk.newsletter.id, "A first issue").id)
    finally:
        attempt.rollback()


def _with_design(content: IssueContent, source: str) -> IssueContent:
    newsletter = dataclasses.replace(content.newsletter, design_source=source)
    changed = dataclasses.replace(content, newsletter=newsletter)
    return dataclasses.replace(changed, content_hash=hash_content(changed))


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
        source=source,
        ours=design_files(desk.newsletter.design)[MAIN_FILE],
        problem=problem,
        line=line,
        around=around,
        saved=saved,
        status=422 if problem else 200,
    )
