"""Settings of a newsletter: its facts, its sections and how it is measured. Owners change them; editors may read."""

from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.accounts.roles import may
from curator.errors import Invalid
from curator.issues.newsletters import LANGUAGES, change_newsletter
from curator.issues.section_template import MOST_SECTIONS
from curator.web.access import Db, Desk, Owner, Viewer
from curator.web.desk import (
    design_editor,
    design_look,
    settings_brand,
    settings_contributors,
    settings_design,
    settings_people,
    settings_relay,
    settings_tokens,
)
from curator.web.desk.tracking_modes import TRACKING_MODES
from curator.web.pages import page

router = APIRouter()
for part in (
    design_editor,
    design_look,
    settings_brand,
    settings_contributors,
    settings_design,
    settings_people,
    settings_relay,
    settings_tokens,
):
    router.include_router(part.router)

FACTS = ("name", "description", "from_name", "from_address", "reply_to", "language", "timezone")


@router.get("/n/{slug}/settings")
def facts(request: Request, desk: Viewer, saved: bool = False) -> HTMLResponse:
    """Name, sender, language, address."""
    return _facts(request, desk, {}, saved=saved)


@router.post("/n/{slug}/settings")
def save_facts(
    request: Request,
    desk: Owner,
    db: Db,
    name: Annotated[str, Form()] = "",
    description: Annotated[str, Form()] = "",
    from_name: Annotated[str, Form()] = "",
    from_address: Annotated[str, Form()] = "",
    reply_to: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
    timezone: Annotated[str, Form()] = "",
    candidate_weeks: Annotated[str | None, Form()] = None,
) -> Response:
    """Save them all, or say which one is wrong and save none."""
    given = {
        "name": name,
        "description": description,
        "from_name": from_name,
        "from_address": from_address,
        "reply_to": reply_to,
        "language": language,
        "timezone": timezone,
    }
    if candidate_weeks is not None:
        given["candidate_weeks"] = candidate_weeks
    try:
        change_newsletter(db, desk.newsletter, desk.by, **given)
    except Invalid as error:
        return _facts(request, desk, given, problem=error)
    return _saved(desk)


@router.get("/n/{slug}/settings/sections")
def sections(request: Request, desk: Viewer, saved: bool = False) -> HTMLResponse:
    """What a new issue starts with."""
    return _sections(request, desk, desk.newsletter.section_template, saved=saved)


@router.post("/n/{slug}/settings/sections")
def save_sections(
    request: Request,
    desk: Owner,
    db: Db,
    name: Annotated[list[str] | None, Form()] = None,
    minimum: Annotated[list[str] | None, Form()] = None,
    maximum: Annotated[list[str] | None, Form()] = None,
    label: Annotated[list[str] | None, Form()] = None,
    kind: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """The rows in their order; a row without a name is left out."""
    kinds = kind or [""] * len(name or [])
    rows = zip(name or [], minimum or [], maximum or [], label or [], kinds, strict=False)
    given: list[dict[str, Any]] = [
        {"name": named, "minimum": low or 0, "maximum": high or None, "label": tagged, "sponsored": sold == "sponsored"}
        for named, low, high, tagged, sold in rows
        if named.strip()
    ]
    try:
        change_newsletter(db, desk.newsletter, desk.by, section_template=given)
    except Invalid as error:
        return _sections(request, desk, given, problem=error)
    return _saved(desk, "/sections")


@router.get("/n/{slug}/settings/tracking")
def tracking(request: Request, desk: Viewer, saved: bool = False) -> HTMLResponse:
    """How much is measured, in plain words."""
    return _page(request, desk, "tracking", saved=saved, modes=TRACKING_MODES)


@router.post("/n/{slug}/settings/tracking")
def save_tracking(request: Request, desk: Owner, db: Db, mode: Annotated[str, Form()] = "") -> Response:
    """Choose how much is measured from the next issue on."""
    try:
        change_newsletter(db, desk.newsletter, desk.by, tracking=mode)
    except Invalid as error:
        return _page(request, desk, "tracking", problem=error, modes=TRACKING_MODES)
    return _saved(desk, "/tracking")


def _facts(
    request: Request, desk: Desk, given: dict[str, str], *, problem: Invalid | None = None, saved: bool = False
) -> HTMLResponse:
    values = {field: getattr(desk.newsletter, field) or "" for field in (*FACTS, "candidate_weeks")} | given
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return _page(
        request, desk, "newsletter", problem=problem, saved=saved, values=values, languages=LANGUAGES, zones=zones
    )


def _sections(
    request: Request,
    desk: Desk,
    rows: list[dict[str, Any]],
    *,
    problem: Invalid | None = None,
    saved: bool = False,
) -> HTMLResponse:
    return _page(request, desk, "sections", problem=problem, saved=saved, rows=rows, most=MOST_SECTIONS)


def _page(
    request: Request, desk: Desk, part: str, *, problem: Invalid | None = None, saved: bool = False, **values: Any
) -> HTMLResponse:
    return page(
        request,
        f"web/desk/settings_{part}.html",
        desk=desk,
        current="settings",
        part=part,
        editable=may(desk.role, "own"),
        problem=problem,
        wrong=problem.facts.get("field", "") if problem else "",
        saved=saved,
        status=422 if problem else 200,
        **values,
    )


def _saved(desk: Desk, part: str = "") -> RedirectResponse:
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings{part}?saved=true", status_code=303)
