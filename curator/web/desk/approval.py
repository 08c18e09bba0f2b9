"""The approval of an issue: where it stands, submitting it, and a colleague's yes or no. Its own page, no script."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.accounts.roles import holders, may
from curator.delivery.notices import send_approval_request, send_decision
from curator.errors import CuratorError, NotFound
from curator.issues.approval import Approval, decide, standing, submit
from curator.issues.approval_links import DAYS, create_link
from curator.issues.models import Issue, IssueState
from curator.settings import get_settings
from curator.web.access import Db, Desk, Editor, Owner, Viewer
from curator.web.desk.composer import issue_of
from curator.web.pages import page

router = APIRouter()

Decision = Literal["approve", "back"]


@router.get("/n/{slug}/issues/{number}/approval")
def approval(request: Request, desk: Viewer, db: Db, number: int) -> HTMLResponse:
    """Where the issue stands, how the mail looks, and what this user may do."""
    return _page(request, desk, db, issue_of(db, desk, number))


@router.post("/n/{slug}/issues/{number}/approval")
def ask(request: Request, desk: Editor, db: Db, number: int) -> Response:
    """Submit the issue as it is now, and mail everybody else who may approve it a link of their own."""
    issue = issue_of(db, desk, number)
    submitted = submit(db, issue.id, desk.by)
    asked = [user for user in holders(db, desk.newsletter.id, "edit") if user.id != desk.user.id]
    for user in asked:
        link = f"{get_settings().public_url}/approve/{create_link(db, submitted, user)}"
        data = {"number": issue.number, "by": desk.user.name or desk.user.address, "days": DAYS}
        send_approval_request(db, user.address, link, desk.newsletter, data, get_settings())
    record(db, desk.by, "approval.submitted", "issue", issue.id, approval=submitted.id, asked=len(asked))
    return _back(desk, number)


@router.post("/n/{slug}/issues/{number}/approval/{approval_id}")
def answer(
    request: Request,
    desk: Editor,
    db: Db,
    number: int,
    approval_id: int,
    decision: Annotated[Decision, Form()],
    word: Annotated[str, Form()] = "",
) -> Response:
    """Approve what was submitted, or send it back with a word."""
    issue = issue_of(db, desk, number)
    found = db.get(Approval, approval_id)
    if found is None or found.issue_id != issue.id:
        raise NotFound("There is no such submission.")
    try:
        with db.begin_nested():
            decided = decide(db, approval_id, desk.by, is_approved=decision == "approve", word=word)
    except CuratorError as error:
        return _page(request, desk, db, issue, problem=error, word=word)
    send_decision(db, decided, settings=get_settings())
    record(db, desk.by, f"approval.{decided.state.value}", "issue", issue.id, approval=decided.id)
    return _back(desk, number)


@router.post("/n/{slug}/settings/approval")
def require(desk: Owner, db: Db, needs_approval: Annotated[bool, Form()] = False) -> Response:
    """Whether issues of this newsletter need a second person before they may be sent."""
    if desk.newsletter.needs_approval != needs_approval:
        desk.newsletter.needs_approval = needs_approval
        record(db, desk.by, "newsletter.changed", "newsletter", desk.newsletter.id, fields=["needs_approval"])
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings?saved=true", status_code=303)


def _page(
    request: Request, desk: Desk, db: Session, issue: Issue, *, problem: CuratorError | None = None, word: str = ""
) -> HTMLResponse:
    now = standing(db, issue.id)
    may_edit = may(desk.role, "edit") and issue.state == IssueState.DRAFT
    is_mine = now.latest is not None and now.latest.submitted_by == desk.by
    others = [user.address for user in holders(db, desk.newsletter.id, "edit") if user.id != desk.user.id]
    earlier = select(Approval).where(Approval.issue_id == issue.id).order_by(Approval.id.desc()).limit(20)
    return page(
        request,
        "web/desk/approval.html",
        desk=desk,
        current="issues",
        status=422 if problem else 200,
        issue=issue,
        standing=now,
        may_submit=may_edit and not now.is_waiting and not now.is_approved,
        may_decide=may_edit and now.is_waiting and not is_mine,
        others=others,
        submissions=db.scalars(earlier).all(),
        problem=problem,
        word=word,
    )


def _back(desk: Desk, number: int) -> RedirectResponse:
    return RedirectResponse(f"/n/{desk.newsletter.slug}/issues/{number}/approval", status_code=303)
