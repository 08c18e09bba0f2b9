"""The report of one issue: people and machines side by side, what they followed, and when."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from curator.errors import NotFound
from curator.issues.models import Issue
from curator.reports.issue_report import issue_report
from curator.web.access import Db, Viewer
from curator.web.desk.chart import HOURS, draw, hours_of
from curator.web.pages import page

router = APIRouter(prefix="/n/{slug}/reports")

LIVE_FOR = timedelta(days=14)
"""How long after sending the page asks for new numbers by itself."""

LIVE_SECONDS = 3


@router.get("/{number}")
def show_report(request: Request, desk: Viewer, db: Db, number: int) -> HTMLResponse:
    """The numbers right up to this moment."""
    issue_id = db.scalar(select(Issue.id).where(Issue.newsletter_id == desk.newsletter.id, Issue.number == number))
    if issue_id is None:
        raise NotFound(f"There is no issue {number}.")
    report = issue_report(db, issue_id)
    sent_at = datetime.fromisoformat(report["sent_at"]) if report["sent_at"] else None
    hours = hours_of(report)
    return page(
        request,
        "web/desk/report.html",
        desk=desk,
        current="deliveries",
        report=report,
        sent_at=sent_at,
        hours=hours,
        charts=[(what, draw(hours, what, sent_at)) for what in ("opens", "clicks")],
        drawn_hours=HOURS,
        live_seconds=LIVE_SECONDS if sent_at and datetime.now(UTC) - sent_at < LIVE_FOR else 0,
        share=share,
    )


def share(part: int, whole: int) -> str:
    """A part in percent, with one digit below ten; empty when there is no whole."""
    if not whole:
        return ""
    percent = 100 * part / whole
    return f"{percent:.0f}" if percent >= 10 or percent == int(percent) else f"{percent:.1f}"
