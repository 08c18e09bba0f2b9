"""Designs on the desk: seen by everybody of the newsletter, chosen by its owners."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from curator.issues.brand import DESIGNS
from curator.issues.compose import create_issue
from curator.issues.models import Item

BASE = "/n/weekly/settings/design"


@pytest.fixture
def owner(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.owner)


def test_every_design_is_offered_with_a_picture_of_the_real_mail(owner: Any) -> None:
    answer = owner.get(BASE).text
    for name in DESIGNS:
        assert f'value="{name}"' in answer
        assert f"{BASE}/look?design={name}" in answer


def test_a_choice_is_kept_and_one_that_is_none_is_refused(session: Session, cast: Any, owner: Any) -> None:
    assert owner.submit(BASE, design="letter").status_code == 303
    session.refresh(cast.weekly)
    assert cast.weekly.design == "letter"
    assert owner.submit(BASE, design="../wording").status_code == 422
    assert owner.submit(BASE).status_code == 422
    session.refresh(cast.weekly)
    assert cast.weekly.design == "letter"


@pytest.mark.parametrize("design", DESIGNS)
def test_the_look_is_the_latest_issue_and_nothing_in_it_runs(
    session: Session, cast: Any, browser: Callable[..., Any], design: str
) -> None:
    issue = create_issue(session, cast.weekly.id, "Now")
    issue.sections[0].items.append(Item(issue_id=issue.id, position=0, title="<script>alert(1)</script> at night"))
    create_issue(session, cast.weekly.id, "Nothing in it yet")
    session.flush()
    answer = browser(cast.viewer).get(f"{BASE}/look?design={design}&theme=dark")
    assert "at night" in answer.text and "<script" not in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]


def test_a_newsletter_without_issues_is_shown_with_an_invented_one(session: Session, cast: Any, owner: Any) -> None:
    cast.weekly.language = "ar"
    session.flush()
    answer = owner.get(f"{BASE}/look?design=magazine")
    assert 'dir="rtl"' in answer.text and "عنوان" in answer.text


def test_a_look_at_what_is_not_there(cast: Any, owner: Any, browser: Callable[..., Any]) -> None:
    assert owner.get(f"{BASE}/look?design=nothing").status_code == 422
    assert browser(cast.viewer).get("/n/other/settings/design/look").status_code == 404
