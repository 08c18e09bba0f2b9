"""Signing up: the form, "check your mail", and the page behind the mailed link. Only a button's POST confirms.

Known, unknown and suppressed addresses get the same answer in the same time. Links are built from the configured
address only, and nothing that was typed in reaches the mail.
"""

import time
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.audience.models import SubscriptionState
from curator.audience.subscribe import confirm
from curator.audience.subscribe import request as ask
from curator.db.session import transaction
from curator.delivery.notices import send_confirmation
from curator.errors import Conflict, Invalid, NotFound
from curator.issues.models import Newsletter, Tracking
from curator.issues.newsletters import get_newsletter
from curator.settings import get_settings
from curator.tokens import Purpose
from curator.web.access import Db
from curator.web.caps import client_network, is_allowed
from curator.web.public.reading import find_reading, public_page, read_token, reading_page
from curator.web.public.wording import words_in

router = APIRouter()

ANSWER_SECONDS = 0.25  # every answer to the form takes this long, whatever was found


@router.api_route("/subscribe/{slug}", methods=["GET", "HEAD"])
def form(request: Request, db: Db, slug: str) -> HTMLResponse:
    """The form."""
    return _form(request, get_newsletter(db, slug))


@router.post("/subscribe/{slug}")
def sign_up(
    request: Request,
    slug: str,
    address: Annotated[str, Form(max_length=1000)] = "",
    name: Annotated[str, Form(max_length=1000)] = "",
    tracking: Annotated[bool, Form()] = False,
    website: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Take the request down and have a confirmation mailed if one is due; then "check your mail" in any case."""
    started = time.monotonic()
    answer = _sign_up(request, slug, address, name, tracking, is_robot=bool(website))
    # Outside the transaction: nothing is held while everybody waits equally long.
    time.sleep(max(0.0, ANSWER_SECONDS - (time.monotonic() - started)))
    return answer


@router.api_route("/subscribe/{slug}/check", methods=["GET", "HEAD"])
def check_your_mail(request: Request, db: Db, slug: str) -> HTMLResponse:
    """What to do next."""
    newsletter = get_newsletter(db, slug)
    return public_page(request, "check.html", words=words_in(newsletter.language), newsletter=newsletter)


@router.api_route("/confirm/{token}", methods=["GET", "HEAD"])
def confirm_page(request: Request, db: Db, token: str) -> HTMLResponse:
    """The page behind the mailed link. Opening it changes nothing: mail scanners open every link."""
    reading = find_reading(db, read_token(token, Purpose.CONFIRM).a)
    if reading is None:
        return _gone(request)
    is_active = reading.subscription.state is SubscriptionState.ACTIVE
    return reading_page(request, "confirm.html", reading, token=token, done="already" if is_active else "")


@router.post("/confirm/{token}")
def confirm_now(request: Request, db: Db, token: str) -> HTMLResponse:
    """The button was pressed. Pressing it again is fine."""
    subscription_id = read_token(token, Purpose.CONFIRM).a
    reading = find_reading(db, subscription_id)
    if reading is None:
        return _gone(request)
    wording = f"{_lead(reading.words['confirm_lead'], reading.newsletter)} {reading.words['confirm_button']}"
    try:
        confirm(db, subscription_id, form="/confirm", wording=wording, machine=client_network(request))
    except Conflict:
        return reading_page(request, "confirm.html", reading, token=token, done="refused", status=409)
    except NotFound:
        return _gone(request)
    return reading_page(request, "confirm.html", reading, token=token, done="yes")


def _form(
    request: Request, newsletter: Newsletter, *, problem: str = "", address: str = "", status: int = 200
) -> HTMLResponse:
    return public_page(
        request,
        "subscribe.html",
        words=words_in(newsletter.language),
        newsletter=newsletter,
        status=status,
        problem=problem,
        address=address,
        asks_tracking=newsletter.tracking is Tracking.INDIVIDUAL,
    )


def _sign_up(request: Request, slug: str, address: str, name: str, tracking: bool, *, is_robot: bool) -> Response:
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        words = words_in(newsletter.language)
        if not is_allowed(request, "subscribe", f"{newsletter.id} {address.strip().lower()}"):
            return _form(request, newsletter, problem=words["too_many"], address=address, status=429)
        sent = RedirectResponse(f"/subscribe/{newsletter.slug}/check", status_code=303)
        if is_robot:  # it filled in a field that people do not see
            return sent
        asks_tracking = tracking and newsletter.tracking is Tracking.INDIVIDUAL
        wording = words["consent"].format(newsletter=newsletter.name)
        try:
            asked = ask(
                session,
                newsletter.id,
                address,
                name=name,
                language=words.language,
                tracking=asks_tracking,
                form=f"/subscribe/{newsletter.slug}",
                wording=f"{wording} {words['tracking_label']}." if asks_tracking else wording,
                machine=client_network(request),
                settings=get_settings(),
            )
        except Invalid:
            return _form(request, newsletter, problem=words["wrong_address"], address=address, status=422)
        if asked.needs_confirmation and asked.subscription is not None:
            send_confirmation(session, asked.subscription.id, settings=get_settings())
        return sent


def _lead(phrase: str, newsletter: Newsletter) -> str:
    """The words of the page as evidence, without repeating the address."""
    return phrase.format(newsletter=newsletter.name, address="…")


def _gone(request: Request) -> HTMLResponse:
    """The request was deleted unconfirmed, and with it the language of the reader."""
    words = words_in(request.headers.get("accept-language", "en")[:2].lower())
    return public_page(request, "gone.html", words=words, newsletter=None, status=404, what="confirm_gone")
