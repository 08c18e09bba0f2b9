"""What was sent, for anybody: the list of issues, an issue in the browser, and the mail's "view in browser".

Only issues that are sent are in the archive; nobody's name, no pixel, no cookie. An issue's page runs nothing.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.delivery.models import Delivery
from curator.editions.browser import browser_page
from curator.errors import NotFound
from curator.issues.models import Issue, IssueState
from curator.issues.newsletters import get_newsletter
from curator.settings import get_settings
from curator.tokens import Purpose
from curator.web.access import Db
from curator.web.public.reading import public_page, read_token
from curator.web.public.wording import words_in

router = APIRouter()

PAGE = 50
LARGEST = 2**31 - 1  # of PostgreSQL's integer: a number beyond it is nobody's


@router.api_route("/archive/{slug}", methods=["GET", "HEAD"])
def archive(
    request: Request, db: Db, slug: str, before: Annotated[int | None, Query(ge=0, le=LARGEST)] = None
) -> HTMLResponse:
    """The sent issues, newest first, `PAGE` at a time before the number `before`."""
    newsletter = get_newsletter(db, slug)
    query = (
        select(Issue.number, Issue.subject, Issue.preheader, Issue.sent_at)
        .join(Delivery, Delivery.issue_id == Issue.id)
        .where(Issue.newsletter_id == newsletter.id, Issue.state == IssueState.SENT, Delivery.edition_id.is_not(None))
        .order_by(Issue.number.desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        query = query.where(Issue.number < before)
    rows = list(db.execute(query))
    return public_page(
        request,
        "archive.html",
        words=words_in(newsletter.language),
        newsletter=newsletter,
        rows=rows[:PAGE],
        older=rows[PAGE - 1].number if len(rows) > PAGE else None,
        before=before,
    )


@router.api_route("/archive/{slug}/{number}", methods=["GET", "HEAD"])
def archived_issue(db: Db, slug: str, number: int) -> HTMLResponse:
    """An issue as it was sent; drafts and issues under way do not exist here."""
    newsletter = get_newsletter(db, slug)
    if not 0 < number <= LARGEST:
        raise NotFound("There is no such page.")
    edition_id = db.scalar(
        select(Delivery.edition_id)
        .join(Issue, Issue.id == Delivery.issue_id)
        .where(
            Issue.newsletter_id == newsletter.id,
            Issue.number == number,
            Issue.state == IssueState.SENT,
        )
    )
    if edition_id is None:
        raise NotFound("There is no such page.")
    return _issue(db, edition_id)


@router.api_route("/v/{token}", methods=["GET", "HEAD"])
def view_in_browser(db: Db, token: str) -> HTMLResponse:
    """The edition a mail was made from."""
    return _issue(db, read_token(token, Purpose.VIEW).b)


def _issue(session: Session, edition_id: int) -> HTMLResponse:
    """The edition as a document that may show pictures and follow links, and nothing else (CSP, sandbox)."""
    public_url = get_settings().public_url
    response = HTMLResponse(browser_page(session, edition_id, public_url=public_url))
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src 'self' {public_url} https: data:; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
    )
    return response
