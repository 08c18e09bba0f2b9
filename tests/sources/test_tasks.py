"""The tasks of this stage, called as a worker calls them: one transaction each, rings after the commit."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from curator.issues.models import Newsletter
from curator.settings import Settings, get_settings
from curator.sources.intake import add_address, add_text
from curator.sources.likeness import pairs_among
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


def test_two_articles_recorded_at_the_same_moment_are_paired_afterwards(
    committed: Session, newsletter_committed: Newsletter, engine: Engine, heard: list[object]
) -> None:
    """Neither transaction sees the other's article; the task, after both commits, does."""
    body = " ".join(f"Zin nummer {n} gaat over iets heel anders dan zin nummer {n * 7}." for n in range(40))
    texts = [f"Een titel\n\n{body} Slot {name}." for name in ("een", "twee")]
    with Session(engine) as theirs:
        first = add_text(committed, newsletter_committed.id, texts[0], timezone="UTC").article
        second = add_text(theirs, newsletter_committed.id, texts[1], timezone="UTC").article
        theirs.commit()
        committed.commit()
        ids = [first.id, second.id]
    assert pairs_among(committed, ids) == []
    committed.commit()
    tasks.compare()
    assert pairs_among(committed, ids) == [tuple(sorted(ids))]
