"""A user's own page: set a password, see where one is signed in, end other sign-ins."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from curator.accounts.audit import record
from curator.accounts.models import SignIn
from curator.accounts.sign_ins import close_all
from curator.accounts.users import set_password
from curator.errors import Invalid
from curator.web.access import Db, SignedIn
from curator.web.pages import page

router = APIRouter()

# In this order: browsers carry each other's names, and so do machines.
_BROWSERS = (
    ("Edge", "Edg"),
    ("Opera", "OPR/"),
    ("Firefox", "Firefox/"),
    ("Firefox", "FxiOS/"),
    ("Chrome", "Chrome/"),
    ("Chrome", "CriOS/"),
    ("Safari", "Safari/"),
)
_MACHINES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac", "Macintosh"),
    ("Linux", "Linux"),
)


@router.get("/account")
def account(request: Request, db: Db, who: SignedIn) -> Response:
    """Password form and the list of sign-ins."""
    return _page(request, db, who)


@router.post("/account/password")
def change_password(
    request: Request, db: Db, who: SignedIn, password: Annotated[str, Form(max_length=1000)]
) -> Response:
    """Set the password; every sign-in ends, this one too."""
    try:
        set_password(db, who.user, password)
    except Invalid as error:
        return _page(request, db, who, problem=error.message, status=422)
    record(db, who.user.address_key, "password.set", "user", who.user.id)
    return RedirectResponse("/sign-in", status_code=303)


@router.post("/account/sign-out-everywhere")
def sign_out_everywhere(db: Db, who: SignedIn) -> Response:
    """End every sign-in of this user."""
    close_all(db, who.user.id)
    record(db, who.user.address_key, "user.signed_out_everywhere", "user", who.user.id)
    return RedirectResponse("/sign-in", status_code=303)


def browser_name(agent: str) -> str:
    """What its user would call it: the browser and the machine. What we do not recognise is shown as it is."""
    browser = next((name for name, mark in _BROWSERS if mark in agent), "")
    machine = next((name for name, mark in _MACHINES if mark in agent), "")
    return " on ".join(filter(None, (browser, machine))) or agent or "Unknown browser"


def _page(request: Request, db: Db, who: SignedIn, problem: str | None = None, status: int = 200) -> Response:
    sign_ins = db.scalars(select(SignIn).where(SignIn.user_id == who.user.id).order_by(SignIn.seen_at.desc())).all()
    values = {"sign_ins": sign_ins, "browser_name": browser_name, "here": who.sign_in.id, "problem": problem}
    return page(request, "web/account.html", desk=who, status=status, **values)
