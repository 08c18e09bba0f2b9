"""Taking back what was done to an issue: by Undo, which undoes one deed, and from the history, which shows them all."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from curator.issues.compose import add_item, create_issue, get_issue
from curator.issues.models import Issue, Revision
from curator.sources.models import Triage
from tests.issues.rows import an_article

JSON = {"Accept": "application/json", "HX-Request": "true"}
BASE = "/n/weekly/issues/1"


@pytest.fixture
def issue(session: Session, cast: Any) -> Issue:
    made = create_issue(session, cast.weekly.id, "A subject that is long enough")
    for section, name in enumerate(("a", "b", "c", "d")):
        add_item(session, made.id, an_article(session, cast.weekly, name).id, made.sections[section].name)
    return get_issue(session, made.id)


@pytest.fixture
def editor(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.editor)


def _post(client: Any, path: str, headers: dict[str, str] = JSON, **fields: Any) -> Any:
    return client.post(
        path, data=fields, headers={**headers, "X-CSRF-Token": client.csrf_token}, follow_redirects=False
    )


def test_what_is_removed_comes_back(session: Session, issue: Issue, editor: Any) -> None:
    item = issue.sections[2].items[0]
    revision = _post(editor, f"{BASE}/items/{item.id}/remove").json()["revisions"][0]
    assert get_issue(session, issue.id).sections[2].items == []
    assert "Item removed" in editor.get(f"{BASE}/history").text
    assert _post(editor, f"{BASE}/restore/{revision}").status_code == 200
    assert get_issue(session, issue.id).sections[2].items[0].id == item.id


def test_the_history_shows_where_a_long_text_was_changed(session: Session, issue: Issue, editor: Any) -> None:
    text = "Een zin die blijft staan. " * 30
    for version, last in ((1, "vrijdag"), (2, "maandag")):
        saved = _post(editor, f"{BASE}/save", field="intro", value=f"{text}Tot {last}.", version=version + 99)
        assert saved.status_code == 200
        session.execute(update(Revision).values(at=Revision.at - timedelta(hours=1)))  # another sitting
    assert "Tot <del>vrijdag</del> <ins>maandag</ins>." in editor.get(f"{BASE}/history").text


def test_only_what_was_changed_now_can_be_undone(session: Session, cast: Any, issue: Issue, editor: Any) -> None:
    """An Undo after a form that changed nothing must not take away what was written before it."""
    section = issue.sections[3]
    assert _post(editor, f"{BASE}/save", field="intro", value="Before it", version=issue.version).status_code == 200
    same = {"name": section.name, "minimum": str(section.minimum), "maximum": str(section.maximum or "")}
    assert _post(editor, f"{BASE}/sections/{section.id}", **same).json()["revisions"] == []
    for name in ("a", "b"):
        an_article(session, cast.weekly, f"star-{name}", triage=Triage.STARRED)
    placed = _post(editor, f"{BASE}/assemble").json()
    assert ("2 starred articles placed" in placed["said"], len(placed["revisions"])) == (True, 2)
