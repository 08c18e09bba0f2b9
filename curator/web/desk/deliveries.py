"""Deliveries: the list, one delivery live, its brakes, sending again, and everything about every message as a file."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts import audit
from curator.audience.addresses import LONGEST
from curator.db.session import transaction
from curator.delivery import ledger, plan
from curator.delivery.models import Delivery, DeliveryState
from curator.delivery.requeue import resend, retry
from curator.errors import NotFound
from curator.issues.models import Issue
from curator.reports.names import Term, deliveries_of, find, names_of
from curator.web.access import Db, Desk, Editor, Sender, Viewer
from curator.web.desk.live import Look, stream
from curator.web.desk.progress import duration, show, word
from curator.web.pages import fragment, page

router = APIRouter(prefix="/n/{slug}/deliveries")

PAGE = 25


@router.get("")
def list_deliveries(request: Request, desk: Viewer, db: Db, before: int | None = None) -> HTMLResponse:
    """Newest first; those under way with how far they are."""
    rows = deliveries_of(db, desk.newsletter.id, before=before, limit=PAGE + 1)
    under_way = {row.issue.id: _values(db, row.issue)["shown"] for row in rows[:PAGE] if not _is_over(row.delivery)}
    return page(
        request,
        "web/desk/deliveries.html",
        desk=desk,
        current="deliveries",
        rows=rows[:PAGE],
        under_way=under_way,
        word=word,
        older=rows[PAGE - 1].delivery.id if len(rows) > PAGE else None,
        before=before,
    )


@router.get("/{number}")
def show_delivery(
    request: Request,
    desk: Viewer,
    db: Db,
    number: int,
    term: Term | None = None,
    reason: str = "",
    after: int = 0,
    q: str = "",
) -> HTMLResponse:
    """One delivery: the sum, and the names behind one of its terms or those whose address begins with `q`."""
    issue, delivery = _found(db, desk, number)
    values = _values(db, issue)
    term = term or _most_telling(values["ledger"])
    q = q.strip()[:LONGEST]
    names = find(db, delivery.id, q) if q else names_of(db, delivery.id, term, reason=reason, after=after)
    values |= {"names": names, "term": term.value, "reason": reason, "after": after, "q": q}
    return page(request, "web/desk/delivery.html", desk=desk, current="deliveries", **values)


@router.get("/{number}/events")
async def events(
    request: Request, desk: Viewer, number: int, term: Term = Term.ACCEPTED, reason: str = ""
) -> StreamingResponse:
    """The changing parts of the page, as they change. `term` and `reason` are those the page shows."""

    def look() -> Look:
        with transaction() as session:
            issue, _ = _found(session, desk, number)
            values = _values(session, issue) | {"term": term.value, "reason": reason}
        made = fragment(request, "web/desk/delivery_parts.html", desk=desk, **values)
        return Look(bytes(made.body).decode(), values["shown"].is_final)

    return await stream(request, look)


@router.get("/{number}/export.csv")
def export(desk: Viewer, db: Db, number: int) -> StreamingResponse:
    """Every message with its state, reason, replies and times."""
    issue, _ = _found(db, desk, number)

    def portions() -> Iterator[str]:
        """Many lines at a time: each portion is a turn of the thread that sends."""
        with transaction() as session:
            lines = ledger.export_csv(session, issue.id)
            while portion := "".join(islice(lines, 1000)):
                yield portion

    name = f"{desk.newsletter.slug}-{issue.number}-delivery.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(portions(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/{number}/resend")
def send_again(desk: Sender, db: Db, number: int, seen: Annotated[int, Form()]) -> Response:
    """Everybody in doubt, who may get a second copy. A second click finds the first one's act and changes nothing."""
    issue, delivery = _found(db, desk, number)
    if act := resend(db, delivery.id, desk.by, seen=seen):
        audit.record(db, desk.by, "delivery.resend", "issue", issue.id, messages=act.messages)
    return _back(desk, issue)


@router.post("/{number}/retry")
def try_again(
    desk: Sender, db: Db, number: int, seen: Annotated[int, Form()], reason: Annotated[str, Form()] = ""
) -> Response:
    """Everybody who failed, or who failed for one reason. A second click changes nothing."""
    issue, delivery = _found(db, desk, number)
    if act := retry(db, delivery.id, desk.by, reason=reason or None, seen=seen):
        audit.record(db, desk.by, "delivery.retry", "issue", issue.id, messages=act.messages, reason=act.reason)
    return _back(desk, issue)


_DECISIONS: dict[str, Callable[[Session, int, str], object]] = {
    "resume": plan.resume,
    "release": plan.release,
    "cancel": plan.cancel,
    "undo": plan.undo,
}


@router.post("/{number}/pause")
def pause(desk: Editor, db: Db, number: int) -> Response:
    """Stop what is scheduled or under way. Whoever edits may: it can be undone, and waiting for a sender cannot."""
    issue, delivery = _found(db, desk, number)
    plan.pause(db, delivery.id, desk.by)
    audit.record(db, desk.by, "delivery.pause", "issue", issue.id, number=issue.number)
    return _back(desk, issue)


@router.post("/{number}/{verb}")
def decide(desk: Sender, db: Db, number: int, verb: Literal["resume", "release", "cancel", "undo"]) -> Response:
    """Resume, release, cancel or take back; then where the editor wants to be."""
    issue, delivery = _found(db, desk, number)
    _DECISIONS[verb](db, delivery.id, desk.by)
    audit.record(db, desk.by, f"delivery.{verb}", "issue", issue.id, number=issue.number)
    place = "issues" if verb == "undo" else "deliveries"
    return RedirectResponse(f"/n/{desk.newsletter.slug}/{place}/{issue.number}", status_code=303)


def _back(desk: Desk, issue: Issue) -> RedirectResponse:
    return RedirectResponse(f"/n/{desk.newsletter.slug}/deliveries/{issue.number}", status_code=303)


def _found(session: Session, desk: Desk, number: int) -> tuple[Issue, Delivery]:
    found = session.execute(
        select(Issue, Delivery)
        .join(Delivery, Delivery.issue_id == Issue.id)
        .where(Issue.newsletter_id == desk.newsletter.id, Issue.number == number)
    ).one_or_none()
    if found is None:
        raise NotFound(f"Issue {number} has no delivery: it was not sent, or its Send was taken back.")
    return found[0], found[1]


def _values(session: Session, issue: Issue) -> dict[str, Any]:
    status = ledger.delivery_status(session, issue.id)
    shown = show(status, datetime.now(UTC))
    return {"issue": issue, "ledger": status, "shown": shown, "duration": duration}


def _most_telling(status: dict[str, Any]) -> Term:
    """What one would look at first: trouble, then what is still to come, then everybody."""
    order = (Term.FAILED, Term.UNKNOWN, Term.WAITING)
    return next((term for term in order if status[term]), Term.ACCEPTED)


def _is_over(delivery: Delivery) -> bool:
    """Counting every message of everything that was ever sent would make the list slow for nothing."""
    return delivery.state in (DeliveryState.SENT, DeliveryState.CANCELLED)
