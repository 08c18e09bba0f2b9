from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from curator.errors import Conflict, FetchFailed, Invalid, NotAFeed, NotFound
from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources import asking
from curator.sources.adding import add_source, list_sources
from curator.sources.dates import as_published
from curator.sources.effort import bounded_effort
from curator.sources.models import Article, CapturedBy, FetchState, Source, SourceState
from curator.sources.reading import read_article
from curator.sources.schedule import MOVES_BELIEVED, Health, health_of
from curator.sources.watch import LEAST_NEW, MOST_NEW, due_sources, refresh_source
from tests.sources.site import Answer, Site

Rung = list[tuple[str, int]]
LONG = "<p>" + " ".join(f"Zin nummer {n} gaat over iets heel anders." for n in range(30)) + "</p>"


def item(name: str, body: str = LONG, date: str = "Tue, 11 Feb 2025 14:56:00 +0100", link: str | None = None) -> str:
    address = f"<link>{link or f'https://news.example.org/{name}'}</link>" if link != "" else ""
    words = f"<![CDATA[{body.replace('Zin', name)}]]>" if body else ""
    return f"<item><title>{name}</title>{address}<pubDate>{date}</pubDate><description>{words}</description></item>"


def rss(*items: str, title: str = "Chips") -> str:
    return f"<rss version='2.0'><channel><title>{title}</title>{''.join(items)}</channel></rss>"


def titles(session: Session) -> list[str]:
    return list(session.scalars(select(Article.title).order_by(Article.id)))


