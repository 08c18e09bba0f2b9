"""A browser-like client of the whole web process, and a small cast: an owner, an editor of one newsletter, a viewer.

And a scene: the process on a port, with an issue in the making, open in a real browser.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import pytest
import uvicorn
from playwright.sync_api import Browser as Chrome
from playwright.sync_api import BrowserContext, Page, sync_playwright
from sqlalchemy.orm import Session
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from curator.accounts.models import Role, User
from curator.accounts.sign_ins import open_sign_in
from curator.accounts.users import add_user
from curator.issues.compose import add_item, create_issue, get_issue
from curator.issues.models import Issue, Newsletter
from curator.issues.newsletters import create_newsletter
from curator.settings import Settings, get_settings
from curator.sources.models import Article, Triage
from curator.web.access import cookie_name
from curator.web.app import create_app
from tests.issues.rows import a_newsletter, an_article


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


FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Scene:
    """A server with a newsletter, three candidates, a draft with three items, and an open page."""

    session: Session
    page: Page
    address: str
    issue: Issue
    articles: list[Article]
    editor: User

    def open_to_cut(self, path: str, requests: str) -> Page:
        """The page at `path`, where the test will hold or cut `requests` (a pattern) with `page.route`.

        Chromium lets a request slip by that is made just after the first interception was asked for (3 of 285 tried).
        So this one is asked for before the page is there, and lets everything pass.
        """
        self.page.route(requests, lambda route: route.fallback())
        self.page.goto(f"{self.address}{path}")
        return self.page

    def fresh_issue(self) -> Issue:
        """The draft as the server has it now."""
        self.session.rollback()
        return get_issue(self.session, self.issue.id)


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Chrome]:
    """The system's Chromium, without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def server(
    settings: Settings, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch, committed: Session
) -> Iterator[str]:
    """The whole web process on a free port, in a thread; stopped before the tables are emptied."""
    port = free_port()
    monkeypatch.setenv("CURATOR_PORT", str(port))
    get_settings.cache_clear()
    process = uvicorn.Server(uvicorn.Config(application(), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=process.run, daemon=True)
    thread.start()
    while not process.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    process.should_exit = True
    thread.join(10)


@pytest.fixture
def scene(committed: Session, server: str, chrome: Chrome) -> Iterator[Scene]:
    """An editor at her desk: nothing may fail in a script or break the content policy."""
    newsletter = a_newsletter(committed)
    editor = add_user(committed, "editor@example.org", Role.EDITOR, newsletter.id)
    issue = create_issue(committed, newsletter.id, "The first subject")
    for name in ("one", "two", "three"):
        add_item(committed, issue.id, an_article(committed, newsletter, name, triage=Triage.LATER).id, "Nieuws")
    articles = [an_article(committed, newsletter, name) for name in ("chips", "cables", "clouds")]
    secret = open_sign_in(committed, editor, agent="test", settings=get_settings())
    committed.commit()
    context: BrowserContext = chrome.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": cookie_name(), "value": secret, "url": server}])
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
    yield Scene(committed, page, server, issue, articles, editor)
    context.close()
    assert problems == []
