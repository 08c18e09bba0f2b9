"""Sources and files brought in, by page: nothing is fetched while somebody waits, and nothing broken is hidden."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.sources.models import Article, CapturedBy, FetchState, Source, SourceState
from tests.issues.rows import an_article

HTMX = {"HX-Request": "true"}
ATTACK = '"><svg onload=alert(1)>{{ 7331*1379 }}'
OPML = b"""<opml version="2.0"><body><outline text="Tech"><outline text="A" xmlUrl="https://a.example/feed"/></outline>
<outline text="&quot;&gt;&lt;svg onload=alert(1)&gt;" xmlUrl="javascript:alert(1)"/></body></opml>"""


@pytest.fixture
def editor(cast: Any, browser: Callable[..., Any]) -> Any:
    return browser(cast.editor)


def a_source(session: Session, newsletter: Any, name: str = "x", **fields: Any) -> Source:
    there = {"address": f"https://{name}.example/f", "address_key": f"{name}.example/f", "title": name.upper()}
    source = Source(newsletter_id=newsletter.id, **there | fields)
    session.add(source)
    session.flush()
    return source


def send(client: Any, data: bytes, name: str = "file") -> Any:
    return client.post(
        "/n/weekly/import", files={"file": (name, data)}, data={"csrf_token": client.csrf_token}, follow_redirects=False
    )


def test_adding_waits_for_nobody(session: Session, editor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curator.sources.asking.fetch", lambda *_, **__: pytest.fail("the page fetched"))
    headers = {**HTMX, "X-CSRF-Token": editor.csrf_token}
    panel = editor.post("/n/weekly/sources", data={"address": "news.example.org"}, headers=headers).text
    assert "looking for the first time" in panel and "waiting=1" in panel
    source = session.scalars(select(Source)).one()
    assert (source.address, source.fetched_at) == ("https://news.example.org", None)
    again = editor.post("/n/weekly/sources", data={"address": "news.example.org"}, headers=headers).text
    assert "already" in again and 'role="alert"' in again
    editor.post("/n/weekly/sources", data={"address": "http://news.example.org/"}, headers=headers)
    session.refresh(source)
    assert source.address == "http://news.example.org/", "one that never answered is corrected, not refused"
    assert editor.submit("/n/weekly/sources", address="b.example").headers["location"] == "/n/weekly/sources"


def test_what_a_source_brought_appears_when_it_was_looked_at(session: Session, cast: Any, editor: Any) -> None:
    source = a_source(session, cast.weekly)
    assert "hx-trigger" not in editor.get("/n/weekly/sources?waiting=1", headers=HTMX).headers
    source.fetched_at = source.succeeded_at = source.next_fetch_at
    session.flush()
    assert editor.get("/n/weekly/sources?waiting=1", headers=HTMX).headers["hx-trigger"] == "articles-came"
    assert "hx-trigger" not in editor.get("/n/weekly/sources", headers=HTMX).headers


def test_trouble_is_never_hidden(session: Session, cast: Any, editor: Any) -> None:
    for number in range(20):
        a_source(session, cast.weekly, f"well{number}", succeeded_at="2026-01-01", fetched_at="2026-01-01")
    a_source(session, cast.weekly, "zzz", failures=2, last_error=f"The site answers with {ATTACK}.")
    a_source(session, cast.weekly, "gone", state=SourceState.GONE, last_error="It was removed for good.")
    for path in ("/n/weekly/", "/n/weekly/sources"):
        page = editor.get(path).text
        assert "failed 2×: The site answers with" in page and "given up: It was removed for good." in page
        assert "<svg onload" not in page and "10109449" not in page
        assert page.index("GONE") < page.index("WELL0")
    assert "2 of 22 bring nothing" in editor.get("/n/weekly/sources").text


def test_the_page_has_the_state_of_each(session: Session, cast: Any, editor: Any) -> None:
    source = a_source(session, cast.weekly, folder="Tech / AI", succeeded_at="2026-01-01", fetched_at="2026-01-01")
    for number in range(6):
        an_article(session, cast.weekly, f"n{number}", source_id=source.id)
    page = editor.get("/n/weekly/sources").text
    assert "Tech / AI" in page and ">1.5<" in page and "1 Jan, " in page


def test_removing_keeps_the_articles(session: Session, cast: Any, editor: Any) -> None:
    source, foreign = a_source(session, cast.weekly), a_source(session, cast.other, "y")
    article = an_article(session, cast.weekly, source_id=source.id)
    assert editor.submit(f"/n/weekly/sources/{source.id}/remove").status_code == 303
    assert editor.submit(f"/n/weekly/sources/{foreign.id}/remove").status_code == 404
    session.expire_all()
    assert [one.id for one in session.scalars(select(Source))] == [foreign.id]
    assert article.source_id is None


def test_a_list_of_feeds_comes_in_and_goes_out(session: Session, cast: Any, editor: Any) -> None:
    page = send(editor, OPML, "mine.opml").text
    assert "<strong>1</strong> of 2 feeds" in page and "must start with http" in page
    assert "<svg onload" not in page
    a_source(session, cast.other, "y")
    answer = editor.get("/n/weekly/sources/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="weekly-sources.opml"'
    assert answer.text.count("xmlUrl") == 1 and '<outline text="Tech">' in answer.text
    assert "watched already" in send(editor, answer.content).text


def test_bookmarks_and_tables_become_candidates(session: Session, cast: Any, editor: Any) -> None:
    marks = b'<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><p><DT><A HREF="https://a.example/1">Een</A></DL>'
    assert "<strong>1</strong> of 1 links" in send(editor, marks, "bookmarks.html").text
    quoted = ATTACK.replace('"', '""')
    table = f'Titel;URL\n"{quoted}";https://b.example/2\nx;ftp://no\n'.encode()
    page = send(editor, table, "<svg>.csv").text
    assert "<strong>1</strong> of 2 links" in page and "1 cannot be used" in page and "ftp://no" in page
    assert "<svg" not in page.replace("<svg aria", "").replace("<svg class", "")
    found = session.scalars(select(Article).order_by(Article.id)).all()
    assert [(one.title, one.captured_by, one.fetch_state) for one in found] == [
        ("Een", CapturedBy.IMPORT, FetchState.WAITING),
        (ATTACK, CapturedBy.IMPORT, FetchState.WAITING),
    ]
    assert found[0].brought_by == "bookmarks.html"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "spreadsheet"),
        (b"<opml><body/></opml>", "no feed"),
        (b'<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml>&x;</opml>', "entities"),
        (b"<!DOCTYPE NETSCAPE-Bookmark-file-1>", "no link"),
        (b"x" * 20_000_001, "larger than 20 MB"),
    ],
)
def test_a_file_that_cannot_be_used_says_so(data: bytes, said: str, session: Session, editor: Any) -> None:
    answer = send(editor, data)
    assert answer.status_code == 422 and said in answer.text
    assert session.scalars(select(Article)).all() == []


def test_a_viewer_sees_and_changes_nothing(session: Session, cast: Any, browser: Callable[..., Any]) -> None:
    a_source(session, cast.weekly)
    viewer = browser(cast.viewer)
    page = viewer.get("/n/weekly/sources").text
    assert "X" in page and "/remove" not in page and "/import" not in page
    assert send(viewer, OPML).status_code == 403
