"""The tasks of this stage, called as a worker calls them: one transaction each, rings after the commit."""

import pytest
from sqlalchemy.orm import Session

from curator.issues.models import Newsletter
from curator.settings import Settings, get_settings
from curator.sources.intake import add_address
from curator.sources.models import Article, FetchState, Source
from tests.sources.site import Site
from workers import sources as tasks

PAGE = "<html><title>Chips</title><body><article><p>" + "Een zin over chips in het oosten van het land. " * 20


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[tuple[object, ...]]:
    """What reached the broker; loopback may be fetched by the process's own settings."""
    monkeypatch.setenv("CURATOR_FETCH_ALLOW", "127.0.0.0/8")
    get_settings.cache_clear()
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr("curator.doorbell.ring_now", lambda *call: calls.append(call))
    return calls


def test_read_article(committed: Session, newsletter_committed: Newsletter, site: Site, heard: list[object]) -> None:
    article = add_address(committed, newsletter_committed.id, site.page("/a", PAGE)).article
    committed.commit()
    tasks.read_article(article.id)
    committed.refresh(article)
    assert (article.title, article.fetch_state) == ("Chips", FetchState.DONE)


def test_due_rings_for_feeds_and_forgotten_articles_and_refresh_notes_a_failure(
    committed: Session, newsletter_committed: Newsletter, site: Site, heard: list[tuple[object, ...]]
) -> None:
    source = Source(newsletter_id=newsletter_committed.id, address=site.at("/feed"), address_key="feed", title="Feed")
    committed.add(source)
    article = add_address(committed, newsletter_committed.id, site.page("/a", PAGE)).article
    committed.flush()
    article.created_at = article.created_at.replace(year=article.created_at.year - 1)
    committed.commit()
    tasks.ring_for_due()
    assert heard == [("sources.refresh", source.id)]
    tasks.refresh(source.id)
    committed.refresh(source)
    assert (source.failures, committed.get_one(Article, article.id).fetch_state) == (1, FetchState.WAITING)
    assert "404" in (source.last_error or "")
