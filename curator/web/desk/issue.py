"""The page an issue is composed on, and its history. Locked issues are shown, never edited."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy import select

from curator.delivery.models import Delivery, DeliveryState
from curator.errors import NotFound
from curator.issues.edit import restore
from curator.issues.models import IssueState, Revision
from curator.issues.revisions import history
from curator.reports.past_subjects import past_subjects
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.desk import (
    approval,
    issue_checks,
    issue_comments,
    issue_layout,
    issue_list,
    issue_offer,
    issue_preview,
    issue_proposals,
    issue_words,
    sending,
)
from curator.web.desk.asked import is_htmx, wants_json
from curator.web.desk.composer import composer_part, is_editable, issue_of, values_of
from curator.web.desk.issue_checks import words_now
from curator.web.pages import fragment, page

router = APIRouter()
for part in (
    issue_list,
    issue_words,
    issue_layout,
    issue_offer,
    issue_comments,
    issue_proposals,
    issue_preview,
    issue_checks,
    approval,
    sending,
):
    router.include_router(part.router)


@router.get("/n/{slug}/issues/{number}")
def issue_page(request: Request, desk: Viewer, db: Db, number: int) -> HTMLResponse:
    """The page an issue is composed on; for an issue that is sent, or for a viewer, only how it looks."""
    issue = issue_of(db, desk, number)
    values = {"current": "issues", "conflicts": (), **values_of(db, issue)}
    if is_editable(desk, issue):
        past = past_subjects(db, desk.newsletter.id)
        return page(request, "web/desk/issue.html", desk=desk, past=past, **values)
    waits = select(Delivery.scheduled_at).where(
        Delivery.issue_id == issue.id, Delivery.state == DeliveryState.SCHEDULED
    )
    goes_at = db.scalar(waits) if issue.state == IssueState.SENDING else None
    return page(request, "web/desk/issue_locked.html", desk=desk, goes_at=goes_at, **values)


@router.get("/n/{slug}/issues/{number}/composer")
def composer(request: Request, desk: Viewer, db: Db, number: int) -> HTMLResponse:
    """The sections and items as they are now."""
    return composer_part(request, desk, db, number)


@router.get("/n/{slug}/issues/{number}/balance")
def issue_balance(request: Request, desk: Viewer, db: Db, number: int) -> HTMLResponse:
    """Which sections still want items, and what is one-sided."""
    return fragment(request, "web/desk/balance.html", desk=desk, **values_of(db, issue_of(db, desk, number)))


@router.get("/n/{slug}/issues/{number}/history")
def issue_history(request: Request, desk: Viewer, db: Db, number: int) -> HTMLResponse:
    """What was done to the issue, newest first."""
    issue = issue_of(db, desk, number)
    template = "web/desk/history.html" if is_htmx(request) else "web/desk/history_page.html"
    return page(
        request,
        template,
        desk=desk,
        current="issues",
        issue=issue,
        changes=history(db, issue.id),
        editable=is_editable(desk, issue),
    )


@router.post("/n/{slug}/issues/{number}/restore/{revision_id}")
def restore_change(request: Request, desk: Editor, db: Db, number: int, revision_id: int) -> Response:
    """Reverse one change of this issue."""
    issue = issue_of(db, desk, number)
    revision = db.get(Revision, revision_id)
    if revision is None or revision.issue_id != issue.id:
        raise NotFound("That change is not in the history of this issue.")
    restore(db, revision_id, desk.by)
    if wants_json(request):
        return JSONResponse({"version": issue.version, "words": words_now(db, issue.id)})
    return RedirectResponse(_address(desk, number), status_code=303)


def _address(desk: Desk, number: int) -> str:
    return f"/n/{desk.newsletter.slug}/issues/{number}"
