"""One request per host at a time: what a feed brings comes one after the other, what people bring waits for nobody."""

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources.adding import add_source
from curator.sources.intake import add_address
from curator.sources.models import Article, FetchState
from curator.sources.reading import read_article
from curator.sources.turns import has_turn
from tests.sources.site import Site
from tests.sources.test_watch import LONG, Rung, item, rss


def test_the_picture_an_entry_names_is_fetched_where_its_words_came_along(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    enclosure = '<enclosure url="/p.jpg" type="image/jpeg" length="1"/></item>'
    whole = item("heel").replace("</item>", enclosure)
    short = item("kort", body="Kort.").replace("</item>", enclosure)
    site.page("/feed", rss(whole, short, item("geen")), kind="application/rss+xml")
    add_source(session, newsletter.id, site.at("/feed"), reach)
    rows = session.execute(select(Article.title, Article.feed_picture, Article.id).order_by(Article.title))
    found = {title: (picture, number) for title, picture, number in rows}
    assert [found[name][0] for name in ("heel", "kort", "geen")] == [site.at("/p.jpg"), site.at("/p.jpg"), None]
    assert rung == [("sources.read_article", found["kort"][1])]


def test_a_site_is_asked_for_one_thing_after_the_other(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    pictured = item("heel", body=f"{LONG}<img src='{site.at('/heel.jpg')}'>")
    entries = [pictured, *(item(f"kort{n}", "<p>Kort.</p>", link=site.page(f"/kort{n}", "weg")) for n in range(3))]
    site.page("/feed", rss(*entries))
    add_source(session, newsletter.id, site.at("/feed"), reach)
    site.asked.clear()
    for number, (task, article_id) in enumerate(rung):  # which grows meanwhile
        assert (task, len(rung)) == ("sources.read_article", number + 1)
        read_article(session, article_id, reach)
    assert site.paths() == ["/kort0", "/kort1", "/kort2", "/heel.jpg"]


def test_pages_of_a_host_that_is_asked_already_are_left_for_later(
    committed: Session, newsletter_committed: Newsletter, site: Site, reach: Settings, engine: Engine
) -> None:
    site.page("/feed", rss(item("kort", "<p>Kort.</p>", link=site.page("/kort", "weg"))))
    add_source(committed, newsletter_committed.id, site.at("/feed"), reach)
    typed = add_address(committed, newsletter_committed.id, site.page("/typed", "weg")).article
    committed.commit()
    article = committed.scalars(select(Article).where(Article.title == "kort")).one()
    site.asked.clear()
    with Session(engine) as another:
        assert has_turn(another, article.address_key or "")
        assert read_article(committed, article.id, reach).fetch_state is FetchState.WAITING
        assert site.paths() == []
        assert read_article(committed, typed.id, reach).fetch_state is FetchState.FAILED
    assert read_article(committed, article.id, reach).fetch_state is FetchState.FAILED


def test_what_people_bring_is_rung_for_once(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    first, _ = (add_address(session, newsletter.id, site.page(f"/{name}", "weg")).article for name in ("een", "twee"))
    assert len(rung) == 2
    read_article(session, first.id, reach)
    assert len(rung) == 2
