"""Who gets in: generated from the route table, so that no page is forgotten."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.accounts.models import SignIn, User
from curator.accounts.sign_ins import find_sign_in
from curator.editions.designs import templates_folder
from curator.issues.compose import create_issue
from curator.settings import Settings
from curator.web.access import cookie_name
from curator.web.app import ROUTERS
from tests.web.conftest import Browser, Cast

PUBLIC = re.compile(
    r"/(health|sign-in|pictures|subscribe|suggest|no-thanks|confirm|approve|p|u|v|archive)(/|$)|/archive/|/robots.txt|/favicon.ico|/captured$"
    r"|/metrics$|/api/"  # have guards of their own, see test_metrics.py and test_api.py
)


def _routes() -> Iterator[tuple[str, str]]:
    for name in ROUTERS:
        yield from _routes_of(import_module(name).router)


def _routes_of(router: APIRouter) -> Iterator[tuple[str, str]]:
    """Every (method, path), also of routers a router includes; a route of an unknown kind fails the test."""
    for route in router.routes:
        if included := getattr(route, "original_router", None):
            yield from _routes_of(included)
            continue
        assert isinstance(route, APIRoute), f"{route!r} is not an ordinary route"
        for method in sorted(route.methods - {"HEAD"}):
            yield method, route.path


def _address(path: str, slug: str) -> str:
    return re.sub(r"\{\w+(:\w+)?\}", "1", path.replace("{slug}", slug))


ROUTES = sorted(set(_routes()))
DESK = [(method, path) for method, path in ROUTES if path.startswith("/n/{slug}")]


def test_the_table_is_not_empty() -> None:
    assert len(DESK) > 20


def test_a_stranger_is_asked_to_sign_in(anonymous: Browser) -> None:
    for method, path in (r for r in ROUTES if not PUBLIC.match(r[1])):
        answer = anonymous.request(method, _address(path, "weekly"), follow_redirects=False)
        assert answer.status_code == 303, (method, path, answer.text[:300])
        assert answer.headers["location"].startswith("/sign-in?next="), (method, path)


@pytest.fixture
def editor(cast: Cast, browser: Callable[[User], Browser]) -> Browser:
    return browser(cast.editor)


def test_another_newsletter_does_not_exist_for_an_editor(editor: Browser) -> None:
    def ask(method: str, path: str, slug: str) -> tuple[int, str]:
        headers = {"X-CSRF-Token": editor.csrf_token}
        answer = editor.request(method, _address(path, slug), headers=headers, follow_redirects=False)
        return answer.status_code, _text(answer.text)

    for method, path in DESK:
        answer = ask(method, path, "other")
        assert answer[0] in (404, 422), (method, path, answer)
        assert answer == ask(method, path, "no-such-newsletter"), (method, path)


def test_nothing_changes_without_the_token(editor: Browser) -> None:
    for method, path in (r for r in DESK if r[0] != "GET"):
        answer = editor.request(method, _address(path, "weekly"), data={"any": "thing"}, follow_redirects=False)
        assert answer.status_code == 403, (method, path, answer.text[:300])
        assert "out of date" in answer.text, (method, path)


def test_a_viewer_changes_nothing(cast: Cast, browser: Callable[[User], Browser]) -> None:
    viewer = browser(cast.viewer)
    headers = {"X-CSRF-Token": viewer.csrf_token}
    for method, path in (r for r in DESK if r[0] != "GET"):
        answer = viewer.request(method, _address(path, "weekly"), headers=headers, follow_redirects=False)
        assert answer.status_code == 403, (method, path, answer.text[:300])
        assert "you may not do this" in answer.text, (method, path)


def test_a_number_no_column_holds_is_no_page(editor: Browser) -> None:
    for path in ("/n/weekly/issues/99999999999999999999", "/n/weekly/deliveries/99999999999999999999"):
        assert editor.get(path).status_code == 404


def test_a_form_from_another_site_is_refused(editor: Browser) -> None:
    for header in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = editor.post("/account/sign-out-everywhere", data={"csrf_token": editor.csrf_token}, headers=header)
        assert answer.status_code == 403


def test_signing_out_ends_the_session_at_once(
    session: Session, cast: Cast, browser: Callable[[User], Browser], settings: Settings
) -> None:
    client = browser(cast.owner)
    secret = client.cookies[cookie_name()]
    assert client.submit("/sign-out").status_code == 303
    assert find_sign_in(session, secret, settings) is None


def test_a_page_left_open_keeps_nobody_signed_in(session: Session, cast: Cast, editor: Browser) -> None:
    create_issue(session, cast.weekly.id, "Left open")
    base = "/n/weekly/issues/1"

    def counts_as_use(method: str, path: str, **headers: str) -> bool:
        session.execute(update(SignIn).values(seen_at=func.now() - timedelta(hours=1)))
        given = {"X-CSRF-Token": editor.csrf_token} | {name.replace("_", "-"): words for name, words in headers.items()}
        assert editor.request(method, path, headers=given).status_code < 300
        idle = session.scalars(select(func.now() - SignIn.seen_at).order_by(SignIn.id.desc())).first()
        return idle is not None and idle < timedelta(minutes=1)

    assert counts_as_use("GET", base)
    for method, path in (("GET", f"{base}/now"), ("GET", f"{base}/preview"), ("POST", f"{base}/presence")):
        assert not counts_as_use(method, path), path
    assert not counts_as_use("GET", f"{base}/checks", X_By_Itself="true")
    assert counts_as_use("GET", f"{base}/checks")


@pytest.mark.parametrize(
    ("page", "target"),
    [
        ("https://news.example.org/n/weekly/issues/1?a=b", "/n/weekly/issues/1%3Fa%3Db"),
        ("https://news.example.org", "/"),
        ("//[", "/"),
        ("", "/"),
    ],
)
def test_a_part_of_a_page_leads_back_to_the_page(anonymous: Browser, page: str, target: str) -> None:
    answer = anonymous.post("/n/weekly/issues/1/save", headers={"HX-Request": "true", "HX-Current-URL": page})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, f"/sign-in?next={target}")


def test_what_asks_again_by_itself_says_so() -> None:
    lines = [line for path in templates_folder().rglob("*.html") for line in path.read_text().splitlines()]
    found = [line for line in lines if re.search(r'hx-trigger="(every|load delay|look)', line)]
    assert len(found) >= 3
    assert [line for line in found if "X-By-Itself" not in line] == []


def test_every_answer_carries_the_security_headers(editor: Browser, anonymous: Browser) -> None:
    for answer in (editor.get("/account"), anonymous.get("/sign-in"), anonymous.get("/no-such-page")):
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", page.replace("no-such-newsletter", "other"))
