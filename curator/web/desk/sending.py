"""Test mails and the Send dialog: who gets it and who does not, what stands in the way, when, and the time to undo."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.accounts.roles import may
from curator.audience.eligible import candidates
from curator.delivery.notices import send_test
from curator.delivery.pilot_rule import pilot_size
from curator.delivery.plan import send_issue
from curator.delivery.prediction import predict_send
from curator.delivery.preflight import weigh_for_send
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.relays import relay_for
from curator.editions.checks import Checks, Finding
from curator.errors import Conflict, CuratorError, Invalid, Unavailable
from curator.issues.models import Issue, IssueState
from curator.settings import get_settings
from curator.web.access import Db, Desk, Editor, Sender
from curator.web.caps import is_allowed
from curator.web.desk.asked import is_htmx
from curator.web.desk.composer import issue_of
from curator.web.desk.issue_checks import find_problems
from curator.web.desk.progress import rough
from curator.web.pages import page

router = APIRouter()

FURTHEST = timedelta(days=366)
TOO_MANY_TESTS = (
    "No test was sent: you sent all the tests of this newsletter that one person may send within an hour. "
    "Look at the preview meanwhile, or wait."
)


@router.post("/n/{slug}/issues/{number}/test")
def mail_a_test(request: Request, desk: Editor, db: Db, number: int, address: Annotated[str, Form()] = "") -> Response:
    """Send the issue as it stands to one address, marked as a test, by the same way as the real one."""
    issue = issue_of(db, desk, number)
    if not is_allowed(request, "test-mail", f"{desk.newsletter.id} {desk.user.id}"):
        return _tested(request, desk, issue, address, TOO_MANY_TESTS, 429)
    try:
        with db.begin_nested():
            send_test(db, issue.id, address.strip() or desk.user.address, settings=get_settings())
    except CuratorError as error:
        return _tested(request, desk, issue, address, error.message, 422)
    return _tested(request, desk, issue, address)


@router.get("/n/{slug}/issues/{number}/send")
def send_dialog(request: Request, desk: Editor, db: Db, number: int) -> Response:
    """Everything to know before pressing Send."""
    issue = issue_of(db, desk, number)
    if issue.state != IssueState.DRAFT:
        return _to_delivery(request, desk, number)
    return _dialog(request, desk, db, issue)


@router.post("/n/{slug}/issues/{number}/send")
def send(
    request: Request,
    desk: Sender,
    db: Db,
    number: int,
    when: Annotated[str, Form()] = "undo",
    at: Annotated[str, Form()] = "",
    over: Annotated[str, Form()] = "",
    no_pilot: Annotated[bool, Form()] = False,
    acknowledged: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Send. Errors stop it, warnings must be ticked by name; a second Send finds the first and stops."""
    issue = issue_of(db, desk, number)
    ticked = set(acknowledged or ())
    try:
        with db.begin_nested():
            if issue.state == IssueState.DRAFT:
                _refuse_unticked(weigh_for_send(find_problems(db, issue.id)), ticked)
            moment = _moment(at, desk) if when == "at" else None
            minutes, pilot = _minutes(over), not no_pilot
            delivery = send_issue(
                db, issue.id, by=desk.by, at=moment, over=minutes, pilot=pilot, settings=get_settings()
            )
            facts = {"delivery": delivery.id, "acknowledged": sorted(ticked), "pilot": pilot}
            record(db, desk.by, "issue.sent", "issue", issue.id, **facts)
    except CuratorError as error:
        fresh = issue_of(db, desk, number)
        values: dict[str, Any] = {"when": when, "at": at, "over": over, "ticked": ticked, "no_pilot": no_pilot}
        return _dialog(request, desk, db, fresh, problem=error, **values)
    return _to_delivery(request, desk, number)


def warning_key(finding: Finding) -> str:
    """What is ticked when a warning is acknowledged: this warning, at this place. Two items may have one title."""
    place = f":{finding.item_id or ''}:{finding.field}" if finding.item_id or finding.field else ""
    return f"{finding.code}:{finding.where[:200]}{place}"


