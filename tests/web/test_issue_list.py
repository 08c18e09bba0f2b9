"""The list of issues and the rhythm: owners set it, editors skip weeks, viewers read, others see nothing."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from curator.issues.compose import create_issue, get_issue
from curator.issues.deadlines import find_rhythm
from curator.issues.planning import coming_weeks
from curator.sources.models import Triage
from tests.issues.rows import an_article

WEEKLY = {"weekday": "3", "at": "09:00", "draft_days": "2", "draft_at": "07:00", "assembles": "true"}


@pytest.fixture
def owner(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.owner)


def _weeks(session: Session, cast: Any) -> list[Any]:
    return coming_weeks(session, cast.weekly, datetime.now(UTC))


def test_an_owner_sets_changes_and_stops_the_rhythm(session: Session, cast: Any, owner: Any) -> None:
    assert "An issue every week?" in owner.get("/n/weekly/issues").text
    assert owner.submit("/n/weekly/rhythm", **WEEKLY).status_code == 303
    page = owner.get("/n/weekly/issues").text
    assert "Every Thursday at 09:00" in page
    assert len(re.findall("Skip this week", page)) == 3
    owner.submit("/n/weekly/rhythm", **{**WEEKLY, "weekday": "4", "assembles": ""})
    rhythm = find_rhythm(session, cast.weekly.id)
    assert rhythm is not None
    assert (rhythm.weekday, rhythm.assembles) == (4, False)
    owner.submit("/n/weekly/rhythm/stop")
    session.expire_all()
    assert find_rhythm(session, cast.weekly.id) is None


@pytest.mark.parametrize(("field", "value"), [("at", "nine"), ("draft_at", ""), ("weekday", "7"), ("draft_days", "9")])
def test_what_is_wrong_is_said_and_changes_nothing(
    session: Session, cast: Any, owner: Any, field: str, value: str
) -> None:
    answer = owner.submit("/n/weekly/rhythm", **{**WEEKLY, field: value})
    assert answer.status_code == 422
    assert find_rhythm(session, cast.weekly.id) is None


def test_an_editor_skips_a_week_and_brings_it_back(session: Session, cast: Any, owner: Any, browser: Any) -> None:
    owner.submit("/n/weekly/rhythm", **WEEKLY)
    editor = browser(cast.editor)
    assert 'name="weekday"' not in editor.get("/n/weekly/issues").text
    day = str(_weeks(session, cast)[1].week.day)
    editor.submit("/n/weekly/rhythm/skip", day=day)
    page = editor.get("/n/weekly/issues").text
    assert "skipped by editor@weekly.example" in page
    assert [coming.is_skipped for coming in _weeks(session, cast)] == [False, True, False]
    editor.submit("/n/weekly/rhythm/bring-back", day=day)
    assert not any(coming.is_skipped for coming in _weeks(session, cast))


def test_who_may_not_may_not(session: Session, cast: Any, owner: Any, browser: Any) -> None:
    owner.submit("/n/weekly/rhythm", **WEEKLY)
    owner.submit("/n/other/rhythm", **WEEKLY)
    day = str(_weeks(session, cast)[0].week.day)
    viewer, editor = browser(cast.viewer), browser(cast.editor)
    assert "Skip this week" not in viewer.get("/n/weekly/issues").text
    assert viewer.submit("/n/weekly/rhythm/skip", day=day).status_code == 403
    assert editor.submit("/n/weekly/rhythm", **WEEKLY).status_code == 403
    assert editor.submit("/n/weekly/rhythm/stop").status_code == 403
    assert editor.submit("/n/other/rhythm/skip", day=day).status_code == 404
    assert editor.submit("/n/weekly/rhythm/skip", day="2026-01-01").status_code in (409, 422)
    assert not any(coming.is_skipped for coming in _weeks(session, cast))


def test_stars_are_placed_from_the_issue_and_gaps_are_named(session: Session, cast: Any, browser: Any) -> None:
    issue = create_issue(session, cast.weekly.id, "")
    an_article(session, cast.weekly, "star", triage=Triage.STARRED)
    editor = browser(cast.editor)
    assert "Place 1 starred article" in editor.get("/n/weekly/issues/1").text
    answer = editor.post(
        "/n/weekly/issues/1/assemble", headers={"Accept": "application/json", "X-CSRF-Token": editor.csrf_token}
    ).json()
    assert answer["said"] == "1 starred article placed. Still to fill: Nieuws: 0 of 2, Achtergrond: 0 of 1."
    assert [item.title for item in get_issue(session, issue.id).sections[0].items] == ["Over star"]
    part = editor.get("/n/weekly/issues/1/balance").text
    assert "Nieuws: 0 of 2" in part
    assert "starred article" not in part
    assert editor.submit("/n/weekly/issues/1/assemble").status_code == 303


def test_an_article_is_kept_on_the_shelf_and_offered_from_there(session: Session, cast: Any, browser: Any) -> None:
    issue = create_issue(session, cast.weekly.id, "")
    article, foreign = an_article(session, cast.weekly, "keeper"), an_article(session, cast.other, "foreign")
    editor, section = browser(cast.editor), issue.sections[0].id
    shelf = f"/n/weekly/issues/1/finds?section={section}&shelf=true"
    assert "can wait on the shelf" in editor.get(shelf).text
    back = f"1:{section}"
    answer = editor.submit("/n/weekly/shelf", article_id=str(article.id), weeks="4", back=back)
    assert answer.headers["location"] == shelf
    assert "on the shelf until" in editor.get(shelf).text
    assert "Over keeper" in editor.get(shelf + "&q=keeper").text
    answer = editor.submit("/n/weekly/shelf", article_id=str(article.id), weeks="0", back="//evil.example")
    assert answer.headers["location"] == "/n/weekly/issues"
    assert "Over keeper" not in editor.get(shelf).text
    assert editor.submit("/n/weekly/shelf", article_id=str(foreign.id), weeks="4").status_code == 404
    assert browser(cast.viewer).submit("/n/weekly/shelf", article_id=str(article.id), weeks="4").status_code == 403
