"""Tokens of programs at one newsletter: whoever edits makes and ends their own, owners end anybody's."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.accounts.api_tokens import create_token, list_tokens, revoke_token
from curator.accounts.audit import record
from curator.accounts.models import ApiToken, TokenScope, User
from curator.accounts.roles import may
from curator.errors import Invalid, NotFound
from curator.settings import get_settings
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.pages import page

router = APIRouter()

LIVES = {"30": "30 days", "90": "90 days", "365": "a year", "730": "two years"}


@router.get("/n/{slug}/settings/tokens")
def tokens(request: Request, desk: Viewer, db: Db) -> HTMLResponse:
    """One's own tokens, for owners everybody's; never their secrets."""
    return _page(request, desk, db)


@router.post("/n/{slug}/settings/tokens")
def make(
    request: Request,
    desk: Editor,
    db: Db,
    name: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = "365",
    scope: Annotated[str, Form()] = "write",
) -> HTMLResponse:
    """A token of this user; its secret stands in this one answer."""
    try:
        if scope not in list(TokenScope) or days not in LIVES:
            raise Invalid("Choose from the list what the token may do and how long it lives.")
        token, secret = create_token(db, desk.user, desk.newsletter.id, name, int(days), TokenScope(scope))
    except Invalid as error:
        return _page(request, desk, db, problem=error.message, name=name, days=days, scope=scope)
    facts = {"token": token.id, "name": token.name, "scope": scope}
    record(db, desk.by, "token.created", "newsletter", desk.newsletter.id, **facts)
    return _page(request, desk, db, made=token, secret=secret)


@router.post("/n/{slug}/settings/tokens/{token_id}/revoke")
def revoke(desk: Editor, db: Db, token_id: int) -> Response:
    """End a token at once."""
    token = next((token for token, _ in _shown(desk, db) if token.id == token_id), None)
    if token is None:
        raise NotFound("There is no such token.")
    revoke_token(db, desk.newsletter.id, token_id)
    record(db, desk.by, "token.revoked", "newsletter", desk.newsletter.id, token=token_id, name=token.name)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/tokens", status_code=303)


def _shown(desk: Desk, db: Db) -> list[tuple[ApiToken, User]]:
    """The tokens this user may see and end."""
    is_owner = may(desk.role, "own")
    return [row for row in list_tokens(db, desk.newsletter.id) if is_owner or row[1].id == desk.user.id]


def _page(
    request: Request,
    desk: Desk,
    db: Db,
    *,
    problem: str = "",
    name: str = "",
    days: str = "365",
    scope: str = "write",
    made: ApiToken | None = None,
    secret: str = "",
) -> HTMLResponse:
    response = page(
        request,
        "web/desk/settings_tokens.html",
        desk=desk,
        current="settings",
        part="tokens",
        editable=may(desk.role, "edit"),
        sees_all=may(desk.role, "own"),
        tokens=_shown(desk, db),
        lives=LIVES,
        given={"name": name, "days": days, "scope": scope},
        problem=problem,
        made=made,
        now=datetime.now(UTC),
        secret=secret,
        address=f"{get_settings().public_url}/api/n/{desk.newsletter.slug}/articles",
        status=422 if problem else 200,
    )
    response.headers["Cache-Control"] = "no-store"
    return response
