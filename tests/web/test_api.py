"""The API: what a token may and may not, what becomes of a request, and errors a program can read."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.accounts.api_tokens import create_token
from curator.accounts.models import TokenScope
from curator.accounts.users import revoke
from curator.issues.compose import add_item, create_issue
from curator.issues.models import IssueState, Item
from curator.sources.models import Article, CapturedBy, FetchState
from curator.web import caps
from tests.issues.rows import an_article
from tests.web.conftest import Browser, Cast

PATH = "/api/n/weekly/articles"
LONG = "\n\n".join(f"Alinea {n} vertelt iets dat in geen andere alinea staat, en dat is nogal wat." for n in range(9))
Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def _fresh_caps(redis_client: object) -> None:
    """Calls of other tests do not count."""


@pytest.fixture
def call(session: Session, cast: Cast, anonymous: Browser) -> Call:
    """POST a document with the token of the editor of `weekly`."""
    _, secret = create_token(session, cast.editor, cast.weekly.id, "robot", 1)

    def post(document: Any, path: str = PATH, **headers: str) -> Any:
        given = {"Authorization": f"Bearer {secret}", **{name.replace("_", "-"): v for name, v in headers.items()}}
        if isinstance(document, bytes):
            return anonymous.post(path, content=document, headers=given)
        return anonymous.post(path, json=document, headers=given)

    return post


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Article)) or 0


def test_an_address_is_brought_and_placed(session: Session, cast: Cast, call: Call) -> None:
    section = create_issue(session, cast.weekly.id, "Next").sections[0].name
    document = {"address": "https://a.example/1?utm_source=x", "title": "Een", "quote": "Zin.", "section": section}
    answer = call(document)
    assert answer.status_code == 201
    assert answer.json() | {"id": 0, "triage": ""} == {
        "id": 0, "title": "Een", "address": "https://a.example/1", "site": "", "author": "", "language": "",
        "published_at": None, "words": 0, "triage": "", "fetch_state": "waiting", "fetch_error": None,
        "published_in_issue": None, "seen_before": None, "outcome": "new", "duplicate_of": None,
    }  # fmt: skip
    article = session.get_one(Article, answer.json()["id"])
    assert (article.captured_by, article.brought_by) == (CapturedBy.API, "editor@weekly.example")
    assert (article.quote, article.fetch_state) == ("Zin.", FetchState.WAITING)
    assert session.scalars(select(Item.article_id)).all() == [article.id]
    again = call(document)
    assert (again.status_code, again.json()["outcome"]) == (200, "same")


def test_text_and_html(session: Session, call: Call) -> None:
    assert call({"title": "Een titel", "text": LONG}).json()["title"] == "Een titel"
    html = f"<html><title>Nog een</title><body><article><p>{LONG} anders</p></article></body></html>"
    answer = call({"html": html, "address": "https://a.example/2"})
    assert (answer.status_code, answer.json()["title"], answer.json()["words"] > 50) == (201, "Nog een", True)
    assert call({"html": "<p>x</p>" * 30_000}).json()["message"].startswith("The HTML is longer than 200 kB")


def test_what_became_of_it(session: Session, cast: Cast, call: Call, anonymous: Browser) -> None:
    number = call({"address": "https://a.example/1"}).json()["id"]
    session.get_one(Article, number).fetch_error = "Weg."
    session.flush()
    _, secret = create_token(session, cast.editor, cast.weekly.id, "reader", 1)
    headers = {"Authorization": f"Bearer {secret}"}
    assert anonymous.get(f"{PATH}/{number}", headers=headers).json()["fetch_error"] == "Weg."
    foreign = an_article(session, cast.other)
    assert anonymous.get(f"{PATH}/{foreign.id}", headers=headers).status_code == 404
    assert anonymous.get(f"{PATH}/{10**30}", headers=headers).status_code in (404, 422)


def test_a_story_published_at_another_address_was_seen_before(session: Session, cast: Cast, call: Call) -> None:
    issue = create_issue(session, cast.weekly.id, "Past")
    words = " ".join(f"Zin {n} gaat over iets heel anders dan zin {n * 7}." for n in range(40))
    published = call({"html": f"<h1>Een titel</h1><p>{words}</p>", "address": "https://a.example/1"}).json()
    assert published["seen_before"] is None
    add_item(session, issue.id, published["id"], issue.sections[0].name)
    issue.state, issue.sent_at = IssueState.SENT, datetime(2026, 3, 1, tzinfo=UTC)
    session.flush()
    again = call({"html": f"<h1>Een titel</h1><p>{words} Einde.</p>", "address": "https://b.example/2"}).json()
    assert (again["outcome"], again["published_in_issue"]) == ("new", issue.number)
    assert again["seen_before"] == {
        "issue": issue.number, "sent_at": "2026-03-01T00:00:00+00:00", "clicks": 0, "by_words": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({}, "one of"),
        ({"address": "https://a.example", "text": LONG}, "one of"),
        ({"address": "javascript:alert(1)"}, "web address"),
        ({"address": "https://a.example", "newsletter_id": 2}, "newsletter_id"),
        ({"address": "https://a.example", "triage": "starred"}, "triage"),
        ({"address": 5}, "address"),
        ([], "body"),
        (b"{", "body"),
        (b'{"address": "' + b"a" * 3_000 + b'"}', "web address"),
    ],
)
def test_what_cannot_be_used_is_refused(document: Any, named: str, session: Session, call: Call) -> None:
    answer = call(document, Content_Type="application/json") if isinstance(document, bytes) else call(document)
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid" and named in answer.json()["message"]
    assert count(session) == 0


def test_a_section_that_is_not_there_keeps_nothing(session: Session, cast: Cast, call: Call) -> None:
    assert call({"address": "https://a.example", "section": "News"}).status_code == 409
    create_issue(session, cast.weekly.id, "Next")
    assert call({"address": "https://a.example", "section": "No such"}).status_code == 422


def test_a_token_is_for_its_own_newsletter_and_as_long_as_its_user_may(
    session: Session, cast: Cast, call: Call
) -> None:
    for path in ("/api/n/other/articles", "/api/n/no-such/articles"):
        answer = call({"address": "https://a.example"}, path)
        assert (answer.status_code, answer.json()["message"]) == (404, "There is no such newsletter for this token.")
    revoke(session, cast.editor, cast.weekly.id)
    assert call({"address": "https://a.example"}).status_code == 404
    assert count(session) == 0


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer curator_" + "x" * 43, "Basic YTpi", "curator_x"])
def test_without_a_token_nothing_is_told(authorization: str, session: Session, cast: Cast, anonymous: Browser) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    for path in (PATH, "/api/n/no-such/articles"):
        answer = anonymous.post(path, json={"address": "https://a.example"}, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["error"] == "sign_in_needed"
    assert count(session) == 0


def test_a_session_needs_its_csrf_token_and_json(session: Session, cast: Cast, browser: Callable[..., Any]) -> None:
    editor, viewer = browser(cast.editor), browser(cast.viewer)
    document = {"address": "https://a.example"}
    assert editor.post(PATH, json=document).status_code == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = {"Content-Type": kind, "X-CSRF-Token": editor.csrf_token}
        assert editor.post(PATH, content=b'{"address": "https://a.example"}', headers=headers).status_code == 403
    cross = {"X-CSRF-Token": editor.csrf_token, "Sec-Fetch-Site": "cross-site"}
    assert editor.post(PATH, json=document, headers=cross).status_code == 403
    other = editor.post("/api/n/other/articles", json=document, headers={"X-CSRF-Token": editor.csrf_token})
    assert other.status_code == 404
    assert viewer.post(PATH, json=document, headers={"X-CSRF-Token": viewer.csrf_token}).status_code == 403
    assert count(session) == 0
    assert editor.post(PATH, json=document, headers={"X-CSRF-Token": editor.csrf_token}).status_code == 201


def test_too_much_at_once_and_too_often(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = call({"text": "x" * 1_100_000})
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    monkeypatch.setitem(caps.CAPS, "api", ("2 per hour", "100 per hour"))
    codes = [call({"address": f"https://a.example/{number}"}).status_code for number in range(4)]
    assert codes[-1] == 429


def test_a_token_for_reading_brings_nothing(session: Session, cast: Cast, anonymous: Browser) -> None:
    _, secret = create_token(session, cast.editor, cast.weekly.id, "reader", 1, TokenScope.READ)
    headers = {"Authorization": f"Bearer {secret}"}
    answer = anonymous.post(PATH, json={"address": "https://a.example"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert count(session) == 0
    article = an_article(session, cast.weekly)
    assert anonymous.get(f"{PATH}/{article.id}", headers=headers).status_code == 200
