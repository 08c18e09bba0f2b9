"""The window of the bookmark button: what it shows, what one press does, whom it refuses, where signing in leads."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.accounts.users import set_password
from curator.issues.compose import add_item, create_issue, current_draft
from curator.issues.models import IssueState, Item
from curator.sources.models import Article, CapturedBy, FetchState, Triage
from tests.issues.rows import an_article
from tests.web.conftest import Browser, Cast

PAGE = {"url": "https://news.example.org/a?utm_source=x", "title": "A title", "selection": "Words  that\nwere marked."}
ATTACK = '"><svg onload=alert(1)>{{ 7331*1379 }}'


@pytest.fixture
def editor(cast: Cast, browser: Callable[..., Any]) -> Any:
    return browser(cast.editor)


def articles(session: Session) -> list[Article]:
    return list(session.scalars(select(Article).order_by(Article.id)))


def test_showing_changes_nothing(session: Session, cast: Cast, editor: Any) -> None:
    create_issue(session, cast.weekly.id, "Next week")
    page = editor.get("/n/weekly/add", params=PAGE)
    assert page.status_code == 200
    assert "A title" in page.text and "Add to issue 1" in page.text and "Words that were marked." in page.text
    assert articles(session) == []


def test_one_press_puts_the_page_in_the_next_issue(session: Session, cast: Cast, editor: Any) -> None:
    issue = create_issue(session, cast.weekly.id, "Next week")
    section = issue.sections[1]
    answer = editor.submit("/n/weekly/add", **PAGE, section=str(section.id))
    assert answer.status_code == 303
    (article,) = articles(session)
    assert (article.title, article.quote) == ("A title", "Words that were marked.")
    assert (article.captured_by, article.brought_by) == (CapturedBy.BOOKMARKLET, "editor@weekly.example")
    assert (article.address, article.fetch_state) == ("https://news.example.org/a", FetchState.WAITING)
    item = session.scalars(select(Item)).one()
    assert (item.section_id, item.article_id, item.title) == (section.id, article.id, "A title")
    after = editor.get(answer.headers["location"]).text
    assert f"In <strong>{section.name}</strong> of issue 1" in after and "Move it to" in after


def test_another_press_moves_it(session: Session, cast: Cast, editor: Any) -> None:
    issue = create_issue(session, cast.weekly.id, "Next week")
    for section in issue.sections[:2]:
        editor.submit("/n/weekly/add", **PAGE, section=str(section.id))
    assert session.scalars(select(Item.section_id)).all() == [issue.sections[1].id]


def test_without_a_draft_it_starts_an_issue_or_keeps_a_candidate(session: Session, cast: Cast, editor: Any) -> None:
    assert "Add to a new issue" in editor.get("/n/weekly/add", params=PAGE).text
    editor.submit("/n/weekly/add", **PAGE, section="")
    assert current_draft(session, cast.weekly.id) is None
    editor.submit("/n/weekly/add", **PAGE, section="new")
    draft = current_draft(session, cast.weekly.id)
    assert draft is not None
    assert [item.title for item in draft.sections[0].items] == ["A title"]


def test_a_section_that_went_is_refused_and_nothing_is_kept(session: Session, cast: Cast, editor: Any) -> None:
    create_issue(session, cast.weekly.id, "Next week")
    other = create_issue(session, cast.other.id, "Elsewhere")
    for section in ("999999", str(other.sections[0].id)):
        assert editor.submit("/n/weekly/add", **PAGE, section=section).status_code == 409
    assert session.scalar(select(func.count()).select_from(Item)) == 0


def test_what_is_known_is_said(session: Session, cast: Cast, editor: Any) -> None:
    an_article(session, cast.weekly, "a", triage=Triage.DISMISSED)
    past = create_issue(session, cast.weekly.id, "Past")
    add_item(session, past.id, an_article(session, cast.weekly, "b").id, past.sections[0].name)
    past.state, past.sent_at = IssueState.SENT, func.now()
    session.flush()
    assert "it was dismissed" in editor.get("/n/weekly/add", params=PAGE).text
    page = editor.get("/n/weekly/add", params=PAGE | {"url": "http://www.news.example.org/b/"}).text
    assert "Already published in" in page and "issue 1</a>" in page
    assert "dismissed" not in editor.get("/n/weekly/add", params=PAGE | {"url": "https://new.example.org/"}).text


@pytest.mark.parametrize("url", ["", "about:blank", "javascript:alert(1)", "file:///etc/passwd", "x" * 3_000])
def test_what_is_no_page_is_said_and_refused(url: str, session: Session, cast: Cast, editor: Any) -> None:
    page = editor.get("/n/weekly/add", params=PAGE | {"url": url})
    assert page.status_code == 200 and "cannot be added" in page.text
    assert 'href="javascript' not in page.text
    assert editor.submit("/n/weekly/add", **PAGE | {"url": url}).status_code == 422
    assert articles(session) == []


def test_what_comes_along_prints_literally(cast: Cast, editor: Any) -> None:
    page = editor.get("/n/weekly/add", params={"url": "https://x.example/", "title": ATTACK, "selection": ATTACK}).text
    assert "<svg onload" not in page and "10109449" not in page


def test_a_stranger_signs_in_and_goes_on(
    session: Session, cast: Cast, anonymous: Browser, redis_client: object
) -> None:
    there = f"/n/weekly/add?url={quote(PAGE['url'], safe='')}&title=A%20title"
    answer = anonymous.get(there, follow_redirects=False)
    assert unquote(answer.headers["location"].removeprefix("/sign-in?next=")) == there
    form = anonymous.get(answer.headers["location"]).text
    assert "news.example.org%2Fa%3Futm_source%3Dx&amp;title=A%20title" in form
    set_password(session, cast.editor, "a long enough sentence")
    fields = {"address": "editor@weekly.example", "password": "a long enough sentence", "next": there}
    assert anonymous.post("/sign-in", data=fields, follow_redirects=False).headers["location"] == there


def test_a_viewer_adds_nothing(session: Session, cast: Cast, browser: Callable[..., Any]) -> None:
    viewer = browser(cast.viewer)
    assert viewer.get("/n/weekly/add", params=PAGE).status_code == 403
    assert viewer.submit("/n/weekly/add", **PAGE).status_code == 403
    assert articles(session) == []


def test_the_bookmark_opens_our_own_page(editor: Any) -> None:
    page = editor.get("/n/weekly/bookmarklet").text
    assert page.count("javascript:(()=&gt;{") == 2  # to drag, and to copy
    assert "http://127.0.0.1:8420/n/weekly/add?url=" in page
