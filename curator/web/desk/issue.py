"""Issues: the list, making one, the page one is composed on, its history. Locked issues are shown, never edited."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.errors import NotFound
from curator.issues.compose import create_issue, list_issues
from curator.issues.edit import restore
from curator.issues.models import Issue, Item, Revision
from curator.issues.revisions import history
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.desk import approval, issue_checks, issue_layout, issue_preview, issue_words, sending
from curator.web.desk.asked import is_htmx, wants_json
from curator.web.desk.composer import beside_items, composer_part, is_editable, issue_of
from curator.web.desk.issue_checks import words_now
from curator.web.pages import page

router = APIRouter()
for part in (issue_words, issue_layout, issue_preview, issue_checks, approval, sending):
    router.include_router(part.router)


@router.get("/n/{slug}/issues")
def issues(request: Request, desk: Viewer, db: Db) -> HTMLResponse:
    """Every issue, newest first."""
    found = list_issues(db, desk.newsletter.id)
    return page(
        request,
        "web/desk/issues.html",
        desk=desk,
        current="issues",
        issues=found,
        items=_count_items(db, found),
    )


@router.post("/n/{slug}/issues")
def create(request: Request, desk: Editor, db: Db, subject: Annotated[str, Form()] = "") -> Response:
    """A new draft, and straight to its page."""
    issue = create_issue(db, desk.newsletter.id, subject, by=desk.by)
    return RedirectResponse(_address(desk, issue.number), status_code=303)


@router.get("/n/{slug}/issues/{number}")
def issue_page(request: Request, desk: Viewer, db: Db, number: int) -> HTMLResponse:
    """The page an issue is composed on; for an issue that is sent, or for a viewer, only how it looks."""
    issue = issue_of(db, desk, number)
    template = "web/desk/issue.html" if is_editable(desk, issue) else "web/desk/issue_locked.html"
    return page(
        request, template, desk=desk, current="issues", issue=issue, beside=beside_items(db, issue), conflicts=()
    )


@router.get("/n/{slug}/issues/{number}/composer")
def composer(request: Request, desk: Viewer, db: Db, number: int) -> HTMLResponse:
    """The sections and items as they are now."""
    return composer_part(request, desk, db, number)


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


def _count_items(db: Session, issues: list[Issue]) -> dict[int, int]:
    ids = [issue.id for issue in issues]
    rows = db.execute(select(Item.issue_id, func.count()).where(Item.issue_id.in_(ids)).group_by(Item.issue_id))
    return {issue_id: count for issue_id, count in rows}  # noqa: C416 - rows are not pairs to a type checker


def _address(desk: Desk, number: int) -> str:
    return f"/n/{desk.newsletter.slug}/issues/{number}"
