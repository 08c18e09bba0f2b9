"""Starting to watch: by a worker's first look, from a page, and how sources are doing afterwards."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from curator.errors import Conflict, NotFound
from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources.adding import add_source, list_sources, remove_source, watch_address
from curator.sources.health import list_health
from curator.sources.models import Article, Source
from curator.sources.schedule import Health, health_of
from curator.sources.watch import due_sources, refresh_source
from tests.sources.site import Answer, Site
from tests.sources.test_watch import Rung, item, rss, source

__all__ = ["source"]  # a fixture


def test_the_first_look_of_a_worker_finds_the_feed_a_page_names(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    site.page("/feed.xml", rss(item("een")), kind="application/rss+xml", ETag='"1"')
    link = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    page = site.page("/", f"<html><head>{link}</head><body>Hallo</body></html>")
    source = watch_address(session, newsletter.id, page)
    assert (rung, site.asked, health_of(source)) == ([("sources.refresh", source.id)], [], Health.NEW)
    assert due_sources(session) == [], "the bell was rung: the sweep must not ask a second time"
    assert refresh_source(session, source.id, reach) == (1, 1, None)
    assert (source.address, source.title, source.etag) == (site.at("/feed.xml"), "Chips", '"1"')
    assert site.paths() == ["/", "/feed.xml"]


def test_another_spelling_is_taken_over_at_the_first_look(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    site.page("/new/", rss(item("een")))
    source = watch_address(session, newsletter.id, site.redirect("/new", "/new/", 301))
    refresh_source(session, source.id, reach)
    assert source.address == site.at("/new/")


def test_the_feed_a_page_names_is_named_when_it_cannot_be_read(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    link = '<base href="/sub/"><link rel="alternate" type="application/rss+xml" href="weg.xml">'
    source = watch_address(session, newsletter.id, site.page("/", f"<html><head>{link}</head></html>"))
    error = refresh_source(session, source.id, reach).error or ""
    assert site.at("/sub/weg.xml") in error
    assert "404" in error


def test_a_page_whose_feed_is_watched_says_so_and_stays_visible(
    session: Session, newsletter: Newsletter, source: Source, site: Site, reach: Settings, rung: Rung
) -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/feed">'
    other = watch_address(session, newsletter.id, site.page("/", f"<html><head>{link}</head></html>"))
    assert "already, as “Chips”" in (refresh_source(session, other.id, reach).error or "")
    assert (health_of(other), other.address, site.paths()) == (Health.FAILING, site.at("/"), ["/"])


def test_an_address_that_is_no_feed_stays_with_its_reason(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    source = watch_address(session, newsletter.id, site.page("/", "<html><body>Geen feed.</body></html>"))
    refresh_source(session, source.id, reach)
    assert "no feed at this address" in (source.last_error or "")
    (shown,) = list_health(session, newsletter.id)
    assert (shown.health, shown.is_troubled, shown.articles) == (Health.FAILING, True, 0)


def test_a_permanent_redirect_at_the_first_look_is_believed(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    site.page("/new", rss(item("een")))
    source = watch_address(session, newsletter.id, site.redirect("/old", "/new", 301))
    refresh_source(session, source.id, reach)
    assert (source.address, source.moves_seen) == (site.at("/new"), 0)


def test_trouble_stands_first_and_items_are_counted(
    session: Session, newsletter: Newsletter, source: Source, site: Site, reach: Settings
) -> None:
    recent = [item(f"n{n}", date=(datetime.now(UTC) - timedelta(days=n)).isoformat()) for n in range(8)]
    site.page("/busy", rss(*recent, title="Busy"))
    add_source(session, newsletter.id, site.at("/busy"), reach)
    assert [(s.source.title, s.articles, s.per_week) for s in list_health(session, newsletter.id)] == [
        ("Busy", 8, 2.0),
        ("Chips", 1, 0.0),
    ]
    site.page("/feed", b"", status=500)
    refresh_source(session, source.id, reach)
    first = list_health(session, newsletter.id)[0]
    assert (first.source.title, first.is_troubled) == ("Chips", True)
    assert "status 500" in (first.source.last_error or "")


def test_while_a_host_is_asked_its_other_feeds_wait(
    committed: Session, newsletter_committed: Newsletter, site: Site, reach: Settings, engine: Engine
) -> None:
    sources = [
        add_source(committed, newsletter_committed.id, site.page(path, rss(item(path))), reach) for path in ("/a", "/b")
    ]
    committed.commit()
    site.asked.clear()
    outcome = []

    def meanwhile(handler: object) -> None:
        with Session(engine) as another:
            outcome.append(refresh_source(another, sources[1].id, reach))
            another.commit()
        body = rss(item("/c")).encode()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)  # type: ignore[attr-defined]

    site.answers["/a"] = Answer(meanwhile)
    assert refresh_source(committed, sources[0].id, reach).new == 1
    committed.commit()
    assert (site.paths(), outcome) == (["/a"], [(0, 0, None)])
    committed.refresh(sources[1])
    assert sources[1].next_fetch_at < datetime.now(UTC) + timedelta(minutes=1)
    assert refresh_source(committed, sources[1].id, reach).error is None
    assert site.paths() == ["/a", "/b"]


def test_removing_a_source_keeps_its_articles(
    session: Session, newsletter: Newsletter, other: Newsletter, source: Source
) -> None:
    with pytest.raises(NotFound):
        remove_source(session, other.id, source.id)
    remove_source(session, newsletter.id, source.id)
    session.expire_all()
    assert list_sources(session, newsletter.id) == []
    assert session.scalars(select(Article)).one().source_id is None


def test_another_spelling_corrects_a_feed_that_never_answered(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    good = site.page("/feed", rss(item("een")))
    bad = good.replace("http://", "https://")
    wrong = watch_address(session, newsletter.id, bad)
    refresh_source(session, wrong.id, reach)
    assert wrong.failures == 1
    assert watch_address(session, newsletter.id, good) is wrong
    assert (wrong.address, wrong.failures, wrong.last_error) == (good, 0, None)
    refresh_source(session, wrong.id, reach)
    with pytest.raises(Conflict, match="already, as “Chips”"):
        watch_address(session, newsletter.id, bad)


def test_the_command_line_corrects_one_too(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    good = site.page("/feed", rss(item("een")))
    wrong = watch_address(session, newsletter.id, good.replace("http://", "https://"))
    refresh_source(session, wrong.id, reach)
    assert add_source(session, newsletter.id, good, reach) is wrong
    assert (wrong.address, wrong.title, wrong.failures) == (good, "Chips", 0)
