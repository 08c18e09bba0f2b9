"""The contributors' door at the desk: who opens it, who mutes whom, and what another newsletter's editor gets."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.compose import add_item, create_issue
from curator.settings import Settings
from curator.sources.contributor_models import MutedContributor, Suggestion
from curator.sources.contributors import Contributor, suggest
from tests.web.conftest import Browser, Cast

ATTACK = '"><svg onload=alert(1)>{{ 7331*1379 }}'


@pytest.fixture
def editor(cast: Cast, browser: Callable[..., Browser]) -> Browser:
    return browser(cast.editor)


def suggested(session: Session, newsletter: Any, settings: Settings, **more: Any) -> Suggestion:
    who = {"name": "Anna", "address": "anna@example.org", "network": "198.51.100.0/24", **more}
    suggest(session, newsletter.id, "https://news.example.org/chips", Contributor(**who), settings)
    return session.scalars(select(Suggestion).order_by(Suggestion.id.desc())).all()[0]


def test_an_owner_opens_and_closes_it(
    session: Session, cast: Cast, editor: Browser, browser: Callable[..., Browser]
) -> None:
    owner, path = browser(cast.owner), "/n/weekly/settings/contributors"
    assert "/suggest/weekly" not in owner.get(path).text
    assert owner.submit(path, takes_suggestions="true").status_code == 303
    session.refresh(cast.weekly)
    assert cast.weekly.takes_suggestions and not cast.weekly.thanks_contributors
    assert "/suggest/weekly" in editor.get(path).text
    assert editor.submit(path).status_code == 403
    owner.submit(path, thanks_contributors="true")
    session.refresh(cast.weekly)
    assert not cast.weekly.takes_suggestions and cast.weekly.thanks_contributors


def test_a_reader_is_muted_and_heard_again(
    session: Session, cast: Cast, editor: Browser, settings: Settings, browser: Callable[..., Browser]
) -> None:
    one = suggested(session, cast.weekly, settings, name=f"Anna {ATTACK}")
    assert "Mute this reader" in editor.get("/n/weekly/").text
    assert "Mute this reader" not in browser(cast.viewer).get("/n/weekly/").text
    assert editor.submit(f"/n/weekly/suggestions/{one.id}/mute").status_code == 303
    assert editor.submit(f"/n/weekly/suggestions/{one.id}/mute", who="network").status_code == 303
    page = editor.get("/n/weekly/settings/contributors").text
    assert "198.51.100.0/24" in page and "<svg onload" not in page and "10109449" not in page
    muted = session.scalars(select(MutedContributor)).all()
    assert len(muted) == 2
    for each in muted:
        assert editor.submit(f"/n/weekly/settings/contributors/{each.id}/unmute").status_code == 303
    assert session.scalars(select(MutedContributor)).all() == []


def test_the_row_says_who_was_thanked(session: Session, cast: Cast, editor: Browser, settings: Settings) -> None:
    one = suggested(session, cast.weekly, settings)
    assert "wants to hear when it is published" in editor.get("/n/weekly/").text
    one.thanked_at, one.address = datetime(2026, 11, 20, 12, tzinfo=UTC), None
    session.flush()
    assert "thanked on 20 Nov" in editor.get("/n/weekly/").text


def test_the_credit_is_edited_in_the_composer(
    session: Session, cast: Cast, editor: Browser, settings: Settings
) -> None:
    one = suggested(session, cast.weekly, settings, name=f"Anna {ATTACK}", may_name=True)
    issue = create_issue(session, cast.weekly.id, "This week")
    item = add_item(session, issue.id, one.article_id, issue.sections[0].name)
    page = editor.get(f"/n/weekly/issues/{issue.number}").text
    assert "Suggested by" in page and "<svg onload" not in page and "10109449" not in page
    fields = {"field": "credit", "item": str(item.id), "version": str(item.version), "value": "Anna"}
    assert editor.submit(f"/n/weekly/issues/{issue.number}/save", **fields).status_code == 200
    session.refresh(item)
    assert item.credit == "Anna"


def test_another_newsletters_suggestions_are_not_there(
    session: Session, cast: Cast, editor: Browser, settings: Settings, browser: Callable[..., Browser]
) -> None:
    one = suggested(session, cast.other, settings)
    assert editor.submit(f"/n/weekly/suggestions/{one.id}/mute").status_code == 404
    browser(cast.owner).submit(f"/n/other/suggestions/{one.id}/mute")
    muted = session.scalars(select(MutedContributor)).one()
    assert editor.submit(f"/n/weekly/settings/contributors/{muted.id}/unmute").status_code == 404
    assert "Anna" not in editor.get("/n/weekly/settings/contributors").text
    assert session.scalars(select(MutedContributor)).one() is muted
