"""Leaving by a mail's link. GET shows a page and changes nothing; POST leaves, whoever sends it.

The POST is also RFC 8058's one-click: no cookie, no redirect, no cap, no CSRF token, the same answer again and again.
The token in the address is the right to leave; it works for years.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse

from curator.audience.leave import give_reason, leave_all, may_rejoin, rejoin
from curator.audience.models import SubscriptionState
from curator.events.leaving import leave_by_token
from curator.tokens import Purpose
from curator.web.access import Db
from curator.web.public.others import names_of_others, today
from curator.web.public.reading import Reading, find_reading, public_page, read_token, reading_page, signer
from curator.web.public.wording import words_in

router = APIRouter()

_ONE_CLICK = b"List-Unsubscribe=One-Click"
REASONS = ("often", "content", "never", "other")


async def way_of_asking(request: Request) -> str:
    """ "one-click" for a mailbox provider's POST (RFC 8058 3.2), else the page. A broken body must not stop anybody."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > 2000:
            break
    is_one_click = _ONE_CLICK in body or (b'name="List-Unsubscribe"' in body and b"One-Click" in body)
    return "one-click" if is_one_click else "/u"


@router.api_route("/u/{token}", methods=["GET", "HEAD"])
def leave_page(request: Request, db: Db, token: str) -> HTMLResponse:
    """Ask whether they want to leave. Mail scanners open this link in every mail."""
    reading = find_reading(db, read_token(token, Purpose.LEAVE).a)
    if reading is None:
        return _gone(request)
    has_left = reading.subscription.state is SubscriptionState.LEFT
    return _page(request, db, token, reading, "left" if has_left else "ask")


@router.post("/u/{token}")
def leave_now(request: Request, db: Db, token: str, form: Annotated[str, Depends(way_of_asking)]) -> HTMLResponse:
    """Leave. Done when this answers, even in the middle of a send."""
    read = read_token(token, Purpose.LEAVE)
    leave_by_token(db, read, form=form, signer=signer())
    reading = find_reading(db, read.a)
    return _gone(request, status=200) if reading is None else _page(request, db, token, reading, "left")


@router.post("/u/{token}/undo")
def undo(request: Request, db: Db, token: str) -> HTMLResponse:
    """It was a mistake."""
    read = read_token(token, Purpose.LEAVE)
    reading = find_reading(db, read.a)
    if reading is None:
        return _gone(request)
    rejoin(db, read.a, form="/u/undo", wording=reading.words["left_undo"])
    is_back = reading.subscription.state is not SubscriptionState.LEFT
    return _page(request, db, token, reading, "back" if is_back else "too-late")


@router.post("/u/{token}/reason")
def reason(
    request: Request,
    db: Db,
    token: str,
    why: Annotated[str, Form(max_length=100)] = "",
    words: Annotated[str, Form(max_length=5000)] = "",
) -> HTMLResponse:
    """Why, if they care to say."""
    read = read_token(token, Purpose.LEAVE)
    reading = find_reading(db, read.a)
    if reading is None:
        return _gone(request)
    chosen = reading.words[f"reason_{why}"] if why in REASONS else ""
    given = ": ".join(part for part in (chosen, " ".join(words.split())) if part)
    give_reason(db, read.a, form="/u/reason", reason=given)
    return _page(request, db, token, reading, "thanks" if given else "left")


@router.post("/u/{token}/all")
def all_newsletters(request: Request, db: Db, token: str) -> HTMLResponse:
    """Leave every newsletter of ours."""
    read = read_token(token, Purpose.LEAVE)
    reading = find_reading(db, read.a)
    if reading is None:
        return _gone(request)
    leave_by_token(db, read, form="/u/all", signer=signer())
    leave_all(db, reading.subscriber.id, form="/u/all")
    return _page(request, db, token, reading, "left-all")


def _page(request: Request, db: Db, token: str, reading: Reading, step: str) -> HTMLResponse:
    return reading_page(
        request,
        "leave.html",
        reading,
        token=token,
        step=step,
        reasons=REASONS,
        may_undo=may_rejoin(reading.subscription, today(db)),
        others=names_of_others(db, reading),
        preferences=signer().sign(Purpose.PREFERENCES, reading.subscription.id, 0),
    )


def _gone(request: Request, status: int = 404) -> HTMLResponse:
    """The person was erased: there is nothing left to leave, and no language known."""
    words = words_in(request.headers.get("accept-language", "en")[:2].lower())
    return public_page(request, "gone.html", words=words, newsletter=None, status=status, what="gone")
