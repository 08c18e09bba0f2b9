"""Approving by a mailed link: the page shows the issue, only its buttons decide. Opening it changes nothing."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from curator.accounts.audit import record
from curator.accounts.models import User
from curator.delivery.notices import send_decision
from curator.editions.preview import preview_html
from curator.errors import CuratorError, Forbidden, NotFound
from curator.issues.approval import Approval, standing
from curator.issues.approval_links import decide_by_link, find_link
from curator.issues.compose import get_issue
from curator.issues.content import load_content
from curator.settings import get_settings
from curator.web.access import Db, is_same_origin
from curator.web.desk.issue_preview import PREVIEW_POLICY
from curator.web.pages import page

router = APIRouter()


@router.get("/approve/{secret}")
def look(request: Request, db: Db, secret: str) -> HTMLResponse:
    """The issue with two buttons; nothing is decided by opening it."""
    return _page(request, db, secret, find_link(db, secret))


@router.get("/approve/{secret}/preview")
def preview(db: Db, secret: str) -> HTMLResponse:
    """The mail as readers will get it, in a frame where nothing runs."""
    found = find_link(db, secret)
    if found is None:
        raise NotFound("There is no such page.")
    body = preview_html(load_content(db, found[0].issue_id), public_url=get_settings().public_url)
    return HTMLResponse(body, headers={"Content-Security-Policy": PREVIEW_POLICY, "Cache-Control": "no-store"})


@router.post("/approve/{secret}")
def decide(
    request: Request,
    db: Db,
    secret: str,
    decision: Annotated[Literal["approve", "back"], Form()],
    word: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Use the link up: approve, or send back with a word. A refusal leaves the link good."""
    if not is_same_origin(request):
        raise Forbidden("This form was sent from another site. Open the link from your mail and try again.")
    found = find_link(db, secret)
    try:
        with db.begin_nested():
            decided = decide_by_link(db, secret, is_approved=decision == "approve", word=word)
    except CuratorError as error:
        return _page(request, db, secret, found, problem=error, word=word)
    send_decision(db, decided, settings=get_settings())
    by = decided.decided_by or ""
    record(db, by, f"approval.{decided.state.value}", "issue", decided.issue_id, approval=decided.id, by_link=True)
    return _page(request, db, secret, found, decided=decided)


def _page(
    request: Request,
    db: Db,
    secret: str,
    found: tuple[Approval, User] | None,
    *,
    problem: CuratorError | None = None,
    decided: Approval | None = None,
    word: str = "",
) -> HTMLResponse:
    if found is None:
        return page(request, "web/public/approve.html", issue=None, status=404)
    issue = get_issue(db, found[0].issue_id)
    response = page(
        request,
        "web/public/approve.html",
        issue=issue,
        newsletter=issue.newsletter,
        submission=found[0],
        who=found[1],
        changes=() if decided else standing(db, issue.id).changes,
        secret=secret,
        problem=problem,
        decided=decided,
        word=word,
        status=422 if problem else 200,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
