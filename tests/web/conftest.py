"""A browser-like client of the whole web process, and a small cast: an owner, an editor of one newsletter, a viewer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from curator.accounts.models import Role, User
from curator.accounts.sign_ins import open_sign_in
from curator.accounts.users import add_user
from curator.issues.models import Newsletter
from curator.issues.newsletters import create_newsletter
from curator.settings import Settings
from curator.web.access import cookie_name
from curator.web.app import create_app


@dataclass(frozen=True)
class Cast:
    """Two newsletters and who may do what: the editor edits and sends `weekly` and must see nothing of `other`."""

    weekly: Newsletter
    other: Newsletter
    owner: User
    editor: User
    viewer: User


class Browser(TestClient):
    """A client that keeps cookies and sends the CSRF token of its session with every form."""

    csrf_token: str = ""

    def submit(self, path: str, **fields: str) -> "object":
        """POST a form as one of our pages would."""
        return self.post(path, data={"csrf_token": self.csrf_token, **fields}, follow_redirects=False)


@lru_cache(maxsize=1)
def application() -> ASGIApp:
    """One application for all tests of this process: routes are prepared once, at their first request."""
    return create_app()


@pytest.fixture
def cast(session: Session) -> Cast:
    """The people and newsletters of the test."""
    weekly = create_newsletter(session, "weekly", name="The Weekly", from_address="desk@weekly.example")
    other = create_newsletter(session, "other", name="The Other", from_address="desk@other.example")
    return Cast(
        weekly,
        other,
        owner=add_user(session, "owner@weekly.example", Role.OWNER),
        editor=add_user(session, "editor@weekly.example", Role.SENDER, weekly.id),
        viewer=add_user(session, "viewer@weekly.example", Role.VIEWER, weekly.id),
    )


@pytest.fixture
def anonymous(session: Session) -> Browser:
    """A client that is not signed in. The lifespan does not run: no heartbeat thread shares the test's connection."""
    return Browser(application(), base_url="http://127.0.0.1:8420", raise_server_exceptions=False)


@pytest.fixture
def browser(session: Session, settings: Settings) -> Callable[[User], Browser]:
    """A function that makes a client signed in as the user given."""

    def signed_in(user: User) -> Browser:
        client = Browser(application(), base_url="http://127.0.0.1:8420", raise_server_exceptions=False)
        client.cookies.set(cookie_name(), open_sign_in(session, user, agent="test", settings=settings))
        found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)
        assert found, "a signed-in user's account page carries the token"
        client.csrf_token = found.group(1)
        return client

    return signed_in
