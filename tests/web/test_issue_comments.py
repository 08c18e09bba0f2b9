"""Comments on the issue page: shown to those who compose, refused to those who do not, absent from every preview."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from curator.issues.compose import add_item, create_issue, get_issue
from curator.issues.models import Issue
from tests.cli.calling import call
from tests.issues.rows import an_article

BASE = "/n/weekly/issues/1"


@pytest.fixture
def issue(session: Session, cast: Any) -> Issue:
    made = create_issue(session, cast.weekly.id, "A subject")
    add_item(session, made.id, an_article(session, cast.weekly, "a").id, made.sections[0].name)
    return get_issue(session, made.id)


@pytest.fixture
def editor(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.editor)


def test_a_comment_is_made_seen_and_resolved(session: Session, issue: Issue, editor: Any) -> None:
    item = issue.sections[0].items[0]
    answer = editor.submit(f"{BASE}/items/{item.id}/comments", text="<b>Check</b> this")
    assert answer.headers["location"] == f"{BASE}#item-{item.id}"
    page = editor.get(BASE).text
    assert "&lt;b&gt;Check&lt;/b&gt; this" in page
    assert "editor@weekly.example" in page
    assert "1 comment<" in page
    (said,) = call("issues", "comments", "weekly#1").json
    assert (said["text"], said["item"]) == ("<b>Check</b> this", "Over a")
    editor.submit(f"{BASE}/comments/{said['id']}", resolved="true")
    assert "resolved by editor@weekly.example" in editor.get(BASE).text
    assert call("issues", "comments", "weekly#1").json == []
    assert len(call("issues", "comments", "weekly#1", "--all").json) == 1
    editor.submit(f"{BASE}/comments/{said['id']}", resolved="false")
    assert len(call("issues", "comments", "weekly#1").json) == 1


def test_nothing_of_it_is_in_the_mail(issue: Issue, editor: Any) -> None:
    item = issue.sections[0].items[0]
    editor.submit(f"{BASE}/items/{item.id}/comments", text="Between us")
    for kind in ("html", "text"):
        assert "Between us" not in editor.get(f"{BASE}/preview?kind={kind}").text


def test_an_open_page_hears_of_it(issue: Issue, editor: Any) -> None:
    before = editor.get(f"{BASE}/now").json()
    editor.submit(f"{BASE}/items/{issue.sections[0].items[0].id}/comments", text="New")
    after = editor.get(f"{BASE}/now").json()
    assert (after["version"], after["talk"] != before["talk"]) == (before["version"], True)


def test_who_may_not_may_not(session: Session, cast: Any, issue: Issue, editor: Any, browser: Any) -> None:
    foreign = create_issue(session, cast.other.id, "Foreign")
    theirs = add_item(session, foreign.id, an_article(session, cast.other, "f").id, "Kort")
    own = issue.sections[0].items[0]
    owner = browser(cast.owner)
    owner.submit(f"/n/other/issues/1/items/{theirs.id}/comments", text="Not yours")
    (said,) = call("issues", "comments", "other#1").json
    assert editor.submit(f"{BASE}/items/{theirs.id}/comments", text="X").status_code == 404
    assert editor.submit(f"{BASE}/comments/{said['id']}", resolved="true").status_code == 404
    assert editor.submit(f"/n/other/issues/1/comments/{said['id']}", resolved="true").status_code == 404
    assert browser(cast.viewer).submit(f"{BASE}/items/{own.id}/comments", text="X").status_code == 403
    assert editor.submit(f"{BASE}/items/{own.id}/comments", text=" ").status_code == 422
