"""Lists of feeds: read with folders, written so that they come back, refused when they are something else."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.issues.models import Newsletter
from curator.sources.adding import list_sources, watch_all
from curator.sources.models import Source
from curator.sources.opml import MOST_FEEDS, is_opml, read_opml, write_opml

Rung = list[tuple[str, int]]

LIST = b"""<?xml version="1.0" encoding="UTF-8"?><opml version="1.0"><head><title>Mine</title></head><body>
<outline text="News"><outline text="Chips &amp; co">
<outline text="A" title="A feed" xmlUrl="https://a.example.org/feed" htmlUrl="https://a.example.org/"/></outline>
<outline text="B" XMLURL="https://b.example.org/rss" htmlurl="javascript:alert(1)"/></outline>
<outline text="C" xmlUrl="http://www.a.example.org/feed/"/><outline text="D" xmlUrl="javascript:alert(1)"/>
<outline text="&quot;&gt;&lt;svg onload=alert(1)&gt;" xmlUrl="https://e.example.org/feed"/></body></opml>"""


def test_folders_titles_and_lines_are_read() -> None:
    first, second, *_ = read_opml(LIST)
    assert (first.address, first.title, first.folder) == ("https://a.example.org/feed", "A feed", "News / Chips & co")
    assert (first.site_address, first.line) == ("https://a.example.org/", 3)
    assert (second.address, second.title, second.folder) == ("https://b.example.org/rss", "B", "News")
    assert second.site_address is None
    assert is_opml(LIST) and not is_opml(b"<rss version='2.0'>")


def test_every_feed_has_an_outcome(session: Session, newsletter: Newsletter, rung: Rung) -> None:
    outcomes = watch_all(session, newsletter.id, read_opml(LIST))
    assert [one.outcome for one in outcomes] == ["added", "added", "twice", "refused", "added"]
    assert "web address" in outcomes[3].reason
    again = watch_all(session, newsletter.id, read_opml(LIST))
    assert [one.outcome for one in again] == ["known", "known", "twice", "refused", "known"]
    assert rung == [("sources.due",), ("sources.due",)]
    source = session.scalars(select(Source).where(Source.title == "A feed")).one()
    assert (source.folder, source.fetched_at) == ("News / Chips & co", None)


def test_what_is_exported_comes_back(session: Session, newsletter: Newsletter, other: Newsletter, rung: Rung) -> None:
    watch_all(session, newsletter.id, read_opml(LIST))
    written = write_opml("Tech", list_sources(session, newsletter.id))
    assert b"<svg" not in written
    outcomes = watch_all(session, other.id, read_opml(written))
    assert {one.outcome for one in outcomes} == {"added"}

    def facts(newsletter_id: int) -> list[tuple[str, str, str, str | None]]:
        return [(s.address, s.title, s.folder, s.site_address) for s in list_sources(session, newsletter_id)]

    assert facts(other.id) == facts(newsletter.id)


def test_a_newsletter_that_is_not_there(session: Session) -> None:
    with pytest.raises(NotFound):
        watch_all(session, 999_999, read_opml(LIST))


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no OPML"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no OPML"),
        (b"<rss version='2.0'><channel/></rss>", "no OPML"),
        (b"<opml><body><outline text='x'/></body></opml>", "no feed"),
        (f'<!DOCTYPE o [<!ENTITY e0 "lol">{BOMB}]><opml><body text="&e9;"/></opml>'.encode(), "entities"),
        (b'<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml>&x;</opml>', "entities"),
        (b"<opml>" + b" " * 5_000_001, "larger than 5 MB"),
        (b"<opml>" + b"<outline xmlUrl='https://x.example/'/>" * (MOST_FEEDS + 1) + b"</opml>", "at a time"),
    ],
)
def test_what_is_no_list_says_so(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_opml(data)


def test_deep_nesting_ends_well() -> None:
    deep = b"<opml>" + b"<outline text='f'>" * 100_000 + b"<outline xmlUrl='https://x.example/'/>"
    with pytest.raises(Invalid):
        read_opml(deep)
    some = b"<opml>" + b"<outline text='f'>" * 100 + b"<outline xmlUrl='https://x.example/'/></opml>"
    assert read_opml(some)[0].folder == " / ".join(["f"] * 10)
