"""People and roles of one newsletter. Owners add them, change a role, take it away; nobody locks themselves out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.accounts.audit import record
from curator.accounts.links import create_link
from curator.accounts.models import Grant, Role, User
from curator.accounts.roles import may
from curator.accounts.users import add_user, find_user, grant, list_users, revoke
from curator.errors import CuratorError, Invalid, NotFound
from curator.settings import get_settings
from curator.web.access import Db, Desk, Owner, Viewer
from curator.web.pages import page

router = APIRouter()

LINK_MINUTES = 24 * 60


@router.get("/n/{slug}/settings/people")
def people(request: Request, desk: Viewer, db: Db) -> HTMLResponse:
    """Who may do what here."""
    return _people(request, desk, db)


@router.post("/n/{slug}/settings/people")
def add(
    request: Request,
    desk: Owner,
    db: Db,
    address: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "editor",
) -> Response:
    """Add somebody; for a new account shows once the link with which they sign in for the first time."""
    try:
        with db.begin_nested():
            is_new = _is_new(db, address)
            user = add_user(db, address, _role(role), desk.newsletter.id, name[:120])
            # Only for an account made here and now: a link for somebody who has one would let this owner be them.
            secret = create_link(db, user, LINK_MINUTES) if is_new else ""
            record(db, desk.by, "role.granted", "user", user.id, role=role, newsletter=desk.newsletter.slug)
    except CuratorError as error:
        return _people(request, desk, db, problem=error.message, address=address, name=name)
    link = f"{get_settings().public_url}/sign-in/{secret}" if secret else ""
    return _people(request, desk, db, added=user, link=link)


@router.post("/n/{slug}/settings/people/{user_id}")
def change(request: Request, desk: Owner, db: Db, user_id: int, role: Annotated[str, Form()]) -> Response:
    """Give another role for this newsletter, or with `none` take it away."""
    user, held = _held_here(db, desk, user_id)
    if user.id == desk.user.id:
        return _people(request, desk, db, problem="You cannot change your own role. Ask another owner.")
    if held is None:
        return _people(
            request, desk, db, problem=f"{user.address} has a role for all newsletters; change it with `curator users`."
        )
    if role == "none":
        revoke(db, user, desk.newsletter.id)
        record(db, desk.by, "role.revoked", "user", user.id, newsletter=desk.newsletter.slug)
    else:
        grant(db, user, _role(role), desk.newsletter.id)
        record(db, desk.by, "role.granted", "user", user.id, role=role, newsletter=desk.newsletter.slug)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/people", status_code=303)


def _is_new(db: Db, address: str) -> bool:
    try:
        find_user(db, address)
    except NotFound:
        return True
    return False


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise Invalid(f"A role is one of {', '.join(Role)}.") from None


def _held_here(db: Db, desk: Desk, user_id: int) -> tuple[User, Grant | None]:
    """A person who has a role here, with their grant for just this newsletter; `NotFound` for anybody else."""
    for user, grants in _with_roles(db, desk):
        if user.id == user_id:
            return user, next((held for held in grants if held.newsletter_id == desk.newsletter.id), None)
    raise NotFound("There is no such person at this newsletter.")


def _with_roles(db: Db, desk: Desk) -> list[tuple[User, list[Grant]]]:
    here = (None, desk.newsletter.id)
    found = [(user, [held for held in grants if held.newsletter_id in here]) for user, grants in list_users(db)]
    return [(user, grants) for user, grants in found if grants]


def _people(
    request: Request,
    desk: Desk,
    db: Db,
    *,
    problem: str = "",
    address: str = "",
    name: str = "",
    added: User | None = None,
    link: str = "",
) -> HTMLResponse:
    return page(
        request,
        "web/desk/settings_people.html",
        desk=desk,
        current="settings",
        part="people",
        editable=may(desk.role, "own"),
        people=_with_roles(db, desk),
        roles=tuple(Role),
        problem=problem,
        given={"address": address, "name": name},
        added=added,
        link=link,
        status=422 if problem else 200,
    )
