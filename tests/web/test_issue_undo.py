"""Taking back what was done to an issue: by Undo, which undoes one deed, and from the history, which shows them all."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from curator.issues.compose import get_issue
from curator.issues.models import Issue, Revision
from curator.sources.models import Triage
from tests.issues.rows import an_article
from tests.web.test_issue_pages import BASE, editor, issue, post

__all__ = ["editor", "issue"]  # fixtures


def test_what_is_removed_comes_back(session: Session, issue: Issue, editor: Any) -> None:
    item = issue.sections[2].items[0]
    revision = post(editor, f"{BASE}/items/{item.id}/remove").json()["revisions"][0]
    assert get_issue(session, issue.id).sections[2].items == []
    assert "Item removed" in editor.get(f"{BASE}/history").text
    assert post(editor, f"{BASE}/restore/{revision}").status_code == 200
    assert get_issue(session, issue.id).sections[2].items[0].id == item.id


def test_the_history_shows_where_a_long_text_was_changed(session: Session, issue: Issue, editor: Any) -> None:
    text = "Een zin die blijft staan. " * 30
    for version, last in ((1, "vrijdag"), (2, "maandag")):
        saved = post(editor, f"{BASE}/save", field="intro", value=f"{text}Tot {last}.", version=version + 99)
        assert saved.status_code == 200
        session.execute(update(Revision).values(at=Revision.at - timedelta(hours=1)))  # another sitting
    assert "Tot <del>vrijdag</del> <ins>maandag</ins>." in editor.get(f"{BASE}/history").text


def test_only_what_was_changed_now_can_be_undone(session: Session, cast: Any, issue: Issue, editor: Any) -> None:
    """An Undo after a form that changed nothing must not take away what was written before it."""
    section = issue.sections[3]
    assert post(editor, f"{BASE}/save", field="intro", value="Before it", version=issue.version).status_code == 200
    same = {"name": section.name, "minimum": str(section.minimum), "maximum": str(section.maximum or "")}
    assert post(editor, f"{BASE}/sections/{section.id}", **same).json()["revisions"] == []
    for name in ("a", "b"):
        an_article(session, cast.weekly, f"star-{name}", triage=Triage.STARRED)
    placed = post(editor, f"{BASE}/assemble").json()
    assert ("2 starred articles placed" in placed["said"], len(placed["revisions"])) == (True, 2)
