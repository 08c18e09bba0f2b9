"""A reader's own subscription, behind the link in every mail: pause, measuring, leaving. No sign-in, no script needed.

The token in the address is the right to all of this. GET changes nothing.
"""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.audience.leave import LONGEST_PAUSE, leave_all, may_rejoin, pause, rejoin, set_tracking
from curator.audience.models import SubscriptionState
from curator.errors import Invalid
from curator.events.leaving import leave_by_token
from curator.issues.models import Tracking
from curator.tokens import Purpose, Token
from curator.web.access import Db
from curator.web.public.others import names_of_others, today
from curator.web.public.reading import Reading, find_reading, public_page, read_token, reading_page, signer
from curator.web.public.wording import words_in

router = APIRouter()

Verb = Literal["pause", "resume", "measure", "unmeasure", "leave", "leave-all", "rejoin"]
Done = Literal["", "paused", "resumed", "measured", "unmeasured", "left", "left_all", "rejoined"]


@router.api_route("/p/{token}", methods=["GET", "HEAD"])
def preferences(request: Request, db: Db, token: str, done: Done = "") -> HTMLResponse:
    """How things stand. `done` says what was just changed."""
    reading = find_reading(db, read_token(token, Purpose.PREFERENCES).a)
    return _gone(request) if reading is None else _page(request, db, token, reading, done=done)


@router.post("/p/{token}/{verb}")
def change(
    request: Request, db: Db, token: str, verb: Verb, until: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Change one thing, then show how things stand."""
    read = read_token(token, Purpose.PREFERENCES)
    reading = find_reading(db, read.a)
    if reading is None:
        return _gone(request)
    try:
        done = _change(db, read, reading, verb, until)
    except Invalid:
        return _page(request, db, token, reading, problem=reading.words["wrong_day"], status=422)
    return RedirectResponse(f"/p/{token}?done={done}" if done else f"/p/{token}", status_code=303)


def _change(session: Session, read: Token, reading: Reading, verb: Verb, until: str) -> Done:
    words, subscription_id = reading.words, reading.subscription.id
    match verb:
        case "pause":
            pause(session, subscription_id, _day(until))
            return "paused"
        case "resume":
            pause(session, subscription_id, None)
            return "resumed"
        case "measure" if reading.newsletter.tracking is Tracking.INDIVIDUAL:
            set_tracking(session, subscription_id, True, form="/p", wording=words["tracking_on"])
            return "measured"
        case "unmeasure":
            set_tracking(session, subscription_id, False, form="/p", wording=words["tracking_forbid"])
            return "unmeasured"
        case "leave":
            leave_by_token(session, read, form="/p", signer=signer())
            return "left"
        case "leave-all":
            leave_by_token(session, read, form="/p", signer=signer())
            leave_all(session, reading.subscriber.id, form="/p")
            return "left_all"
        case "rejoin" if rejoin(session, subscription_id, form="/p", wording=words["left_undo"]):
            return "rejoined"
    return ""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("This is not a day.") from error


def _page(
    request: Request,
    session: Session,
    token: str,
    reading: Reading,
    *,
    done: Done = "",
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    now = today(session)
    subscription = reading.subscription
    is_paused = subscription.paused_until is not None and subscription.paused_until > now
    return reading_page(
        request,
        "preferences.html",
        reading,
        status=status,
        token=token,
        done=done,
        problem=problem,
        is_active=subscription.state is SubscriptionState.ACTIVE,
        is_pending=subscription.state is SubscriptionState.PENDING,
        has_left=subscription.state is SubscriptionState.LEFT,
        is_paused=is_paused,
        may_undo=may_rejoin(subscription, now),
        may_measure=reading.newsletter.tracking is Tracking.INDIVIDUAL,
        others=names_of_others(session, reading),
        first_day=now + timedelta(days=1),
        usual_day=now + timedelta(days=30),
        last_day=now + LONGEST_PAUSE,
    )


def _gone(request: Request) -> HTMLResponse:
    words = words_in(request.headers.get("accept-language", "en")[:2].lower())
    return public_page(request, "gone.html", words=words, newsletter=None, status=404, what="gone")
