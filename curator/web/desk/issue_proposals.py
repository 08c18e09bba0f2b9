"""Words by a model on the issue page: asked for, cancelled, used. A request only changes rows; a worker asks."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.issues.models import Issue
from curator.issues.proposal_prompts import Kind
from curator.issues.proposals import Proposal, ask_for, put_away, use_offer
from curator.issues.revisions import latest_revision, revisions_since
from curator.settings import get_settings
from curator.web.access import Db, Desk, Editor
from curator.web.desk.asked import wants_json
from curator.web.desk.composer import issue_of, item_of
from curator.web.desk.issue_checks import words_now
from curator.web.desk.proposed import proposed_in
from curator.web.pages import fragment

router = APIRouter()


@router.get("/n/{slug}/issues/{number}/proposals")
def proposals(request: Request, desk: Editor, db: Db, number: int) -> HTMLResponse:
    """Every part of the page that shows a model's words, as it is now."""
    issue = issue_of(db, desk, number)
    return fragment(request, "web/desk/proposals.html", desk=desk, issue=issue, proposed=proposed_in(db, issue))


@router.post("/n/{slug}/issues/{number}/propose/{kind}")
def propose(request: Request, desk: Editor, db: Db, number: int, kind: Kind) -> Response:
    """Have subjects proposed for this issue."""
    issue = issue_of(db, desk, number)
    return _done(request, desk, db, issue, ask_for(db, issue.id, None, kind, desk.by, get_settings()))


@router.post("/n/{slug}/issues/{number}/items/{item_id}/propose/{kind}")
def propose_for_item(request: Request, desk: Editor, db: Db, number: int, item_id: int, kind: Kind) -> Response:
    """Have a blurb proposed for an item, or its words translated."""
    issue = issue_of(db, desk, number)
    item = item_of(db, issue, item_id)
    return _done(request, desk, db, issue, ask_for(db, issue.id, item.id, kind, desk.by, get_settings()))


@router.post("/n/{slug}/issues/{number}/proposals/{proposal_id}/away")
def away(request: Request, desk: Editor, db: Db, number: int, proposal_id: int) -> Response:
    """Cancel a proposal, or take it off the page."""
    issue = issue_of(db, desk, number)
    return _done(request, desk, db, issue, put_away(db, issue.id, proposal_id))


@router.post("/n/{slug}/issues/{number}/proposals/{proposal_id}/use")
def use(
    request: Request, desk: Editor, db: Db, number: int, proposal_id: int, offer: Annotated[int, Form()] = 0
) -> Response:
    """Put a proposal's words into their fields."""
    issue = issue_of(db, desk, number)
    before = latest_revision(db, issue.id) or 0
    return _done(request, desk, db, issue, use_offer(db, issue.id, proposal_id, offer, desk.by), before)


def _done(
    request: Request, desk: Desk, db: Session, issue: Issue, proposal: Proposal, before: int | None = None
) -> Response:
    """`before` is the newest change from before the words were used: those after it can be undone one by one."""
    if not wants_json(request):
        address = f"/n/{desk.newsletter.slug}/issues/{issue.number}"
        return RedirectResponse(f"{address}#proposed-{proposal.item_id or 0}", status_code=303)
    facts = {"part": f"proposed-{proposal.item_id or 0}", "issue": issue.version}
    if before is None:
        return JSONResponse(facts)
    revisions = revisions_since(db, issue.id, before, desk.by)
    words = words_now(db, issue.id)
    field = "subject" if proposal.item_id is None else f"blurb-{proposal.item_id}"
    return JSONResponse({**facts, "revisions": revisions, "words": words, "field": field})