@pytest.fixture
def source(session: Session, newsletter: Newsletter, site: Site, reach: Settings) -> Source:
    """A feed with one entry, watched; what was asked so far is forgotten."""
    site.page("/feed", rss(item("een")), kind="application/rss+xml", ETag='W/"1"', Last_Modified="yesterday-ish")
    made = add_source(session, newsletter.id, site.at("/feed"), reach)
    site.asked.clear()
    return made


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may hit a callback first
def test_a_feed_that_would_be_read_for_hours_holds_nobody(
    session: Session, source: Source, site: Site, reach: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parser looks for an address in the author's name: quadratic in its length."""
    monkeypatch.setattr(asking, "bounded_effort", lambda: bounded_effort(0.5))
    hostile = f"<item><title>x</title><author>{'a' * 1_000_000}@ (</author></item>"
    site.page("/feed", rss(hostile), kind="application/rss+xml")
    refreshed = refresh_source(session, source.id, reach)
    assert "too long to read" in (source.last_error or "") and source.failures == 1
    assert refreshed.new == 0 and source.next_fetch_at > datetime.now(UTC) + timedelta(minutes=30)


def test_one_get_makes_a_source_and_its_articles(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    address = site.page("/feed", rss(item("een"), item("twee")), kind="application/rss+xml", ETag='"1"')
    source = add_source(session, newsletter.id, address, reach)
    assert site.paths() == ["/feed"]
    assert (source.title, source.address, source.etag, source.state) == ("Chips", address, '"1"', SourceState.ACTIVE)
    assert source.next_fetch_at > datetime.now(UTC) + timedelta(minutes=55)
    assert health_of(source) is Health.GOOD
    assert titles(session) == ["een", "twee"]
    article = session.scalars(select(Article).where(Article.title == "een")).one()
    assert (article.captured_by, article.source_id, article.site) == (CapturedBy.FEED, source.id, "Chips")
    assert (article.language, article.fetch_state, article.words > 100) == ("nl", FetchState.DONE, True)
    published = as_published(article)
    assert published is not None
    assert published.isoformat() == "2025-02-11T14:56:00+01:00"
    assert rung == []


def test_the_feed_behind_a_page_is_found(session: Session, newsletter: Newsletter, site: Site, reach: Settings) -> None:
    site.page("/feed.xml", rss(item("een")), kind="application/rss+xml")
    link = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    page = site.page("/", f"<html><head>{link}</head><body>Hallo</body></html>")
    assert add_source(session, newsletter.id, page, reach).address == site.at("/feed.xml")
    assert site.paths() == ["/", "/feed.xml"]
    for address in (page, site.at("/feed.xml"), site.at("/feed.xml?utm_source=x")):
        with pytest.raises(Conflict):
            add_source(session, newsletter.id, address, reach)


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        ("<html><body>no feed</body></html>", "text/html", NotAFeed),
        ("{}", "application/json", NotAFeed),
        ("\x89PNG", "image/png", NotAFeed),
        ("<rss version='2.0'><channel>" + "<item/>" * 6_000, "text/xml", NotAFeed),
    ],
)
def test_what_is_no_feed_is_refused_and_leaves_nothing(
    body: str, kind: str, error: type, session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    with pytest.raises(error):
        add_source(session, newsletter.id, site.page("/x", body, kind=kind), reach)
    assert list_sources(session, newsletter.id) == []


def test_addresses_that_cannot_be_watched(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    with pytest.raises(FetchFailed, match="404"):
        add_source(session, newsletter.id, site.at("/nowhere"), reach)
    with pytest.raises(Invalid):
        add_source(session, newsletter.id, "file:///etc/passwd", reach)
    with pytest.raises(NotFound):
        add_source(session, 999_999, site.at("/feed"), reach)
    with pytest.raises(FetchFailed, match="cannot be reached"):
        add_source(session, newsletter.id, "http://169.254.169.254/latest", reach)


def test_two_newsletters_may_watch_one_feed(
    session: Session, other: Newsletter, source: Source, reach: Settings
) -> None:
    theirs = add_source(session, other.id, source.address, reach)
    assert [s.id for s in list_sources(session, other.id)] == [theirs.id]
    assert titles(session) == ["een", "een"]


def test_requests_are_conditional_and_nothing_new_is_nothing(
    session: Session, source: Source, site: Site, reach: Settings
) -> None:
    site.page("/feed", b"", status=304)
    assert refresh_source(session, source.id, reach) == (0, 0, None)
    asked = site.asked[0].headers
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('W/"1"', "yesterday-ish")
    assert (source.etag, source.failures) == ('W/"1"', 0)


def test_new_entries_become_articles_and_known_ones_do_not(
    session: Session, source: Source, site: Site, reach: Settings
) -> None:
    site.page("/feed", rss(item("een", "<p>Veranderd.</p>"), item("twee")), ETag='"2"')
    assert refresh_source(session, source.id, reach) == (1, 2, None)
    assert titles(session) == ["een", "twee"]
    assert (source.etag, source.last_modified) == ('"2"', None)


def test_an_entry_whose_address_leads_elsewhere_stays_one_article(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    """Its page is read and it goes by the page's address from then on; the feed still names the first one."""
    site.page("/end", f"<html><title>Kort</title><body><article>{LONG}</article></body></html>")
    entry = item("kort", "Een zin.", link=site.redirect("/go/1", "/end"))
    source = add_source(session, newsletter.id, site.page("/feed", rss(entry), kind="text/xml"), reach)
    read_article(session, rung[0][1], reach)
    assert session.scalars(select(Article.address_key)).one() == f"127.0.0.1:{site.port}/end"
    site.page("/feed", rss(entry, item("twee")), kind="text/xml")
    assert refresh_source(session, source.id, reach) == (1, 2, None)
    assert titles(session) == ["kort", "twee"]


def test_the_same_body_is_not_parsed_again(
    session: Session, source: Source, site: Site, reach: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curator.sources.asking.read_feed", lambda *_: pytest.fail("parsed the same bytes again"))
    site.page("/feed", rss(item("een")))
    assert refresh_source(session, source.id, reach) == (0, 0, None)


def test_validators_of_an_answer_that_did_not_parse_are_not_kept(
    session: Session, source: Source, site: Site, reach: Settings
) -> None:
    site.page("/feed", "<html>maintenance</html>", ETag='"broken"')
    refreshed = refresh_source(session, source.id, reach)
    assert "no feed" in (refreshed.error or "")
    assert (source.etag, source.failures, health_of(source)) == ('W/"1"', 1, Health.FAILING)
    assert source.last_error == refreshed.error


def test_failures_back_off_and_success_forgives(session: Session, source: Source, site: Site, reach: Settings) -> None:
    site.page("/feed", b"", status=500)
    waits = []
    for _ in range(3):
        refresh_source(session, source.id, reach)
        assert source.fetched_at is not None
        waits.append((source.next_fetch_at - source.fetched_at) / timedelta(hours=1))
    assert 2 <= waits[0] <= 2.2 and 4 <= waits[1] <= 4.4 and 8 <= waits[2] <= 8.8
    site.page("/feed", rss(item("een"), item("twee")))
    assert refresh_source(session, source.id, reach).new == 1
    assert (source.failures, source.last_error) == (0, None)


def test_retry_after_is_heeded(session: Session, source: Source, site: Site, reach: Settings) -> None:
    site.page("/feed", b"", status=429, Retry_After=str(20 * 3600))
    refresh_source(session, source.id, reach)
    assert source.next_fetch_at > datetime.now(UTC) + timedelta(hours=19)


def test_gone_stops_and_an_answer_revives(session: Session, source: Source, site: Site, reach: Settings) -> None:
    site.page("/feed", b"", status=410)
    assert "removed for good" in (refresh_source(session, source.id, reach).error or "")
    assert health_of(source) is Health.GONE
    session.execute(update(Source).values(next_fetch_at=func.now()))
    assert due_sources(session) == []
    site.page("/feed", rss(item("een")))
    refresh_source(session, source.id, reach)
    assert health_of(source) is Health.GOOD


def test_a_feed_that_fails_for_a_month_is_given_up(
    session: Session, source: Source, site: Site, reach: Settings
) -> None:
    source.failures, source.succeeded_at = 20, datetime.now(UTC) - timedelta(days=40)
    session.flush()
    site.page("/feed", b"", status=500)
    refresh_source(session, source.id, reach)
    assert health_of(source) is Health.GONE


def test_a_move_is_believed_when_it_is_repeated(session: Session, source: Source, site: Site, reach: Settings) -> None:
    site.page("/new", rss(item("een")))
    old = source.address
    for seen in range(MOVES_BELIEVED):
        assert source.address == old, f"believed after {seen}"
        site.redirect("/feed", "/new", 301)
        refresh_source(session, source.id, reach)
    assert source.address == site.at("/new")
    site.asked.clear()
    refresh_source(session, source.id, reach)
    assert site.paths() == ["/new"]


def test_a_move_to_another_spelling_is_a_move(
    session: Session, newsletter: Newsletter, source: Source, site: Site, reach: Settings
) -> None:
    site.page("/feed/", rss(item("een")))
    for _ in range(MOVES_BELIEVED):
        site.redirect("/feed", "/feed/", 301)
        refresh_source(session, source.id, reach)
    assert (source.address, source.moves_seen) == (site.at("/feed/"), 0)
    site.asked.clear()
    refresh_source(session, source.id, reach)
    assert site.paths() == ["/feed/"]


def test_a_move_that_is_taken_back_is_forgotten(session: Session, source: Source, site: Site, reach: Settings) -> None:
    site.page("/new", rss(item("een")))
    site.redirect("/feed", "/new", 301)
    refresh_source(session, source.id, reach)
    assert source.moves_seen == 1
    site.redirect("/feed", "/new", 302)
    refresh_source(session, source.id, reach)
    assert (source.moved_to, source.moves_seen, source.address) == (None, 0, site.at("/feed"))


def test_pages_behind_short_entries_are_read(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, rung: Rung
) -> None:
    today = datetime.now(UTC).isoformat()
    entries = [item(f"kort{n}", "<p>Kort.</p>", today) for n in range(13)]
    site.page("/feed", rss(*entries, item("lang", date=today), item("los", "<p>Geen adres.</p>", today, link="")))
    add_source(session, newsletter.id, site.at("/feed"), reach)
    waiting = set(session.scalars(select(Article.id).where(Article.fetch_state == FetchState.WAITING)))
    assert len(waiting) == 13
    assert rung == [("sources.read_article", min(waiting))]


def test_of_an_archive_the_newest_are_taken(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    start = datetime.now(UTC)
    dated = [item(f"n{n}", date=(start - timedelta(hours=n)).isoformat()) for n in range(MOST_NEW + 20)]
    site.page("/feed", rss(*dated))
    add_source(session, newsletter.id, site.at("/feed"), reach)
    assert set(titles(session)) == {f"n{n}" for n in range(MOST_NEW)}


def test_of_years_before_only_a_few_are_taken_and_they_do_not_follow_later(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    start = datetime.now(UTC) - timedelta(days=20)
    dated = [item(f"n{n}", date=(start - timedelta(days=n)).isoformat()) for n in range(40)]
    site.page("/feed", rss(*dated))
    source = add_source(session, newsletter.id, site.at("/feed"), reach)
    assert set(titles(session)) == {f"n{n}" for n in range(LEAST_NEW + 1)}  # the eleventh is of 30 days ago
    site.page("/feed", rss(item("nieuw", date=datetime.now(UTC).isoformat()), *dated))
    assert refresh_source(session, source.id, reach).new == 1


def test_entries_are_sanitised_and_titles_are_text(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    body = LONG + '<script>alert(1)</script><img src=x onerror=alert(1)><a href="/b">b</a>'
    site.page("/feed", rss(item("{{ 7*7 }}", body), title="&lt;svg onload=alert(1)&gt;"))
    source = add_source(session, newsletter.id, site.at("/feed"), reach)
    article = session.scalars(select(Article)).one()
    assert (article.title, source.title) == ("{{ 7*7 }}", "<svg onload=alert(1)>")
    assert "alert" not in article.body_html and "<img" not in article.body_html
    assert 'href="https://news.example.org/b"' in article.body_html


def test_the_same_words_from_two_feeds_are_one_article(
    session: Session, newsletter: Newsletter, source: Source, site: Site, reach: Settings
) -> None:
    site.page("/copy", rss(item("een", link="https://copy.example.org/1")))
    add_source(session, newsletter.id, site.at("/copy"), reach)
    assert titles(session) == ["een"]


def test_due_feeds_are_taken_once_and_one_per_host(
    committed: Session, newsletter_committed: Newsletter, engine: Engine
) -> None:
    def add(key: str, minutes: int, state: SourceState = SourceState.ACTIVE) -> int:
        due = func.now() - timedelta(minutes=minutes)
        source = Source(
            newsletter_id=newsletter_committed.id, address=f"https://{key}", address_key=key, title=key,
            next_fetch_at=due, state=state,
        )  # fmt: skip
        committed.add(source)
        committed.flush()
        return source.id

    add("a.example.org/1", 5)
    oldest = add("a.example.org/2", 50)
    second = add("b.example.org/1", 20)
    add("c.example.org/1", -5)
    add("d.example.org/1", 60, SourceState.MUTED)
    committed.commit()
    assert due_sources(committed) == [oldest, second]
    with Session(engine) as another:
        assert due_sources(another) == []
    committed.commit()
    with Session(engine) as another:
        assert len(due_sources(another)) == 1


def test_no_row_is_locked_while_the_network_is_waited_for(
    committed: Session, newsletter_committed: Newsletter, site: Site, reach: Settings
) -> None:
    site.page("/feed", rss(item("een")))
    source = add_source(committed, newsletter_committed.id, site.at("/feed"), reach)
    committed.commit()
    engine = committed.get_bind()

    def meanwhile(handler: object) -> None:
        with engine.connect() as another:  # type: ignore[union-attr]
            another.execute(text("SET lock_timeout = '2s'"))
            another.execute(text("UPDATE source SET state = 'muted'"))
            another.commit()
        body = rss(item("twee")).encode()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)  # type: ignore[attr-defined]

    site.answers["/feed"] = Answer(meanwhile)
    assert refresh_source(committed, source.id, reach).new == 1
    committed.commit()
    committed.refresh(source)
    assert source.state is SourceState.MUTED


def test_a_source_that_is_not_there(session: Session, reach: Settings) -> None:
    with pytest.raises(NotFound):
        refresh_source(session, 999_999, reach)
