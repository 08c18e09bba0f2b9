"""Test mails from the desk: to one address, and not without end."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.delivery.models import Notice
from curator.issues.compose import create_issue
from curator.web import caps

PAGE = "/n/weekly/issues/1/test"


@pytest.fixture
def editor(session: Session, cast: Any, browser: Callable[..., Any], redis_client: object) -> Any:
    """An editor with a draft; tests of other tests do not count."""
    create_issue(session, cast.weekly.id, "A subject that is long enough")
    return browser(cast.editor)


def test_a_test_mail_is_queued(session: Session, editor: Any) -> None:
    assert "on its way to me@example.org" in editor.submit(PAGE, address="me@example.org").text
    assert session.scalars(select(Notice)).one().address == "me@example.org"
    assert editor.submit(PAGE, address="a@example.org, b@example.org").status_code == 422


def test_they_are_capped_per_person_and_newsletter(
    session: Session, cast: Any, editor: Any, browser: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(caps.CAPS, "test-mail", ("2 per hour", "100 per hour"))
    answers = [editor.submit(PAGE, address="me@example.org") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "within an hour" in answers[2].text
    assert len(session.scalars(select(Notice)).all()) == 2
    owner = browser(cast.owner)
    create_issue(session, cast.other.id, "Other")
    for page in (PAGE, PAGE, PAGE.replace("weekly", "other")):
        assert owner.submit(page, address="me@example.org").status_code == 200
