import time
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, text
from sqlalchemy.orm import Session

from curator.errors import FetchFailed, NotFound
from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources import reading
from curator.sources.dates import as_published
from curator.sources.effort import bounded_effort
from curator.sources.fetch import Fetched, fetch
from curator.sources.intake import add_address, add_text, read_article
from curator.sources.models import Article, CapturedBy, FetchState, Picture
from curator.sources.reading import due_articles
from curator.sources.record import find_duplicate
from tests.sources.site import Answer, Site

BODY = " ".join(f"Zin nummer {n} gaat over iets heel anders dan zin nummer {n * 7}." for n in range(40))


def page(title: str = "Chips in het oosten", head: str = "", body: str = BODY) -> str:
    article = f"<article><p>{body}</p><p>{body[:300]}</p></article>"
    return f'<html lang="nl"><head><title>{title}</title>{head}</head><body><main>{article}</main></body></html>'


def jpeg(size: tuple[int, int] = (600, 400)) -> bytes:
    target = BytesIO()
    Image.new("RGB", size, (10, 90, 160)).save(target, "JPEG")
    return target.getvalue()


def test_page_and_picture_fill_the_row(session: Session, newsletter: Newsletter, site: Site, reach: Settings) -> None:
    site.page("/p.jpg", jpeg(), kind="image/jpeg")
    stated = "2025-02-11T14:56:00"
    head = f'<meta property="og:image" content="/p.jpg"><meta property="article:published_time" content="{stated}">'
    article = add_address(session, newsletter.id, site.page("/chips?utm_source=x", page(head=head))).article
    site.page("/chips", page(head=head))
    read = read_article(session, article.id, reach)
    assert read is article
    assert (read.title, read.fetch_state, read.fetch_error) == ("Chips in het oosten", FetchState.DONE, None)
    assert (read.language, read.site) == ("nl", "127.0.0.1")
    assert read.words > 400
    published = as_published(read)
    assert published is not None
    assert published.isoformat() == "2025-02-11T14:56:00+01:00"
    assert session.get_one(Picture, read.picture_id).width == 600
    assert site.paths() == ["/chips", "/p.jpg"]