def count_audience(db: Session, newsletter_id: int) -> tuple[int, dict[str, int]]:
    """How many get the issue, and how many do not by reason, as it stands now."""
    people = candidates(newsletter_id).subquery()
    rows = db.execute(select(people.c.reason, func.count()).group_by(people.c.reason))
    counts: dict[str | None, int] = {reason: count for reason, count in rows}  # noqa: C416
    mailed = counts.pop(None, 0)
    return mailed, {str(reason): counts[reason] for reason in sorted(counts, key=str)}


def _tested(
    request: Request, desk: Desk, issue: Issue, address: str, problem: str = "", status: int = 200
) -> HTMLResponse:
    values = {"issue": issue, "problem": problem, "address": address.strip() or desk.user.address}
    template = "web/desk/test_sent.html" if is_htmx(request) else "web/desk/test_sent_page.html"
    return page(request, template, desk=desk, current="issues", status=status, **values)


def _dialog(
    request: Request,
    desk: Desk,
    db: Session,
    issue: Issue,
    *,
    problem: CuratorError | None = None,
    when: str = "undo",
    at: str = "",
    over: str = "",
    ticked: set[str] | None = None,
    no_pilot: bool = False,
) -> HTMLResponse:
    settings = get_settings()
    mailed, excluded = count_audience(db, desk.newsletter.id)
    relay = _relay(db, desk)
    pilot = pilot_size(mailed, share=settings.pilot_share, least=settings.pilot_least)
    first = datetime.now(UTC) + timedelta(seconds=settings.undo_seconds)
    ends_at = predict_send(db, desk.newsletter.id, first) if mailed else None
    if ends_at and pilot and not no_pilot:
        ends_at += timedelta(minutes=settings.pilot_hold_minutes)
    values: dict[str, Any] = {
        "issue": issue,
        "checks": weigh_for_send(find_problems(db, issue.id)),
        "mailed": mailed,
        "excluded": excluded,
        "relay": relay,
        "ends_at": ends_at,
        "may_send": may(desk.role, "send"),
        "takes": ends_at - first if ends_at else timedelta(0),
        "rough": rough,
        "undo_minutes": round(settings.undo_seconds / 60, 1),
        "pilot": pilot,
        "hold_minutes": settings.pilot_hold_minutes,
        "no_pilot": no_pilot,
        "problem": problem,
        "is_taken": isinstance(problem, Conflict) or issue.state != IssueState.DRAFT,
        "when": when,
        "at": at or _tomorrow_morning(desk),
        "over": over,
        "ticked": ticked or set(),
        "warning_key": warning_key,
    }
    status = 200 if problem is None else 409 if isinstance(problem, Conflict) else 422
    # htmx swaps the dialog whatever the status says, so that the reason is read where Send was pressed.
    template = "web/desk/send.html" if is_htmx(request) else "web/desk/send_page.html"
    return page(request, template, desk=desk, current="issues", status=status, **values)


def _refuse_unticked(checks: Checks, ticked: set[str]) -> None:
    left = [finding for finding in checks.warnings if warning_key(finding) not in ticked]
    if left and not checks.errors:
        count = "One warning is" if len(left) == 1 else f"{len(left)} warnings are"
        raise Invalid(f"{count} not ticked yet. Read them, tick them if they may stay, and press Send again.")


def _moment(at: str, desk: Desk) -> datetime:
    """A time of day in the newsletter's zone as a moment; refused when it is past or too far off."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise Invalid("Choose a date and a time to send at.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(desk.newsletter.timezone))
    now = datetime.now(UTC)
    if moment < now:
        raise Invalid("That time is past. Choose a later one, or send now.")
    if moment > now + FURTHEST:
        raise Invalid("That is more than a year away. Choose an earlier time.")
    return moment


def _minutes(over: str) -> int | None:
    try:
        return int(over) if over.strip() else None
    except ValueError:
        raise Invalid("Spread it over a whole number of minutes, or leave that empty.") from None


def _tomorrow_morning(desk: Desk) -> str:
    here = datetime.now(ZoneInfo(desk.newsletter.timezone))
    return (here + timedelta(days=1)).replace(hour=8, minute=0, second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M")


def _relay(db: Session, desk: Desk) -> RelayPlan | None:
    try:
        return relay_for(db, desk.newsletter.id)
    except Unavailable:
        return None


def _to_delivery(request: Request, desk: Desk, number: int) -> Response:
    address = f"/n/{desk.newsletter.slug}/deliveries/{number}"
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)
