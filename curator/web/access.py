"""Who may see and do what on the desk. Routes take `Viewer`, `Editor`, `Sender` or `Owner`; one without is public.

What a user has no grant for does not exist for them (404). Every unsafe method must come from our own pages:
Origin or Sec-Fetch-Site must agree, and the form must carry the token bound to the session.
"""

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import Role, SignIn, User
from curator.accounts.roles import Action, may, newsletters_of, role_of
from curator.accounts.sign_ins import find_sign_in
from curator.db.session import transaction
from curator.errors import Forbidden, NotFound
from curator.issues.models import Newsletter
from curator.settings import get_settings

_BY_ITSELF = ("/now", "/events", "/presence", "/preview")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SignInNeeded(Exception):
    """Nobody is signed in: the app answers with the sign-in page and comes back afterwards."""


@dataclass(frozen=True)
class SignedInUser:
    """The user of this request, without a newsletter. `role` is the one held for all newsletters."""

    user: User
    sign_in: SignIn
    newsletters: tuple[Newsletter, ...]
    role: Role | None

    @property
    def everywhere(self) -> Role | None:
        """The same by the name it has at the desk of one newsletter."""
        return self.role


@dataclass(frozen=True)
class Desk:
    """The user of this request at the desk of one newsletter. `role` is the strongest held there.

    `everywhere` is the one held for all newsletters, as the role of `SignedInUser` is.
    """

    user: User
    role: Role
    newsletter: Newsletter
    sign_in: SignIn
    newsletters: tuple[Newsletter, ...]
    everywhere: Role | None

    @property
    def by(self) -> str:
        """How the user is named in histories and the audit."""
        return self.user.address_key


def get_session() -> Iterator[Session]:
    """One transaction per request, committed before the response is sent."""
    with transaction() as session:
        yield session


Db = Annotated[Session, Depends(get_session, scope="function")]


def cookie_name() -> str:
    """`__Host-` binds the cookie to this host, which browsers allow over https only."""
    return "__Host-curator" if get_settings().public_url.startswith("https://") else "curator"


async def submitted_token(request: Request) -> str:
    """The CSRF token the request carries, in the header or in the form; empty when there is none."""
    if request.method in _SAFE:
        return ""
    header = request.headers.get("x-csrf-token", "")
    if header or "form" not in request.headers.get("content-type", ""):
        return header
    value = (await request.form()).get("csrf_token", "")
    return value if isinstance(value, str) else ""


def is_same_origin(request: Request) -> bool:
    """Whether the browser says that the request comes from a page of ours (Fetch Metadata, RFC 6454)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def is_by_itself(request: Request) -> bool:
    """Whether an open page asks without anybody touching it: such a request must not keep a sign-in alive.

    Scripts say so in a header, which can only end a session earlier; streams and frames, which have none, by path.
    """
    return "x-by-itself" in request.headers or request.url.path.endswith(_BY_ITSELF)


def signed_in(request: Request, db: Db, token: Annotated[str, Depends(submitted_token)]) -> SignedInUser:
    """The signed-in user; raises `SignInNeeded`, or `Forbidden` when an unsafe request is not from our pages."""
    secret, is_use = request.cookies.get(cookie_name(), ""), not is_by_itself(request)
    found = find_sign_in(db, secret, get_settings(), is_use=is_use)
    if found is None:
        raise SignInNeeded
    sign_in, user = found
    if request.method not in _SAFE and not (
        is_same_origin(request) and hmac.compare_digest(token.encode(), sign_in.csrf_token.encode())
    ):
        raise Forbidden("This form is out of date. Go back, load the page again and repeat what you did.")
    request.state.csrf_token = sign_in.csrf_token
    return SignedInUser(user, sign_in, _newsletters(db, user), role_of(db, user.id, None))


SignedIn = Annotated[SignedInUser, Depends(signed_in)]


def _newsletters(db: Session, user: User) -> tuple[Newsletter, ...]:
    allowed = newsletters_of(db, user.id)
    query = select(Newsletter).order_by(Newsletter.name, Newsletter.id)
    return tuple(db.scalars(query if allowed is None else query.where(Newsletter.id.in_(allowed))))


def _needing(action: Action) -> Callable[..., Any]:
    def desk(slug: str, db: Db, who: SignedIn) -> Desk:
        newsletter = next((n for n in who.newsletters if n.slug == slug), None)
        role = role_of(db, who.user.id, newsletter.id) if newsletter else None
        if newsletter is None or role is None:
            raise NotFound("There is no such page.")
        if not may(role, action):
            raise Forbidden(f"As {role} of {newsletter.name} you may not do this. Ask an owner.")
        return Desk(who.user, role, newsletter, who.sign_in, who.newsletters, who.role)

    return desk


Viewer = Annotated[Desk, Depends(_needing("read"))]
Editor = Annotated[Desk, Depends(_needing("edit"))]
Sender = Annotated[Desk, Depends(_needing("send"))]
Owner = Annotated[Desk, Depends(_needing("own"))]
