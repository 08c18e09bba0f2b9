"""The calendar: what each may do there, that looking changes nothing, and that times are one's own."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.issues.calendar import CalendarDay, Intent
from curator.issues.compose import create_issue
from curator.issues.editing_time import EditingTime
from curator.issues.models import IssueState

PAGE = "/n/weekly/calendar"


def test_an_editor_plans_skips_and_clears(session: Session, cast: Any, browser: Callable[..., Any]) -> None:
    create_issue(session, cast.weekly.id, "A plan")
    editor = browser(cast.editor)
    answer = editor.submit(PAGE, day="2026-11-23", act="plan", issue="1", note="<b>Theme</b>")
    assert answer.headers["location"] == f"{PAGE}?month=2026-11&day=2026-11-23#day-form"
    text = editor.get(f"{PAGE}?month=2026-11").text
    assert "planned" in text and "&lt;b&gt;Theme" in text
    assert editor.submit(PAGE, day="2026-11-23", act="skip").status_code == 303
    assert "skipped" in editor.get(f"{PAGE}?month=2026-11").text
    assert editor.submit(PAGE, day="2026-11-23", act="clear").status_code == 303
    assert session.scalar(select(func.count()).select_from(CalendarDay)) == 0


def test_what_is_refused_changes_nothing(session: Session, cast: Any, browser: Callable[..., Any]) -> None:
    issue = create_issue(session, cast.weekly.id, "Gone already")
    issue.state = IssueState.SENT
    facts = {"intent": Intent.SKIPPED, "by": "x", "issue_id": issue.id, "made_at": func.now()}
    session.add(CalendarDay(newsletter_id=cast.weekly.id, day=date(2026, 12, 24), **facts))
    session.flush()
    answer = browser(cast.editor).submit(PAGE, day="2026-12-24", act="plan")
    assert answer.status_code == 422 and "on its way" in answer.text
    session.expire_all()
    assert session.scalars(select(CalendarDay.intent)).one() is Intent.SKIPPED


@pytest.mark.parametrize("fields", [{"day": "soon"}, {"day": "9999-99-99"}, {"day": "0001-01-01"}])
def test_a_day_that_is_none_is_refused(cast: Any, browser: Callable[..., Any], fields: dict[str, str]) -> None:
    assert browser(cast.editor).submit(PAGE, act="skip", **fields).status_code == 422


@pytest.mark.parametrize("query", ["month=9999-12", "month=x", "day=0001-01-01", "month=2026-13", "month=2100-12"])
def test_any_month_that_is_asked_for_answers(cast: Any, browser: Callable[..., Any], query: str) -> None:
    assert browser(cast.viewer).get(f"{PAGE}?{query}").status_code == 200


def test_a_viewer_looks_and_changes_nothing(session: Session, cast: Any, browser: Callable[..., Any]) -> None:
    viewer = browser(cast.viewer)
    assert "<form" not in viewer.get(PAGE).text.split('class="calendar"')[1]
    assert viewer.submit(PAGE, day=str(date.today()), act="skip").status_code == 403
    create_issue(session, cast.weekly.id, "x")
    assert viewer.submit("/n/weekly/issues/1/presence").status_code == 403


def test_times_are_told_to_their_editor_alone(session: Session, cast: Any, browser: Callable[..., Any]) -> None:
    create_issue(session, cast.weekly.id, "x")
    editor, owner = browser(cast.editor), browser(cast.owner)
    editor.get("/n/weekly/issues/1")
    assert session.scalar(select(func.count()).select_from(EditingTime)) == 0, "looking changes nothing"
    assert editor.submit("/n/weekly/issues/1/presence").status_code == 204
    assert "not sent yet" in editor.get(PAGE).text
    assert "not sent yet" not in owner.get(PAGE).text
