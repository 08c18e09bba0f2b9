"""Signing in by one-time link or password, and signing out. A link's GET uses nothing up: scanners open links.

Whoever asks for a link gets the same answer in the same time, whether or not they have an account.
"""

import time
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.accounts.links import create_link, is_usable, redeem_link
from curator.accounts.models import User
from curator.accounts.sign_ins import close_sign_in, open_sign_in
from curator.accounts.users import check_password, find_user
from curator.db.session import transaction
from curator.delivery.notices import send_sign_in
from curator.errors import Forbidden, Invalid, NotFound
from curator.settings import get_settings
from curator.web.access import Db, SignedIn, cookie_name, is_same_origin
from curator.web.caps import is_allowed
from curator.web.pages import page

router = APIRouter()

LONGEST_TARGET = 600
"""Characters of a page to go on to that still fit into a mailed link."""

ANSWER_SECONDS = 0.25  # to every request for a link


@router.get("/sign-in")
def form(request: Request, next: str = "/") -> Response:
    """The form: a link by mail, or a password."""
    return page(request, "web/sign_in.html", next=_local(next), problem=None, sent=False)


@router.post("/sign-in")
def sign_in(
    request: Request,
    address: Annotated[str, Form(max_length=320)],
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """With a password: sign in. Without: mail a link; the answer is the same whether or not the address is known."""
    _refuse_foreign(request)
    if not is_allowed(request, "sign-in", address.strip().casefold()):
        problem = "Too many attempts. Wait a quarter of an hour and try again."
        return page(request, "web/sign_in.html", next=_local(next), problem=problem, sent=False, status=429)
    started = time.monotonic()
    with transaction() as db:
        if password:
            return _by_password(request, db, address, password, _local(next))
        _mail_link(db, address, _local(next))
    # Outside the transaction: nothing is held while everybody waits equally long.
    time.sleep(max(0.0, ANSWER_SECONDS - (time.monotonic() - started)))
    return page(request, "web/sign_in.html", next=_local(next), problem=None, sent=True)


@router.get("/sign-in/{secret}")
def link(request: Request, db: Db, secret: str, next: str = "/") -> Response:
    """A page with one button, so that a scanner that opens the link does not use it up."""
    return _link_page(request, secret, is_usable(db, secret), _local(next))


@router.post("/sign-in/{secret}")
def redeem(request: Request, db: Db, secret: str, next: Annotated[str, Form()] = "/") -> Response:
    """Use the link up, sign its user in, and go on where they wanted to be."""
    _refuse_foreign(request)
    user = redeem_link(db, secret)
    if user is None:
        return _link_page(request, secret, False, "/")
    return _signed_in(request, db, user, _local(next))


@router.post("/sign-out")
def sign_out(request: Request, db: Db, who: SignedIn) -> Response:
    """End this session."""
    close_sign_in(db, request.cookies.get(cookie_name(), ""))
    record(db, who.user.address_key, "user.signed_out", "user", who.user.id)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(cookie_name(), path="/")
    return response


def _by_password(request: Request, db: Session, address: str, password: str, target: str) -> Response:
    user = check_password(db, address, password)
    if user is None:
        problem = "The address or the password is wrong."
        return page(request, "web/sign_in.html", next=target, problem=problem, sent=False, status=422)
    return _signed_in(request, db, user, target)


def _signed_in(request: Request, db: Session, user: User, target: str) -> Response:
    settings = get_settings()
    secret = open_sign_in(db, user, agent=request.headers.get("user-agent", ""), settings=settings)
    record(db, user.address_key, "user.signed_in", "user", user.id)
    response = RedirectResponse(target, status_code=303)
    response.set_cookie(
        cookie_name(),
        secret,
        max_age=settings.session_days * 86400,
        path="/",
        secure=settings.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return response


def _link_page(request: Request, secret: str, usable: bool, target: str) -> Response:
    status = 200 if usable else 404
    return page(request, "web/sign_in_link.html", secret=secret, usable=usable, next=target, status=status)


def _mail_link(db: Session, address: str, target: str) -> None:
    try:
        user = find_user(db, address)
    except (NotFound, Invalid):
        return
    settings = get_settings()
    secret = create_link(db, user)
    onward = f"?next={quote(target, safe='')}" if target != "/" and len(target) <= LONGEST_TARGET else ""
    send_sign_in(db, user.address, f"{settings.public_url}/sign-in/{secret}{onward}", settings=settings)


def _refuse_foreign(request: Request) -> None:
    if not is_same_origin(request):
        raise Forbidden("This form was sent from another site. Open the sign-in page and try again.")


def _local(target: str) -> str:
    """`target` when it is a path of ours; never another site (`//host`, `/\\host`)."""
    try:
        parts = urlsplit(target)
    except ValueError:  # a bracket where a host would be
        return "/"
    is_ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return target if is_ours else "/"