def test_slow_pictures_share_the_time_of_one_address(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def slow(address: str, **how: Any) -> Fetched:
        if not address.endswith(".jpg"):
            return fetch(address, **how)
        given.append(how["settings"].fetch_seconds)
        time.sleep(0.3)
        raise FetchFailed("The site answers too slowly.")

    monkeypatch.setattr(reading, "fetch", slow)
    stated = "".join(f'<img src="/{n}.jpg" width="900" height="600">' for n in range(3))
    article = add_address(session, newsletter.id, site.page("/chips", page(body=f"{stated}{BODY}"))).article
    quick = reach.model_copy(update={"fetch_seconds": 0.5})
    assert read_article(session, article.id, quick).fetch_state is FetchState.DONE
    assert [round(seconds, 1) for seconds in given] == [0.5, 0.2]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may hit a callback first
@pytest.mark.parametrize("too_long", ["page", "picture"])
def test_what_takes_too_long_to_read_is_given_up(
    session: Session,
    newsletter: Newsletter,
    site: Site,
    reach: Settings,
    monkeypatch: pytest.MonkeyPatch,
    too_long: str,
) -> None:
    def never_ends(*_: object, **__: object) -> None:
        while True:
            pass

    seconds = iter([0.2] if too_long == "page" else [60.0, 0.2])
    monkeypatch.setattr(reading, "bounded_effort", lambda: bounded_effort(next(seconds)))
    monkeypatch.setattr(reading, "read_page" if too_long == "page" else "encode_again", never_ends)
    site.page("/p.jpg", jpeg(), kind="image/jpeg")
    head = '<meta property="og:image" content="/p.jpg">'
    article = add_address(session, newsletter.id, site.page("/chips", page(head=head))).article
    read = read_article(session, article.id, reach)
    assert read.picture_id is None
    state = (read.fetch_state, "too long to read" in (read.fetch_error or ""), read.words > 0)
    assert state == ((FetchState.FAILED, True, False) if too_long == "page" else (FetchState.DONE, False, True))


@pytest.mark.parametrize(
    ("head", "named", "status", "taken"),
    [
        ("", "/feed.jpg", 200, "/feed.jpg"),
        ('<meta property="og:image" content="/page.jpg">', "/feed.jpg", 200, "/page.jpg"),
        ('<meta property="og:image" content="/none.jpg">', "/feed.jpg", 200, "/feed.jpg"),
        ("", "/feed.jpg", 402, "/feed.jpg"),
        ("", "/logo.jpg", 200, None),
        ("", "/small.jpg", 200, None),
    ],
)
def test_the_feeds_picture_is_the_last_choice(
    session: Session,
    newsletter: Newsletter,
    site: Site,
    reach: Settings,
    head: str,
    named: str,
    status: int,
    taken: str | None,
) -> None:
    sizes = {"/feed.jpg": (610, 400), "/page.jpg": (620, 400), "/logo.jpg": (630, 400), "/small.jpg": (90, 90)}
    pictures = {path: site.page(path, jpeg(size), kind="image/jpeg") for path, size in sizes.items()}
    article = add_address(session, newsletter.id, site.page("/a", page(head=head), status=status)).article
    article.feed_picture = pictures[named]
    session.flush()
    read = read_article(session, article.id, reach)
    found = session.get(Picture, read.picture_id) if read.picture_id else None
    assert (found.width if found else None) == (sizes[taken][0] if taken else None)


def test_the_feeds_picture_is_fetched_as_guarded_as_any(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    article = add_address(session, newsletter.id, site.page("/a", page())).article
    article.feed_picture = "http://169.254.169.254/latest.jpg"
    session.flush()
    read = read_article(session, article.id, reach)
    assert (read.picture_id, read.fetch_state, site.paths()) == (None, FetchState.DONE, ["/a"])


def test_words_that_came_with_a_feed_get_its_picture_without_the_page(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    article = add_text(session, newsletter.id, f"Uit de feed\n\n{BODY[:400]}", timezone="UTC").article
    article.address, article.feed_picture = site.at("/a"), site.page("/p.jpg", jpeg(), kind="image/jpeg")
    article.picture_alt = "Een wafer onder een lamp"
    session.flush()
    read = read_article(session, article.id, reach)
    assert session.get_one(Picture, read.picture_id).width == 600
    assert (read.title, read.picture_alt, read.feed_picture) == ("Uit de feed", "Een wafer onder een lamp", None)
    read_article(session, article.id, reach)
    assert site.paths() == ["/p.jpg"]


def test_a_picture_that_cannot_be_used_is_tried_once(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    article = add_text(session, newsletter.id, f"Uit de feed\n\n{BODY[:400]}", timezone="UTC").article
    article.feed_picture, article.picture_alt = site.page("/p.svg.jpg", b"<svg/>", kind="image/jpeg"), "Een tekening"
    session.flush()
    for _ in range(2):
        read = read_article(session, article.id, reach)
        assert (read.picture_id, read.picture_alt, read.feed_picture) == (None, "", None)
    assert site.paths() == ["/p.svg.jpg"]


def test_what_somebody_marked_stays_the_quote(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    address = site.page("/a", page())
    article = add_address(session, newsletter.id, address, title="Voorlopig", quote="Zin nummer 3\n gaat over.").article
    assert (article.title, article.quote) == ("Voorlopig", "Zin nummer 3 gaat over.")
    read = read_article(session, article.id, reach)
    assert (read.title, read.quote, read.words > 400) == ("Chips in het oosten", "Zin nummer 3 gaat over.", True)
    assert add_address(session, newsletter.id, address, quote="Een andere zin.").article.quote == "Een andere zin."


def test_what_was_read_is_not_read_again(session: Session, newsletter: Newsletter, site: Site, reach: Settings) -> None:
    article = add_address(session, newsletter.id, site.page("/a", page())).article
    read_article(session, article.id, reach)
    read_article(session, article.id, reach)
    pasted = add_text(session, newsletter.id, f"Een titel\n\n{BODY[:400]}", timezone="UTC").article
    assert read_article(session, pasted.id, reach) is pasted
    assert site.paths() == ["/a"]


@pytest.mark.parametrize(
    ("status", "kind", "body", "said"),
    [
        (404, "text/html", "x", "no page at this address"),
        (402, "text/html", "x", "subscribers"),
        (500, "text/html", "x", "status 500"),
        (200, "application/pdf", "%PDF-1.7", "application/pdf"),
        (200, "text/html", "just words", "no HTML"),
        (200, "text/html", "<html><title>App</title><body><div id=app></div></body></html>", "no article text"),
        (200, "text/html", "<p>" * 1_700_000, "larger than 5 MB"),
    ],
)
def test_a_failure_is_noted_with_what_to_do(
    status: int, kind: str, body: str, said: str, session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    address = site.page("/a", body, kind=kind, status=status)
    article = read_article(session, add_address(session, newsletter.id, address).article.id, reach)
    assert article.fetch_state is FetchState.FAILED
    assert said in (article.fetch_error or "")
    assert article.title in (address, "App")


def test_an_address_that_times_out(session: Session, newsletter: Newsletter, site: Site, reach: Settings) -> None:
    def silent(handler: object) -> None:
        handler.connection.recv(1)  # type: ignore[attr-defined]

    site.answers["/slow"] = Answer(silent)
    article = add_address(session, newsletter.id, site.at("/slow")).article
    read_article(session, article.id, reach.model_copy(update={"fetch_seconds": 0.3}))
    assert (article.fetch_state, article.title) == (FetchState.FAILED, site.at("/slow"))
    assert "cannot be reached" in (article.fetch_error or "")


def test_private_addresses_are_not_fetched(
    session: Session, newsletter: Newsletter, site: Site, settings: Settings
) -> None:
    article = read_article(session, add_address(session, newsletter.id, site.page("/a", page())).article.id, settings)
    assert (article.fetch_state, site.asked) == (FetchState.FAILED, [])


@pytest.mark.parametrize("picture", [b"<svg onload=alert(1)>", jpeg((60, 60)), b""])
def test_an_article_does_without_an_unusable_picture(
    picture: bytes, session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    site.page("/p", picture)
    address = site.page("/a", page(head='<meta property="og:image" content="/p">'))
    article = read_article(session, add_address(session, newsletter.id, address).article.id, reach)
    assert (article.fetch_state, article.picture_id) == (FetchState.DONE, None)


def test_the_next_picture_is_tried_and_comes_with_its_description(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    site.page("/tiny.jpg", jpeg((60, 60)), kind="image/jpeg")
    site.page("/real.jpg", jpeg((1300, 700)), kind="image/jpeg")
    image = '<img src="/real.jpg" width="900" height="600" alt="Een wafel vol chips">'
    address = site.page("/a", page(head='<meta property="og:image" content="/tiny.jpg">', body=image + BODY))
    article = read_article(session, add_address(session, newsletter.id, address).article.id, reach)
    picture = session.get_one(Picture, article.picture_id)
    assert (picture.width, article.picture_alt) == (1200, "Een wafel vol chips")
    assert picture.small is not None
    assert site.paths() == ["/a", "/tiny.jpg", "/real.jpg"]


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data.jpg",
        "http://[::ffff:10.0.0.1]/a.jpg",
        "http://2130706433/a.jpg",
        "http://user:pass@127.0.0.1/a.jpg",
        "ftp://127.0.0.1/a.jpg",
        "file:///etc/passwd",
    ],
)
def test_a_picture_inside_a_network_is_not_fetched_and_costs_nothing(
    address: str, session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    address = site.page("/a", page(head=f'<meta property="og:image" content="{address}">'))
    article = read_article(session, add_address(session, newsletter.id, address).article.id, reach)
    assert (article.fetch_state, article.picture_id) == (FetchState.DONE, None)
    assert site.paths() == ["/a"]


def test_a_picture_that_leads_into_a_network_is_not_followed(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    site.redirect("/p.jpg", "http://10.0.0.1/p.jpg")
    address = site.page("/a", page(head='<meta property="og:image" content="/p.jpg">'))
    article = read_article(session, add_address(session, newsletter.id, address).article.id, reach)
    assert (article.fetch_state, article.picture_id) == (FetchState.DONE, None)


def test_a_feed_knows_its_own_titles_and_a_failing_page_costs_nothing(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    def waiting(path: str) -> Article:
        article = Article(
            newsletter_id=newsletter.id, captured_by=CapturedBy.FEED, address=site.at(path), address_key=path,
            title="Titel van de feed", author="Anna", body_html="<p>Kort.</p>", body_text="Kort.", summary="Kort.",
            words=1, fetch_state=FetchState.WAITING,
        )  # fmt: skip
        session.add(article)
        session.flush()
        return read_article(session, article.id, reach)

    site.page("/good", page())
    good, gone = waiting("/good"), waiting("/gone")
    assert (good.title, good.author, good.words > 400) == ("Titel van de feed", "Anna", True)
    assert (gone.fetch_state, gone.body_text, gone.summary) == (FetchState.FAILED, "Kort.", "Kort.")


def test_a_redirect_to_an_article_we_have_stays_apart_and_is_reported(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    first = add_address(session, newsletter.id, site.page("/a", page())).article
    read_article(session, first.id, reach)
    second = add_address(session, newsletter.id, site.redirect("/short", "/a")).article
    key = second.address_key
    read_article(session, second.id, reach)
    assert (second.fetch_state, second.address, second.address_key) == (FetchState.DONE, site.at("/a"), key)
    assert second.content_hash is None
    assert find_duplicate(session, second) == first.id
    assert add_address(session, newsletter.id, site.at("/short")).article.id == second.id


def test_a_redirect_to_somewhere_new_becomes_the_address(
    session: Session, newsletter: Newsletter, site: Site, reach: Settings
) -> None:
    site.page("/end", page())
    article = add_address(session, newsletter.id, site.redirect("/start", "/end")).article
    read_article(session, article.id, reach)
    assert article.address_key == f"127.0.0.1:{site.port}/end"
    assert article.other_keys == [f"127.0.0.1:{site.port}/end", f"127.0.0.1:{site.port}/start"]
    again = add_address(session, newsletter.id, site.at("/start"))
    assert (again.outcome, again.article.id) == ("same", article.id)


def test_no_row_is_locked_while_the_network_is_waited_for(
    committed: Session, newsletter_committed: Newsletter, site: Site, reach: Settings
) -> None:
    """Another connection changes the article in the middle of the fetch, and its change stays."""
    article = add_address(committed, newsletter_committed.id, site.at("/a")).article
    committed.commit()
    engine = committed.get_bind()

    def meanwhile(handler: object) -> None:
        with engine.connect() as another:  # type: ignore[union-attr]
            another.execute(text("SET lock_timeout = '2s'"))
            another.execute(text("UPDATE article SET triage = 'starred' WHERE id = :id"), {"id": article.id})
            another.commit()
        body = page().encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
        handler.wfile.write(head.encode() + body)  # type: ignore[attr-defined]

    site.answers["/a"] = Answer(meanwhile)
    read_article(committed, article.id, reach)
    committed.commit()
    committed.refresh(article)
    assert (article.triage, article.fetch_state) == ("starred", FetchState.DONE)


def test_an_article_that_is_not_there(session: Session, reach: Settings) -> None:
    with pytest.raises(NotFound):
        read_article(session, 999_999, reach)


def test_forgotten_articles_are_found_one_per_host(session: Session, newsletter: Newsletter) -> None:
    def waiting(key: str, age: timedelta) -> int:
        article = Article(
            newsletter_id=newsletter.id, captured_by=CapturedBy.ADDRESS, title=key, address=key, address_key=key,
            fetch_state=FetchState.WAITING, created_at=func.now() - age,
        )  # fmt: skip
        session.add(article)
        session.flush()
        return article.id

    minutes = timedelta(minutes=1)
    first = waiting("a.example.org/1", 5 * minutes)
    waiting("a.example.org/2", 5 * minutes)
    waiting("c.example.org/fresh", minutes / 2)
    waiting("d.example.org/old", timedelta(days=2))
    third = waiting("b.example.org/3", 5 * minutes)
    assert due_articles(session) == [first, third]


def test_pictures_nobody_heard_of_come_after_pages(session: Session, newsletter: Newsletter) -> None:
    def recorded(key: str, **values: object) -> int:
        article = Article(
            newsletter_id=newsletter.id, captured_by=CapturedBy.FEED, title=key, address=key, address_key=key,
            created_at=func.now() - timedelta(minutes=5), **values,
        )  # fmt: skip
        session.add(article)
        session.flush()
        return article.id

    pictures = [recorded(f"a.example.org/{n}", feed_picture="https://a.example.org/p.jpg") for n in range(150)]
    recorded("b.example.org/tried")
    page = recorded("a.example.org/page", fetch_state=FetchState.WAITING)
    other = recorded("c.example.org/1", feed_picture="https://c.example.org/p.jpg")
    assert due_articles(session) == [page, other]
    session.get_one(Article, page).fetch_state = FetchState.DONE
    session.flush()
    assert due_articles(session) == [pictures[0], other]
