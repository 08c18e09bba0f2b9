"""Who calls the API: a token in `Authorization: Bearer`, or a page of ours with a session and its CSRF token.

What the caller may not edit does not exist for them. A token counts for its own newsletter only.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import select

from curator.accounts.api_tokens import find_token
from curator.accounts.models import TokenScope
from curator.accounts.roles import may, role_of
from curator.errors import Forbidden, NotFound
from curator.issues.models import Newsletter
from curator.web.access import Db, SignInNeeded, signed_in
from curator.web.caps import is_allowed


class TooMany(Exception):
    """The caller had its share for this hour."""


@dataclass(frozen=True)
class Caller:
    """Who acts, and on which newsletter."""

    by: str
    newsletter: Newsletter


def caller(slug: str, request: Request, db: Db) -> Caller:
    """The caller, who may edit the newsletter. `SignInNeeded`, `Forbidden`, `NotFound` or `TooMany` otherwise."""
    newsletter = db.scalar(select(Newsletter).where(Newsletter.slug == slug))
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme:
        found = find_token(db, secret.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise SignInNeeded
        token, user = found
        is_its_own = newsletter is not None and token.newsletter_id == newsletter.id
        if newsletter is None or not is_its_own or not may(role_of(db, user.id, newsletter.id), "edit"):
            raise NotFound("There is no such newsletter for this token.")
        if token.scope is TokenScope.READ and request.method not in ("GET", "HEAD"):
            raise Forbidden("This token is for reading only. Make one that may write.")
        subject = f"token {token.id}"
    else:
        user = signed_in(request, db, request.headers.get("x-csrf-token", "")).user
        role = role_of(db, user.id, newsletter.id) if newsletter is not None else None
        if newsletter is None or role is None:
            raise NotFound("There is no such newsletter.")
        if not may(role, "edit"):
            raise Forbidden(f"As {role} of {newsletter.name} you may not do this. Ask an owner.")
        subject = f"user {user.id}"
    if not is_allowed(request, "api", subject):
        raise TooMany
    return Caller(user.address_key, newsletter)


Calling = Annotated[Caller, Depends(caller)]

LARGEST_BODY = 1_000_000
"""Bytes of a request."""


class TooLarge(Exception):
    """The body is longer than `LARGEST_BODY`; the rest of it was not read."""


async def json_body(request: Request) -> bytes:
    """The body of a request that says it is JSON; what a form of another site can send is refused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Forbidden("Send JSON, with Content-Type: application/json.")
    received = bytearray()
    async for piece in request.stream():
        received += piece
        if len(received) > LARGEST_BODY:
            raise TooLarge
    return bytes(received)


JsonBody = Annotated[bytes, Depends(json_body)]


def is_api(request: Request) -> bool:
    """Whether errors are told as JSON."""
    return request.url.path.startswith("/api/")
