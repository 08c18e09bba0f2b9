"""The issues of a newsletter and its rhythm: what is there, what comes by itself, and skipping a week of it."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.accounts.roles import may
from curator.doorbell import ring
from curator.errors import Invalid
from curator.issues.compose import create_issue, list_issues
from curator.issues.deadlines import find_rhythm
from curator.issues.models import Issue, Item, Rhythm
from curator.issues.planning import (
    bring_back_week,
    coming_weeks,
    set_rhythm,
    skip_week,
    stop_rhythm,
)
from curator.issues.rhythm import WEEKDAYS, time_of
from curator.web.access import Db, Desk, Editor, Owner, Viewer
from curator.web.pages import page

router = APIRouter()


@router.get("/n/{slug}/issues")
def issues(request: Request, desk: Viewer, db: Db) -> HTMLResponse:
    """Every issue, newest first, and the weeks to come."""
    return _page(request, desk, db)


@router.post("/n/{slug}/issues")
def create(request: Request, desk: Editor, db: Db, subject: Annotated[str, Form()] = "") -> Response:
    """A new draft, and straight to its page."""
    issue = create_issue(db, desk.newsletter.id, subject, by=desk.by)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/issues/{issue.number}", status_code=303)


@router.post("/n/{slug}/rhythm")
def save_rhythm(
    request: Request,
    desk: Owner,
    db: Db,
    weekday: Annotated[int, Form(ge=0, le=6)],
    at: Annotated[str, Form()] = "",
    draft_days: Annotated[int, Form(ge=0, le=6)] = 2,
    draft_at: Annotated[str, Form()] = "",
    assembles: Annotated[bool, Form()] = False,
) -> Response:
    """Weekly from now on, on this day at this time; a time that is wrong is said beside the form."""
    try:
        facts = {"at": time_of(at), "draft_at": time_of(draft_at, "draft_at")}
    except Invalid as error:
        given = {"weekday": weekday, "at": at, "draft_days": draft_days, "draft_at": draft_at, "assembles": assembles}
        return _page(request, desk, db, given=given, problem=error.message)
    set_rhythm(db, desk.newsletter, desk.by, weekday=weekday, draft_days=draft_days, assembles=assembles, **facts)
    ring(db, "issues.due")
    return _back(desk)


@router.post("/n/{slug}/rhythm/stop")
def stop(desk: Owner, db: Db) -> Response:
    """No issues by themselves any more."""
    stop_rhythm(db, desk.newsletter, desk.by)
    return _back(desk)


@router.post("/n/{slug}/rhythm/skip")
def skip(desk: Editor, db: Db, day: Annotated[date, Form()]) -> Response:
    """No issue in that week."""
    skip_week(db, desk.newsletter, day, desk.by)
    return _back(desk)


@router.post("/n/{slug}/rhythm/bring-back")
def bring_back(desk: Editor, db: Db, day: Annotated[date, Form()]) -> Response:
    """An issue in that week after all."""
    bring_back_week(db, desk.newsletter, day, desk.by)
    ring(db, "issues.due")
    return _back(desk)


def _page(
    request: Request, desk: Desk, db: Session, *, given: dict[str, Any] | None = None, problem: str = ""
) -> HTMLResponse:
    found = list_issues(db, desk.newsletter.id)
    rhythm = find_rhythm(db, desk.newsletter.id)
    return page(
        request,
        "web/desk/issues.html",
        desk=desk,
        current="issues",
        issues=found,
        items=_count_items(db, found),
        rhythm=rhythm,
        weeks=coming_weeks(db, desk.newsletter, datetime.now(UTC)),
        weekdays=WEEKDAYS,
        given=given or _facts(rhythm),
        problem=problem,
        may_set=may(desk.role, "own"),
        status=422 if problem else 200,
    )


def _facts(rhythm: Rhythm | None) -> dict[str, Any]:
    if rhythm is None:
        return {"weekday": 3, "at": "09:00", "draft_days": 2, "draft_at": "07:00", "assembles": True}
    return {
        "weekday": rhythm.weekday,
        "at": f"{rhythm.at:%H:%M}",
        "draft_days": rhythm.draft_days,
        "draft_at": f"{rhythm.draft_at:%H:%M}",
        "assembles": rhythm.assembles,
    }


def _count_items(db: Session, issues: list[Issue]) -> dict[int, int]:
    ids = [issue.id for issue in issues]
    rows = db.execute(select(Item.issue_id, func.count()).where(Item.issue_id.in_(ids)).group_by(Item.issue_id))
    return {issue_id: count for issue_id, count in rows}  # noqa: C416 - rows are not pairs to a type checker


def _back(desk: Desk) -> RedirectResponse:
    return RedirectResponse(f"/n/{desk.newsletter.slug}/issues#rhythm", status_code=303)
