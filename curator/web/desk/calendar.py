"""The calendar of a newsletter's issues by month, what is meant for a day, and the own times of whoever looks."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.accounts.roles import may
from curator.delivery.calendar import entries, weeks_of
from curator.doorbell import ring
from curator.errors import Conflict, Invalid
from curator.issues.calendar import Intent, clear, mean
from curator.issues.compose import list_issues
from curator.issues.editing_time import median_minutes, note_presence, own_times
from curator.issues.models import IssueState
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.desk.composer import issue_of
from curator.web.pages import page

router = APIRouter()


@router.get("/n/{slug}/calendar")
def calendar(
    request: Request,
    desk: Viewer,
    db: Db,
    month: Annotated[str, Query(max_length=7)] = "",
    day: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """One month; `day` is the one that the form beside it is about."""
    return _page(request, desk, db, month, day)


@router.post("/n/{slug}/calendar")
def change(
    request: Request,
    desk: Editor,
    db: Db,
    day: Annotated[str, Form()],
    act: Annotated[Literal["plan", "skip", "clear"], Form()],
    issue: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Plan an issue for a day, skip the day, or mean nothing for it."""
    try:
        chosen = _date(day)
        number = int(issue) if issue.isascii() and issue.isdigit() and len(issue) < 9 else None
        with db.begin_nested():
            if act == "clear":
                clear(db, desk.newsletter.id, chosen, desk.by)
            else:
                intent = Intent.PLANNED if act == "plan" else Intent.SKIPPED
                mean(db, desk.newsletter.id, chosen, intent, desk.by, note=note, number=number)
    except (Conflict, Invalid) as error:
        return _page(request, desk, db, "", "", problem=error)
    ring(db, "issues.due")
    address = f"/n/{desk.newsletter.slug}/calendar?month={chosen:%Y-%m}&day={chosen}#day-form"
    return RedirectResponse(address, status_code=303)


@router.post("/n/{slug}/issues/{number}/presence")
def presence(desk: Editor, db: Db, number: int) -> Response:
    """The page of an issue says that its editor is there; for their own times only."""
    note_presence(db, issue_of(db, desk, number), desk.user.id)
    return Response(status_code=204)


def _page(
    request: Request, desk: Desk, db: Session, month: str, day: str, *, problem: Conflict | Invalid | None = None
) -> HTMLResponse:
    today = datetime.now(ZoneInfo(desk.newsletter.timezone)).date()
    chosen = _date_or(day, None)
    shown = _date_or(f"{month}-01", None) or (chosen or today).replace(day=1)
    weeks = weeks_of(shown.year, shown.month)
    by_day = entries(db, desk.newsletter, weeks[0][0], weeks[-1][-1])
    times = own_times(db, desk.newsletter.id, desk.user.id)
    drafts = [issue for issue in list_issues(db, desk.newsletter.id) if issue.state == IssueState.DRAFT]
    selected = chosen or (today if (today.year, today.month) == (shown.year, shown.month) else shown)
    values: dict[str, Any] = {
        "weeks": weeks,
        "shown": shown,
        "today": today,
        "selected": selected,
        "by_day": by_day,
        "meant": next((entry for entry in by_day.get(selected, ()) if entry.kind in ("planned", "skipped")), None),
        "earlier": (shown - timedelta(days=1)).strftime("%Y-%m"),
        "later": (shown + timedelta(days=31)).replace(day=1).strftime("%Y-%m"),
        "drafts": drafts,
        "editable": may(desk.role, "edit"),
        "times": times,
        "median": median_minutes(times),
        "problem": problem,
    }
    return page(
        request, "web/desk/calendar.html", desk=desk, current="issues", status=422 if problem else 200, **values
    )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("Choose a day.", field="day") from None


def _date_or(text: str, otherwise: date | None) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if 2000 <= found.year <= 2100 else otherwise
