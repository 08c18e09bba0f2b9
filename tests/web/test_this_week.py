"""This week: what the list shows, triage and placing by form and by script, capture of every kind, sources."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from curator.issues.compose import add_item, create_issue
from curator.issues.models import IssueState
from curator.reports.picks import learn_taste
from curator.sources.likeness import compare_due
from curator.sources.models import Article, CapturedBy, FetchState, SavedFilter, Source, SourceState, Triage
from curator.web.desk.capture import MOST_CHARACTERS, Pasted, judge
from curator.web.desk.this_week import AT_ONCE
from tests.issues.rows import an_article

JSON = {"Accept": "application/json", "HX-Request": "true"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def editor(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.editor)


def _post(client: Any, path: str, headers: dict[str, str] = JSON, **fields: str) -> Any:
    return client.post(
        path, data=fields, headers={**headers, "X-CSRF-Token": client.csrf_token}, follow_redirects=False
    )


def test_an_empty_week_says_what_to_do(editor: Any) -> None:
    page = editor.get("/n/weekly/")
    assert page.status_code == 200
    assert "Paste an address" in page.text
    assert "No issue in the making" in page.text


def test_titles_print_literally_and_nothing_runs(session: Session, cast: Any, editor: Any) -> None:
    attack = '"><svg onload=alert(1)>{{ 7331*1379 }}'
    an_article(session, cast.weekly, title=attack, site=attack, quote=attack, tags=[attack], author=attack)
    session.add(Source(newsletter_id=cast.weekly.id, address="https://x.example", address_key="x", title=attack))
    create_issue(session, cast.weekly.id, attack)
    page = editor.get("/n/weekly/").text
    assert "<svg onload" not in page
    assert "{{ 7331*1379 }}" in page
    assert "10109449" not in page


def test_articles_of_another_newsletter_are_not_there(session: Session, cast: Any, editor: Any) -> None:
    other = an_article(session, cast.other, title="Elsewhere")
    assert "Elsewhere" not in editor.get("/n/weekly/").text
    for path, fields in (
        (f"/n/weekly/articles/{other.id}/triage", {"triage": "starred"}),
        (f"/n/weekly/articles/{other.id}/read", {}),
    ):
        assert _post(editor, path, **fields).status_code == 404
    assert editor.get(f"/n/weekly/articles/{other.id}").status_code == 404
    session.refresh(other)
    assert other.triage == Triage.CANDIDATE


def test_triage_by_form_comes_back_to_the_list(session: Session, cast: Any, editor: Any) -> None:
    article = an_article(session, cast.weekly)
    answer = editor.submit(f"/n/weekly/articles/{article.id}/triage", triage="starred")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/n/weekly/#article-{article.id}")


def test_an_unknown_triage_or_list_is_refused(session: Session, cast: Any, editor: Any) -> None:
    article = an_article(session, cast.weekly)
    assert _post(editor, f"/n/weekly/articles/{article.id}/triage", triage="burnt").status_code == 422
    assert editor.get("/n/weekly/?show=burnt").status_code == 404


def test_a_viewer_reads_and_changes_nothing(session: Session, cast: Any, browser: Callable[..., Any]) -> None:
    viewer, article = browser(cast.viewer), an_article(session, cast.weekly)
    page = viewer.get("/n/weekly/")
    assert article.title in page.text
    assert 'id="words"' not in page.text
    assert _post(viewer, f"/n/weekly/articles/{article.id}/triage", triage="starred").status_code == 403
    assert _post(viewer, "/n/weekly/capture", words="https://example.org/a").status_code == 403


def test_a_post_without_the_token_is_refused(session: Session, cast: Any, editor: Any) -> None:
    article = an_article(session, cast.weekly)
    refused = editor.post(f"/n/weekly/articles/{article.id}/triage", data={"triage": "starred"}, headers=JSON)
    assert refused.status_code == 403
    session.refresh(article)
    assert article.triage == Triage.CANDIDATE


def test_what_was_published_says_in_which_issue(session: Session, cast: Any, editor: Any) -> None:
    article, issue = an_article(session, cast.weekly), create_issue(session, cast.weekly.id, "S")
    add_item(session, issue.id, article.id, "Kort")
    assert "published in issue" not in editor.get("/n/weekly/").text
    issue.state, issue.sent_at = IssueState.SENT, datetime(2026, 3, 12, 9, tzinfo=UTC)
    session.flush()
    page = editor.get("/n/weekly/").text
    assert 'href="/n/weekly/issues/1">published in issue 1, 12 March 2026</a>' in page


def test_a_story_is_shown_once_with_the_others_behind_it(session: Session, cast: Any, editor: Any) -> None:
    sketch = list(range(64))
    one = an_article(session, cast.weekly, "one", sketch=sketch, site="Here", is_free=False)
    two = an_article(session, cast.weekly, "two", sketch=[*range(40), *range(900, 924)], site="There", is_free=True)
    an_article(session, cast.weekly, "three", sketch=list(range(2000, 2064)), site="Nowhere")
    compare_due(session)
    page = editor.get("/n/weekly/").text
    assert page.count('<li class="find"') == 2
    assert "Same story, 2 articles from 2 sites · no paywall here" in page
    assert f'id="article-{two.id}"' in page  # anybody may read it
    assert f'data-other="{one.id}"' in page
    assert editor.submit(f"/n/weekly/articles/{one.id}/choose").status_code == 303
    page = editor.get("/n/weekly/").text
    assert f'id="article-{one.id}"' in page
    assert "no paywall at <bdi>There" in page
    assert editor.submit(f"/n/weekly/articles/{two.id}/apart/{one.id}").status_code == 303
    assert editor.get("/n/weekly/").text.count('<li class="find"') == 3


def test_a_row_can_be_asked_for_with_its_story(session: Session, cast: Any, editor: Any) -> None:
    one = an_article(session, cast.weekly, "one", sketch=list(range(64)))
    two = an_article(session, cast.weekly, "two", sketch=list(range(64)), is_free=True)
    compare_due(session)
    path = f"/n/weekly/articles/{one.id}"
    assert f'id="article-{one.id}"' in editor.get(path, headers=HTMX).text
    assert f'id="article-{two.id}"' in editor.get(f"{path}?story=true", headers=HTMX).text


def test_order_and_reason(session: Session, cast: Any, editor: Any) -> None:
    now = datetime.now(UTC)
    for name, age in (("zeta", 1), ("alfa", 5)):
        an_article(session, cast.weekly, name, site=name, published_at=now - timedelta(days=age))
    for number in range(8):
        an_article(session, cast.weekly, f"p{number}", site="alfa", triage=Triage.STARRED)
        an_article(session, cast.weekly, f"s{number}", site="zeta", triage=Triage.DISMISSED)
    learn_taste(session, cast.weekly.id)
    suggested, newest, source = (
        editor.get(f"/n/weekly/?order={order}&q=over").text for order in ("suggested", "newest", "source")
    )
    assert "learning: 8 of 50" in suggested
    assert "a source you often use" in suggested
    assert "learning:" not in newest
    places = [page.index("Over zeta") < page.index("Over alfa") for page in (suggested, newest, source)]
    assert places == [False, True, False]
    assert editor.get("/n/weekly/?order=by-magic").status_code == 404


def test_after_enough_picks_words_are_the_reason(session: Session, cast: Any, editor: Any) -> None:
    for number in range(60):
        is_pick = number < 50
        words = "rekenkracht datacenter" if is_pick else "voetbal horoscoop"
        triage = Triage.STARRED if is_pick else Triage.DISMISSED
        an_article(session, cast.weekly, f"n{number}", title=words, summary="", triage=triage)
    learn_taste(session, cast.weekly.id)
    an_article(session, cast.weekly, "sport", title="Voetbal", summary="", site="Elders")
    an_article(session, cast.weekly, "power", title="Rekenkracht is schaars", summary="", site="Elders")
    page = editor.get("/n/weekly/?q=a&days=30").text
    assert "learning:" not in page
    assert "<em>rekenkracht</em>" in page
    assert "<em>voetbal</em>" not in page
    assert page.index("Rekenkracht is schaars") < page.index(">Voetbal<")


def test_filters_choose_and_are_saved(session: Session, cast: Any, editor: Any) -> None:
    an_article(session, cast.weekly, "chips", language="nl")
    an_article(session, cast.weekly, "cables", language="en")
    page = editor.get("/n/weekly/?language=en").text
    assert ("Over cables" in page, "Over chips" in page) == (True, False)
    answer = editor.submit("/n/weekly/filters", name="English", language="en")
    assert answer.headers["location"] == "/n/weekly/?language=en"
    assert 'href="/n/weekly/?language=en"' in editor.get("/n/weekly/").text
    assert "Choose something first" in editor.submit("/n/weekly/filters", name="All").text
    saved = session.scalars(select(SavedFilter)).one()
    assert editor.submit(f"/n/weekly/filters/{saved.id}/remove").status_code == 303
    assert session.scalars(select(SavedFilter)).all() == []


def test_the_number_of_questions_does_not_grow(session: Session, cast: Any, editor: Any) -> None:
    create_issue(session, cast.weekly.id, "S")

    def asked() -> int:
        statements: list[str] = []

        def note(*about: Any) -> None:
            statements.append(about[2])

        event.listen(session.connection(), "before_cursor_execute", note)
        session.expire_all()
        assert editor.get("/n/weekly/").status_code == 200
        event.remove(session.connection(), "before_cursor_execute", note)
        return len(statements)

    for number in range(3):
        an_article(session, cast.weekly, f"a{number}", sketch=list(range(64)))
    compare_due(session)
    few = asked()
    for number in range(60):
        an_article(session, cast.weekly, f"b{number}", sketch=list(range(number // 2 * 99, number // 2 * 99 + 64)))
    compare_due(session)
    assert asked() == few
    assert few < 40


def test_searching_gives_only_the_list(session: Session, cast: Any, editor: Any) -> None:
    an_article(session, cast.weekly, "chips")
    an_article(session, cast.weekly, "cables")
    answer = editor.get("/n/weekly/?q=cables", headers={**HTMX, "HX-Target": "finds"})
    assert "Over cables" in answer.text
    assert "Over chips" not in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("", Pasted.NOTHING),
        ("   \n ", Pasted.NOTHING),
        ("https://example.org/a?b=c", Pasted.ADDRESS),
        ("example.org/story", Pasted.ADDRESS),
        ("https://example.org/feed.xml", Pasted.FEED),
        ("https://example.org/rss", Pasted.FEED),
        ("https://example.org/feed/", Pasted.FEED),
        ("https://example.org/feedback", Pasted.ADDRESS),
        ("https://feedly.example/story", Pasted.ADDRESS),
        ("<p>One</p><p>Two</p>", Pasted.HTML),
        ("<p>" + "words " * 40 + "</p>", Pasted.HTML),
        ("<h4>A title</h4>" + "words " * 40, Pasted.HTML),
        ("\ufeff<!DOCTYPE html><title>A title</title><body>" + "words " * 40, Pasted.HTML),
        ("<p> is the tag that " + "begins paragraphs " * 40, Pasted.TEXT),
        ("https://example.org/a\nhttps://example.org/b\n", Pasted.ADDRESSES),
        ("https://example.org/a\n\n" + "words " * 40, Pasted.TEXT),
        ("junk", Pasted.TOO_SHORT),
        ("\x00\x01\x02", Pasted.TOO_SHORT),
        ("A title\n" + "words " * 40, Pasted.TEXT),
        ("x" * (MOST_CHARACTERS + 1), Pasted.TOO_LONG),
    ],
)
def test_what_was_pasted_is_judged(words: str, kind: Pasted) -> None:
    assert judge(words) == kind


def test_an_address_becomes_a_waiting_row_at_once(session: Session, editor: Any) -> None:
    answer = _post(editor, "/n/weekly/capture", HTMX, words="https://news.example.org/story?utm_source=x")
    assert answer.status_code == 200
    assert "Reading the page" in answer.text
    assert 'hx-trigger="look"' in answer.text
    article = session.scalars(select(Article)).one()
    assert article.fetch_state == FetchState.WAITING
    article.fetch_state, article.title = FetchState.DONE, "The story"
    session.flush()
    row = editor.get(f"/n/weekly/articles/{article.id}").text
    assert "The story" in row
    assert 'hx-trigger="look"' not in row


def test_the_same_address_again_points_at_the_row(session: Session, editor: Any) -> None:
    _post(editor, "/n/weekly/capture", HTMX, words="https://news.example.org/story")
    again = _post(editor, "/n/weekly/capture", HTMX, words="http://www.news.example.org/story/")
    assert again.headers["hx-reswap"] == "none"
    assert "You have this one already" in again.text
    assert len(session.scalars(select(Article)).all()) == 1


def test_an_address_that_failed_says_why_and_can_be_read_again(session: Session, cast: Any, editor: Any) -> None:
    article = an_article(session, cast.weekly, fetch_state=FetchState.FAILED, fetch_error="It timed out.")
    assert "It timed out." in editor.get("/n/weekly/").text
    assert "Reading the page" in _post(editor, f"/n/weekly/articles/{article.id}/read", HTMX).text


def test_the_sample_article_is_read_as_text(session: Session, editor: Any, samples: Path) -> None:
    words = (samples / "articles" / "mistral-datacenter.nl.txt").read_text()
    answer = _post(editor, "/n/weekly/capture", HTMX, words=words)
    article = session.scalars(select(Article)).one()
    assert article.captured_by == CapturedBy.TEXT
    assert (article.language, article.tags) == ("nl", ["datacenter"])
    assert article.title in answer.text


def test_five_megabytes_and_junk_get_a_message_and_no_row(session: Session, editor: Any) -> None:
    answer = _post(editor, "/n/weekly/capture", HTMX, words="x y " * 1_250_000)
    assert answer.status_code == 413
    assert "at most 1 MB" in answer.text
    assert "at most 400,000" in _post(editor, "/n/weekly/capture", HTMX, words="x y " * 125_000).text
    assert answer.headers["hx-retarget"] == "#notices"
    assert "neither an address nor an article" in _post(editor, "/n/weekly/capture", HTMX, words="junk").text
    assert session.scalars(select(Article)).all() == []


def test_a_feed_address_offers_both_ways(session: Session, editor: Any) -> None:
    answer = _post(editor, "/n/weekly/capture", HTMX, words="https://example.org/feed.xml")
    assert "Watch it" in answer.text
    assert session.scalars(select(Article)).all() == []
    _post(editor, "/n/weekly/capture", HTMX, words="https://example.org/feed.xml", article="true")
    assert session.scalars(select(Article)).one().address == "https://example.org/feed.xml"


def test_a_source_that_is_none_is_said_beside_the_field(session: Session, editor: Any) -> None:
    answer = _post(editor, "/n/weekly/sources", HTMX, address="nothing at all")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert 'value="nothing at all"' in answer.text
    assert session.scalars(select(Source)).all() == []


def test_sources_are_muted_and_heard_again(session: Session, cast: Any, editor: Any) -> None:
    source = Source(newsletter_id=cast.weekly.id, address="https://x.example/f", address_key="x.example/f", title="X")
    foreign = Source(newsletter_id=cast.other.id, address="https://y.example/f", address_key="y.example/f", title="Y")
    session.add_all([source, foreign])
    session.flush()
    article = an_article(session, cast.weekly, source_id=source.id)
    starred = an_article(session, cast.weekly, "starred", source_id=source.id, triage=Triage.STARRED)
    assert "muted" in _post(editor, f"/n/weekly/sources/{source.id}/mute", HTMX).text
    page = editor.get("/n/weekly/").text
    assert (f'id="article-{article.id}"' in page, f'id="article-{starred.id}"' in page) == (False, True)
    assert "looking for the first time" in _post(editor, f"/n/weekly/sources/{source.id}/unmute", HTMX).text
    assert _post(editor, f"/n/weekly/sources/{foreign.id}/mute", HTMX).status_code == 404
    session.refresh(foreign)
    assert foreign.state == SourceState.ACTIVE


def test_a_row_opened_as_a_page_leads_to_the_list(session: Session, cast: Any, editor: Any) -> None:
    article = an_article(session, cast.weekly, "a")
    path = f"/n/weekly/articles/{article.id}"
    assert editor.get(path, follow_redirects=False).headers["location"] == f"/n/weekly/#article-{article.id}"
    assert editor.get(path, headers=HTMX).text.lstrip().startswith("<li")


def test_a_part_is_never_kept_as_the_page(editor: Any) -> None:
    for headers in ({}, {**HTMX, "HX-Target": "finds"}):
        answer = editor.get("/n/weekly/", headers=headers)
        assert "HX-Target" in answer.headers["vary"]
        assert answer.headers["cache-control"] == "private, no-cache"


def test_a_long_list_comes_in_two_parts_without_losing_any(session: Session, cast: Any, editor: Any) -> None:
    ids = {str(an_article(session, cast.weekly, f"n{number}").id) for number in range(AT_ONCE + 12)}
    first = editor.get("/n/weekly/").text
    rest = re.search(r'id="find-rest" class="find-rest" hx-get="([^"]+)"', first)
    assert rest is not None
    address = rest[1].replace("&amp;", "&")
    shown = set(re.findall(r'data-article="(\d+)"', first))
    assert len(shown) == AT_ONCE
    gone = next(iter(shown))
    _post(editor, f"/n/weekly/articles/{gone}/triage", triage="dismissed")
    others = editor.get(address, headers={**HTMX, "HX-Target": "find-rest"}).text
    assert set(re.findall(r'data-article="(\d+)"', others)) == ids - shown
    assert "find-rest" not in editor.get("/n/weekly/?whole=true").text


def test_a_list_that_is_cut_says_so(session: Session, cast: Any, editor: Any, monkeypatch: Any) -> None:
    """More candidates are counted than are shown: an editor who reaches the end must not think that she is done."""
    monkeypatch.setattr("curator.web.desk.week_list.SHOWN", 2)
    for number in range(2):
        an_article(session, cast.weekly, f"n{number}")
    assert "finds-cut" not in editor.get("/n/weekly/").text
    an_article(session, cast.weekly, "n2")
    page = editor.get("/n/weekly/").text
    assert (page.count("data-article="), "finds-cut" in page) == (2, True)
