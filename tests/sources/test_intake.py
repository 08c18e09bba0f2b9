from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.issues.models import Newsletter
from curator.sources.dates import as_published
from curator.sources.intake import add_address, add_html, add_text
from curator.sources.models import Article, CapturedBy, FetchState, Triage

ZONE = "Europe/Amsterdam"
BODY = " ".join(f"Zin nummer {n} gaat over iets heel anders dan zin nummer {n * 7}." for n in range(40))
ADDRESS = "https://news.example.org/chips"
Rung = list[tuple[str, int]]


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Article)) or 0


@pytest.mark.samples
def test_a_pasted_article_is_a_row(session: Session, newsletter: Newsletter, samples: Path) -> None:
    text = (samples / "articles" / "mistral-datacenter.nl.txt").read_text()
    intake = add_text(session, newsletter.id, text, timezone=ZONE)
    assert (intake.outcome, intake.duplicate_of) == ("new", None)
    article = session.get_one(Article, intake.article.id, populate_existing=True)
    published = as_published(article)
    assert published is not None
    assert published.isoformat() == "2025-02-11T14:56:00+01:00"
    assert (article.captured_by, article.triage, article.fetch_state) == (
        CapturedBy.TEXT,
        Triage.CANDIDATE,
        FetchState.DONE,
    )
    assert (article.tags, article.language, article.address) == (["datacenter"], "nl", None)
    assert article.sketch is not None
    assert len(article.sketch) == 64


def test_the_same_words_are_one_article_of_a_newsletter(
    session: Session, newsletter: Newsletter, other: Newsletter
) -> None:
    first = add_text(session, newsletter.id, f"Een titel\n\n{BODY}", timezone=ZONE)
    again = add_text(session, newsletter.id, f"een Titel!\n\n{BODY}\n", timezone=ZONE)
    assert (again.outcome, again.article.id, again.duplicate_of) == ("same", first.article.id, first.article.id)
    assert add_text(session, other.id, f"Een titel\n\n{BODY}", timezone=ZONE).outcome == "new"
    assert count(session) == 2


def test_nearly_the_same_words_are_reported_not_merged(
    session: Session, newsletter: Newsletter, other: Newsletter
) -> None:
    elsewhere = add_text(session, other.id, f"Een titel\n\n{BODY}", timezone=ZONE)
    first = add_text(session, newsletter.id, f"Een titel\n\n{BODY}", timezone=ZONE)
    altered = add_text(session, newsletter.id, f"Een heel andere kop\n\n{BODY} En nog een slotzin.", timezone=ZONE)
    assert (altered.outcome, altered.duplicate_of) == ("new", first.article.id)
    assert altered.article.id not in (first.article.id, elsewhere.article.id)


def test_signs_that_mean_something_elsewhere_are_text(session: Session, newsletter: Newsletter) -> None:
    intake = add_text(session, newsletter.id, f"{{{{ 7*7 }}}} <script>alert(1)</script>\0\n\n{BODY}", timezone=ZONE)
    session.expire_all()
    assert intake.article.title == "{{ 7*7 }} <script>alert(1)</script>"


def test_five_megabytes_leave_nothing_behind(session: Session, newsletter: Newsletter) -> None:
    with pytest.raises(Invalid, match="500,000"):
        add_text(session, newsletter.id, "woord " * 900_000, timezone=ZONE)
    assert count(session) == 0


def test_pasted_html(session: Session, newsletter: Newsletter) -> None:
    html = f"<html><title>Een titel</title><body><article><p>{BODY}</p><p>{BODY}</p></article></body></html>"
    intake = add_html(session, newsletter.id, html, address=ADDRESS, timezone=ZONE)
    assert (intake.article.title, intake.article.address_key) == ("Een titel", "news.example.org/chips")
    assert intake.article.captured_by is CapturedBy.HTML
    assert add_html(session, newsletter.id, html, address=None, timezone=ZONE).outcome == "same"


@pytest.mark.parametrize(
    ("html", "address", "advice"),
    [
        ("<p>x</p>" * 30_000, None, "200 kB"),
        ("<html><body><div id=app></div></body></html>", None, "no article"),
        ("plain words", None, "no HTML"),
        ("<p>x</p>", "javascript:alert(1)", "web address"),
    ],
)
def test_html_that_cannot_be_used(
    html: str, address: str | None, advice: str, session: Session, newsletter: Newsletter
) -> None:
    with pytest.raises(Invalid, match=advice):
        add_html(session, newsletter.id, html, address=address, timezone=ZONE)


def test_pasted_html_without_a_title_is_called_by_its_first_sentence(session: Session, newsletter: Newsletter) -> None:
    html = "<p>Een fabriek gaat open. Zij biedt werk aan duizenden mensen in de regio, zegt de gemeente.</p>"
    article = add_html(session, newsletter.id, html, address=None, timezone="UTC").article
    assert article.title == "Een fabriek gaat open."


def test_an_address_waits_for_a_worker(session: Session, newsletter: Newsletter, rung: Rung) -> None:
    intake = add_address(session, newsletter.id, f"{ADDRESS}/?utm_source=x#part")
    article = intake.article
    assert (article.title, article.address) == (f"{ADDRESS}/", f"{ADDRESS}/")
    assert (article.fetch_state, article.captured_by) == (FetchState.WAITING, CapturedBy.ADDRESS)
    assert rung == [("sources.read_article", article.id)]
    again = add_address(session, newsletter.id, "http://www.news.example.org/chips?fbclid=1")
    assert (again.outcome, again.duplicate_of) == ("same", article.id)
    assert len(rung) == 1


def test_an_address_that_failed_is_tried_again(session: Session, newsletter: Newsletter, rung: Rung) -> None:
    article = add_address(session, newsletter.id, ADDRESS).article
    article.fetch_state, article.fetch_error = FetchState.FAILED, "The site has no page at this address."
    session.flush()
    assert add_address(session, newsletter.id, ADDRESS).article.fetch_state is FetchState.WAITING
    assert rung == [("sources.read_article", article.id)] * 2


def test_pasting_fills_an_address_that_could_not_be_read(session: Session, newsletter: Newsletter, rung: Rung) -> None:
    article = add_address(session, newsletter.id, ADDRESS).article
    article.fetch_state = FetchState.FAILED
    session.flush()
    html = f"<html><title>Een titel</title><body><article><p>{BODY}</p></article></body></html>"
    intake = add_html(session, newsletter.id, html, address=ADDRESS, timezone=ZONE)
    assert (intake.outcome, intake.article.id) == ("same", article.id)
    assert (article.title, article.fetch_state, article.words > 100) == ("Een titel", FetchState.DONE, True)


def test_an_unknown_newsletter_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        add_address(session, 999_999, ADDRESS)
    with pytest.raises(NotFound):
        add_text(session, 999_999, f"Een titel\n\n{BODY}", timezone=ZONE)
