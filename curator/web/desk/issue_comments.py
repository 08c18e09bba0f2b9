"""Comments on the items of an issue, for those who compose it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from curator.issues.comments import add_comment, settle_comment
from curator.issues.models import Comment, Issue
from curator.web.access import Db, Desk, Editor
from curator.web.desk.asked import wants_json
from curator.web.desk.composer import issue_of, item_of

router = APIRouter()


@router.post("/n/{slug}/issues/{number}/items/{item_id}/comments")
def comment(
    request: Request, desk: Editor, db: Db, number: int, item_id: int, text: Annotated[str, Form()] = ""
) -> Response:
    """Say something about an item."""
    issue = issue_of(db, desk, number)
    return _done(request, desk, issue, add_comment(db, item_of(db, issue, item_id).id, text, desk.by))


@router.post("/n/{slug}/issues/{number}/comments/{comment_id}")
def settle(
    request: Request, desk: Editor, db: Db, number: int, comment_id: int, resolved: Annotated[bool, Form()] = True
) -> Response:
    """Resolve a comment, or open it again."""
    issue = issue_of(db, desk, number)
    return _done(request, desk, issue, settle_comment(db, issue.id, comment_id, desk.by, is_resolved=resolved))


def _done(request: Request, desk: Desk, issue: Issue, said: Comment) -> Response:
    if wants_json(request):
        return JSONResponse({"revisions": [], "focus": f"talk-{said.item_id}"})
    return RedirectResponse(f"/n/{desk.newsletter.slug}/issues/{issue.number}#item-{said.item_id}", status_code=303)
