"""The tasks of issues in the making: the issue of a week, once; the links of drafts, one at a time per host."""

import time
from datetime import UTC, datetime
from datetime import time as time_of_day

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.issues.compose import add_item
from curator.issues.link_checks import LinkCheck, Verdict
from curator.issues.models import Issue
from curator.issues.planning import set_rhythm
from curator.settings import get_settings
from tests.issues.rows import a_newsletter, an_article, an_issue
from tests.sources.site import running_site
from workers import issues


@pytest.fixture(autouse=True)
def _open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATOR_FETCH_ALLOW", "127.0.0.0/8")
    monkeypatch.setattr(issues, "BETWEEN_SECONDS", 0.3)


def test_the_links_of_a_draft_are_asked_in_the_background(committed: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    get_settings.cache_clear()
    with running_site() as site:
        draft = an_issue(committed, a_newsletter(committed))
        for name in ("one", "two"):
            address = site.page(f"/{name}", "x")
            article = an_article(committed, draft.newsletter, name, address=address, address_key=address)
            add_item(committed, draft.id, article.id, draft.sections[0].name)
        committed.commit()
        began = time.monotonic()
        issues.check_links()
        assert time.monotonic() - began >= 0.3, "a pause between two requests to one host"
        committed.expire_all()
        verdicts = {row.address: row.verdict for row in committed.scalars(select(LinkCheck))}
        assert verdicts == {site.at("/one"): Verdict.FINE, site.at("/two"): Verdict.FINE}
        issues.check_links()
        assert len(site.asked) == 2, "nothing changed, so nothing is asked again"


def test_it_can_be_switched_off(committed: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATOR_CHECK_LINKS", "false")
    get_settings.cache_clear()
    an_issue(committed, a_newsletter(committed))
    committed.commit()
    issues.check_links()
    assert committed.scalars(select(LinkCheck)).all() == []


def test_the_issue_of_the_week_is_made_once_however_often_it_is_rung_for(committed: Session) -> None:
    newsletter = a_newsletter(committed)
    tomorrow = (datetime.now(UTC).weekday() + 1) % 7
    set_rhythm(
        committed, newsletter, "ada", weekday=tomorrow, at=time_of_day(23, 59), draft_days=6, draft_at=time_of_day(0)
    )
    committed.commit()
    issues.make_due_issues()
    issues.make_due_issues()
    committed.rollback()
    assert committed.scalar(select(func.count()).select_from(Issue)) == 1
    assert committed.scalar(select(Issue.due_at)) is not None
