"""Files of links: bookmarks and tables, whatever is wrong with them, in bounded memory; what becomes of each row."""

import io
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.errors import Invalid
from curator.issues.models import Newsletter
from curator.sources.intake import Way
from curator.sources.link_files import MOST_LINKS, Link, is_bookmarks, links_in_rows, read_bookmarks
from curator.sources.link_import import import_links
from curator.sources.models import Article, CapturedBy, FetchState

Rung = list[tuple[str, int]]
WAY = Way(CapturedBy.IMPORT, "bookmarks.html")

BOOKMARKS = b"""<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8"><TITLE>Bookmarks</TITLE><H1>Bookmarks</H1><DL><p>
<DT><H3 ADD_DATE="1">Chips</H3><DL><p>
<DT><A HREF="https://a.example.org/1" ICON="data:image/png;base64,AA" TAGS="ai,chips">Een &amp; twee</A>
<DD>Beschrijving
<DT><A HREF="javascript:alert(1)">Button</A><DT><A HREF="place:sort=8">Recent</A>
<DT><A HREF="https://b.example.org/2">&lt;svg onload=alert(1)&gt;</A></DL><p></DL>"""


def bookmarks(data: bytes) -> list[Link]:
    return list(read_bookmarks(io.BytesIO(data)))


def test_bookmarks_with_titles_tags_and_lines() -> None:
    first, second = bookmarks(BOOKMARKS)
    assert first == Link(4, "https://a.example.org/1", "Een & twee", tags=("ai", "chips"))
    assert (second.address, second.title) == ("https://b.example.org/2", "<svg onload=alert(1)>")
    assert is_bookmarks(BOOKMARKS) and not is_bookmarks(b"url,title\n")


def test_any_page_of_links_will_do() -> None:
    page = b'\xef\xbb\xbf<!DOCTYPE html><html><h1>Later</h1><ul><li><a href="https://a.example/1" tags="x">Een</a></ul>'
    assert is_bookmarks(page) and not is_bookmarks(b"<!DOCTYPE html><p>No link</p>")
    assert bookmarks(page) == [Link(1, "https://a.example/1", "Een", tags=("x",))]


def test_bookmarks_are_read_piece_by_piece() -> None:
    class Endless(io.RawIOBase):
        left = 12

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return (b'<DT><A HREF="https://a.example.org/%d">x</A>\n' % self.left) * 1_400 if self.left else b""

    tracemalloc.start()
    count = sum(1 for _ in read_bookmarks(Endless()))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 11 * 1_400
    assert peak < 8_000_000


def test_a_letter_cut_in_two_by_a_piece_is_whole() -> None:
    padding = b"<!--" + b"x" * (65_536 - 48) + b"-->"
    page = padding + '<DT><A HREF="https://a.example.org/1">ééééééééééééééé</A>'.encode()
    assert bookmarks(page)[0].title == "é" * 15
    assert bookmarks(b" " + page)[0].title == "é" * 15


def test_a_tag_without_end_is_refused_before_it_is_kept() -> None:
    with pytest.raises(Invalid, match="no end"):
        bookmarks(b"<DL><DT><A HREF='" + b"x" * 1_000_000)


def rows(*cells: list[str]) -> Iterator[tuple[int, list[str], str]]:
    return ((number, row, "") for number, row in enumerate(cells, 1))


@pytest.mark.parametrize("piece", [b"<!--", b"<a x=", b"</", b"<![CDATA["])
def test_unfinished_tags_at_the_end_are_not_looked_through_one_by_one(piece: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Invalid, match="no end"):
        bookmarks(b"<DL><DT>" + (piece * 120_000)[:120_000])
    assert time.process_time() - began < 1.5


def test_a_file_of_nothing_but_tags_is_refused() -> None:
    with pytest.raises(Invalid, match="more tags"):
        bookmarks(b"<DL><DT>" + b"<" * 600_000)


@pytest.mark.parametrize(
    ("table", "links"),
    [
        ([["https://a.example/1", "A"]], [Link(1, "https://a.example/1", "A")]),
        ([["A", "https://a.example/1"], ["nothing"]], [
            Link(1, "https://a.example/1", "A"), Link(2, "nothing", problem="There is no web address on this line."),
        ]),
        ([["Titel", "URL", "Tags", "Notes"], ["'=1+1", "a.example", "x, y", "q"]],
         [Link(2, "a.example", "=1+1", "q", ("x", " y"))]),
        ([["URL", "Title"], ["", "T"]], [Link(2, "", "T", problem="There is no web address on this line.")]),
        ([["URL", "Title"], ["https://a.example"]], [Link(2, "https://a.example")]),
    ],
)  # fmt: skip
def test_tables(table: list[list[str]], links: list[Link]) -> None:
    assert list(links_in_rows(rows(*table))) == links


def test_every_row_is_accounted_for(session: Session, newsletter: Newsletter, rung: Rung) -> None:
    links = [
        *bookmarks(BOOKMARKS),
        Link(9, "http://www.a.example.org/1#x"),
        Link(10, "ftp://x"),
        Link(11, "", problem="?"),
    ]
    report = import_links(session, newsletter.id, links, WAY)
    assert (report.read, report.added, report.known, report.twice, report.refused) == (5, 2, 0, 1, 2)
    assert [(one["line"], one["address"]) for one in report.refusals] == [(10, "ftp://x"), (11, "")]
    article = session.scalars(select(Article).order_by(Article.id)).first()
    assert article is not None
    assert (article.title, article.tags, article.fetch_state) == ("Een & twee", ["ai", "chips"], FetchState.WAITING)
    assert (article.captured_by, article.brought_by) == (CapturedBy.IMPORT, "bookmarks.html")
    assert {task for task, _ in rung} == {"sources.read_article"}
    again = import_links(session, newsletter.id, bookmarks(BOOKMARKS), WAY)
    assert (again.added, again.known) == (0, 2)


def test_a_file_without_end_is_cut(session: Session, newsletter: Newsletter, rung: Rung) -> None:
    endless = (Link(number, f"https://a.example.org/{number}") for number in range(1, 10**9))
    report = import_links(session, newsletter.id, endless, WAY)
    assert (report.read, report.added, report.left_out) == (MOST_LINKS, MOST_LINKS, True)
    assert len(rung) == 20
