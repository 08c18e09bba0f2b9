"""The editor of a design: its files, what they make of the latest issue, and every version there was. Owners only.

A version is saved when it can be rendered and readers can leave; what stands in the way is said with file and line.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.editions.design_rules import advice_on
from curator.editions.render import render_issue
from curator.errors import Conflict, Invalid, TemplateFailed, Unavailable
from curator.issues.content import OwnDesign, own_design
from curator.issues.models import Design
from curator.issues.own_designs import (
    FILES,
    delete_design,
    get_design,
    list_versions,
    newest_version,
    restore_version,
    save_version,
)
from curator.settings import get_settings
from curator.web.access import Db, Desk, Owner
from curator.web.desk.design_look import Text, files_of, in_design, judge_design
from curator.web.pages import page

router = APIRouter()

PURPOSES = {
    "issue.html": "The page: what stands where.",
    "parts.html": "The pieces the page repeats, such as one item.",
    "inline.css": "Styles that are put into the elements. Simple selectors only.",
    "adaptive.css": "Styles that stay: phones and the dark.",
}


@router.get("/n/{slug}/settings/designs/{design_id}")
def editor(request: Request, desk: Owner, db: Db, design_id: int, saved: bool = False) -> HTMLResponse:
    """The newest version, ready to be changed."""
    design = get_design(db, desk.newsletter.id, design_id)
    return _editor(request, desk, db, design, saved=saved)


@router.post("/n/{slug}/settings/designs/{design_id}")
def save(
    request: Request,
    desk: Owner,
    db: Db,
    design_id: int,
    issue_html: Text = "",
    parts_html: Text = "",
    inline_css: Text = "",
    adaptive_css: Text = "",
    note: Text = "",
    after: Annotated[int, Form()] = 0,
) -> Response:
    """Save a new version, after rendering the latest issue with it."""
    design = get_design(db, desk.newsletter.id, design_id)
    given = {"issue.html": issue_html, "parts.html": parts_html, "inline.css": inline_css, "adaptive.css": adaptive_css}
    try:
        files = files_of(issue_html, parts_html, inline_css, adaptive_css)
        faults = judge_design(in_design(db, desk, OwnDesign(0, 0, design.based_on, files)))
        if faults:
            raise Invalid(" ".join(faults))
        save_version(db, design, files, by=desk.by, after=after, note=note)
    except (Invalid, Conflict, TemplateFailed, Unavailable) as error:
        return _editor(request, desk, db, design, given=given, after=after, note=note, problem=error)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/designs/{design.id}?saved=true", status_code=303)


@router.post("/n/{slug}/settings/designs/{design_id}/delete")
def delete(request: Request, desk: Owner, db: Db, design_id: int) -> Response:
    """Offer it no more; while the newsletter uses it, the page says what stands in the way."""
    design = get_design(db, desk.newsletter.id, design_id)
    try:
        delete_design(db, desk.newsletter, design, by=desk.by)
    except Conflict as error:
        return _editor(request, desk, db, design, refusal=error.message)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/design?saved=true", status_code=303)


@router.post("/n/{slug}/settings/designs/{design_id}/versions/{number}/restore")
def restore(desk: Owner, db: Db, design_id: int, number: int) -> Response:
    """An old version, as the newest one."""
    design = get_design(db, desk.newsletter.id, design_id)
    restore_version(db, design, number, by=desk.by)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/designs/{design.id}?saved=true", status_code=303)


def _editor(
    request: Request,
    desk: Desk,
    db: Db,
    design: Design,
    *,
    given: dict[str, str] | None = None,
    after: int | None = None,
    note: str = "",
    problem: Invalid | Conflict | TemplateFailed | Unavailable | None = None,
    refusal: str = "",
    saved: bool = False,
) -> HTMLResponse:
    newest = newest_version(db, design.id)
    files = newest.files if given is None else given
    place = _place(problem, files)
    return page(
        request,
        "web/desk/design_editor.html",
        desk=desk,
        current="settings",
        design=design,
        files=[(name, PURPOSES[name], files.get(name, "")) for name in FILES],
        after=newest.number if after is None else after,
        newest=newest,
        versions=list_versions(db, design.id),
        is_used=desk.newsletter.design == design.name,
        advice=_advice(db, desk, design) if given is None else [],
        note=note,
        problem=problem.message if problem else "",
        refusal=refusal,
        saved=saved,
        status=409 if refusal or isinstance(problem, Conflict) else 422 if problem else 200,
        **place,
    )


def _place(problem: Exception | None, files: dict[str, str]) -> dict[str, Any]:
    """File and line of an error, with the lines around it."""
    facts = problem.facts if isinstance(problem, TemplateFailed) else {}
    file, line = str(facts.get("template") or ""), facts.get("line")
    lines = files.get(file, "").splitlines()
    if not isinstance(line, int):
        return {"file": "", "line": None, "around": []}
    near = range(max(1, line - 2), min(len(lines), line + 2) + 1)
    return {"file": file, "line": line, "around": [(number, lines[number - 1]) for number in near]}


def _advice(db: Db, desk: Desk, design: Design) -> list[str]:
    """What would make the saved version better; nothing when it cannot be rendered any more."""
    try:
        content = in_design(db, desk, own_design(db, design))
        return advice_on(render_issue(content, public_url=get_settings().public_url).html)
    except (TemplateFailed, Unavailable) as error:
        return [error.message]
