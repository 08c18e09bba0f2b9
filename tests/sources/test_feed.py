import pytest

from curator.errors import FetchFailed, NotAFeed
from curator.sources.entries import Entry
from curator.sources.feed import discover, read_feed

ADDRESS = "https://example.org/blog/feed.xml"

RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>Chips &amp; zo</title><link>/blog/</link>
<item><title>Eerste</title><link>/a?x=1&amp;y=2</link><dc:creator>Anna</dc:creator><category>ai</category>
 <pubDate>Tue, 11 Feb 2025 14:56:00 CET</pubDate><description>kort</description>
 <content:encoded><![CDATA[<p>Het <b>hele</b> stuk</p>]]></content:encoded>
 <enclosure url="/p.jpg" type="image/jpeg" length="1"/></item>
<item><title>Tweede</title><guid isPermaLink="true">https://example.org/b</guid>
 <media:thumbnail url="https://example.org/t.png"/></item></channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">A &amp;amp; B</title>
<link rel="self" href="https://example.org/blog/feed.xml"/><link href="https://example.org/"/>
<entry><title type="html">De &lt;em&gt;beste&lt;/em&gt; AT&amp;amp;T</title><link href="c"/>
<published>2025-02-11T14:56:00+05:30</published><updated>2025-02-12T00:00:00Z</updated>
<author><name>Bert</name></author><category term="x" label="Chips"/>
<content type="html">&lt;p&gt;Tekst&lt;/p&gt;</content></entry></feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.org/"><title>Oud</title>
 <link>https://example.org/</link></channel><item rdf:about="https://example.org/d"><title>Vierde</title>
 <link>https://example.org/d</link><dc:date>2025-02-11T14:56+01:00</dc:date></item></rdf:RDF>"""


def read(body: str | bytes, kind: str = "application/xml") -> tuple[Entry, ...]:
    return read_feed(body.encode() if isinstance(body, str) else body, kind, ADDRESS).entries


def titled(title: str) -> str:
    """The title an RSS item with this source text gets."""
    return read(f"<rss version='2.0'><channel><title>x</title><item><title>{title}</title></item></channel></rss>")[
        0
    ].title


def test_rss() -> None:
    feed = read_feed(RSS.encode(), "text/xml", ADDRESS)
    assert (feed.title, feed.site_address) == ("Chips & zo", "https://example.org/blog/")
    first, second = feed.entries
    assert (first.address, first.title, first.author) == ("https://example.org/a?x=1&y=2", "Eerste", "Anna")
    assert first.published_at is not None
    assert first.published_at.isoformat() == "2025-02-11T14:56:00+01:00"
    assert (first.tags, first.html) == (("ai",), "<p>Het <b>hele</b> stuk</p>")
    assert first.picture == ("https://example.org/p.jpg", "")
    assert (second.address, second.picture) == ("https://example.org/b", ("https://example.org/t.png", ""))


def test_atom() -> None:
    feed = read_feed(ATOM.encode(), "application/atom+xml", ADDRESS)
    assert (feed.title, feed.site_address) == ("A & B", "https://example.org/")
    (entry,) = feed.entries
    assert (entry.address, entry.title) == ("https://example.org/blog/c", "De beste AT&T")
    assert entry.published_at is not None
    assert entry.published_at.isoformat() == "2025-02-11T14:56:00+05:30"
    assert (entry.author, entry.tags, entry.html) == ("Bert", ("Chips",), "<p>Tekst</p>")


def test_rdf() -> None:
    (entry,) = read(RDF)
    assert (entry.title, entry.address) == ("Vierde", "https://example.org/d")
    assert entry.published_at is not None
    assert entry.published_at.isoformat() == "2025-02-11T14:56:00+01:00"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("{{ 7*7 }}", "{{ 7*7 }}"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("<![CDATA[<script>alert(1)</script>]]>", "<script>alert(1)</script>"),
        ("AT&amp;amp;T &lt;b&gt;groeit&lt;/b&gt;", "AT&T groeit"),
        ("a &lt; b &amp;&amp; c", "a < b && c"),
        ("😀 שלום", "😀 שלום"),
        ("=?utf-8?q?a=0d=0aBcc=3a_v@x?=", "=?utf-8?q?a=0d=0aBcc=3a_v@x?="),
        ("regel\n  twee", "regel twee"),
    ],
)
def test_titles_are_text(written: str, shown: str) -> None:
    assert titled(written) == shown


def test_nul_and_control_characters_do_not_come_through() -> None:
    assert read(RSS.encode().replace(b"Eerste", b"Eer\0ste\x07"))[0].title == "Eerste"


def test_an_entry_without_title_is_named_by_its_words() -> None:
    item = "<item><description>Alleen &lt;b&gt;woorden&lt;/b&gt;</description></item>"
    body = f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>"
    (entry,) = read(body)
    assert (entry.title, entry.address) == ("Alleen woorden", None)


def test_addresses_that_are_none_are_left_out() -> None:
    for link in ("javascript:alert(1)", "http://[", "https://u:p@example.org/"):
        assert read(RSS.replace("/a?x=1&amp;y=2", link))[0].address is None


def test_the_encoding_of_the_answer_counts() -> None:
    body = "<rss version='2.0'><channel><title>caf\u00e9</title><item><title>x</title></item></channel></rss>"
    assert read_feed(body.encode("latin-1"), "text/xml; charset=iso-8859-1", ADDRESS).title == "café"


def test_a_page_is_no_feed_but_names_some() -> None:
    page = """<html><head><link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">
      <link rel="stylesheet alternate" type="text/css" href="/x.css"><link rel=alternate hreflang=en href="/en">
      <link rel="ALTERNATE" type="application/atom+xml" href="atom.xml"><link rel="alternate"
      type="application/feed+json" href="//example.org/feed.json"></head><body>hallo</body></html>"""
    with pytest.raises(NotAFeed) as refused:
        read(page, "text/html")
    named = ["https://example.org/blog/atom.xml", "https://example.org/feed.json", "https://example.org/comments/feed"]
    assert refused.value.facts == {"alternates": named}
    assert discover("no markup", ADDRESS) == []


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"<html><body>x</body></html>", b"<svg/>", b"[]"]
)
def test_what_is_no_feed_says_so(body: bytes) -> None:
    with pytest.raises(NotAFeed, match="no feed"):
        read(body)


def test_entities_are_not_expanded_without_end() -> None:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE rss [<!ENTITY e0 "lol">{lines}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    body = f"<?xml version='1.0'?>{bomb}<rss version='2.0'><channel><title>&e9;&f;</title></channel></rss>"
    feed = read_feed(body.encode(), "text/xml", ADDRESS)
    assert len(feed.title) <= 500
    assert "root:" not in feed.title


def test_floods_are_refused_or_cut() -> None:
    start, end = b"<rss version='2.0'><channel><title>", b"</title></channel></rss>"
    with pytest.raises(FetchFailed, match="5,000 entries"):
        read(start + b"x</title>" + b"<item/>" * 6_000 + b"</channel></rss>")
    with pytest.raises(FetchFailed, match="too long"):
        read(start + b"<a>" * 300_000 + end)
    with pytest.raises(FetchFailed, match="too long"):
        read(start + b"&lt;a&gt;" * 300_000 + end)
    assert len(read_feed(start + b"x" * 4_900_000 + end, "text/xml", ADDRESS).title) == 500


@pytest.mark.parametrize(
    ("written", "author"),
    [
        ("anna@example.org (Anna de Vries)", "Anna de Vries"),
        ("Anna de Vries (anna@example.org)", "Anna de Vries"),
        ("Anna de Vries &lt;anna@example.org&gt;", "Anna de Vries"),
        ("anna@example.org", ""),
        ("Anna de Vries", "Anna de Vries"),
    ],
)
def test_an_author_is_a_name_not_an_address(written: str, author: str) -> None:
    item = f"<item><title>x</title><author>{written}</author></item>"
    (entry,) = read(f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>")
    assert entry.author == author


def test_the_first_picture_of_the_words_stands_in() -> None:
    body = "&lt;p&gt;a&lt;/p&gt;&lt;img alt='b' src='/c.png?x=1&amp;amp;y=2'&gt;&lt;img src='/d.png'&gt;"
    item = f"<item><title>x</title><description>{body}</description></item>"
    (entry,) = read(f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>")
    assert entry.picture == ("https://example.org/c.png?x=1&y=2", "")


def test_words_that_were_escaped_twice() -> None:
    def html(words: str) -> str:
        item = (
            f"<item><title>x</title><category>Food &amp;amp; Drink</category><description>{words}</description></item>"
        )
        (entry,) = read(f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>")
        assert entry.tags == ("Food & Drink",)
        return entry.html

    assert html("&amp;lt;p&amp;gt;Eén &amp;amp;amp; twee&amp;lt;/p&amp;gt;") == "<p>Eén &amp; twee</p>"
    assert html("&lt;p&gt;Schrijf &amp;lt;/p&amp;gt;&lt;/p&gt;") == "<p>Schrijf &lt;/p&gt;</p>"


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026/03/02", "2026-03-02T00:00:00+00:00"),
        ("2026.03.02", None),
        ("gisteren", None),
    ],
)
def test_no_day_that_is_not_written(written: str, read_as: str | None) -> None:
    """The parser takes the first for 1 November."""
    item = f"<item><title>x</title><pubDate>{written}</pubDate></item>"
    (entry,) = read(f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>")
    assert (entry.published_at.isoformat() if entry.published_at else None) == read_as


def test_a_feed_without_a_title_is_called_by_its_site() -> None:
    body = b"<rss version='2.0'><channel><link>https://www.blog.example/x</link></channel></rss>"
    assert read_feed(body, "text/xml", ADDRESS).title == "blog.example"
    assert read_feed(b"<rss version='2.0'><channel></channel></rss>", "text/xml", ADDRESS).title == "example.org"
    assert read_feed(b'{"version": "1.1", "items": []}', "application/json", ADDRESS).title == "example.org"


def test_the_site_is_the_alternate_where_there_is_no_link() -> None:
    link = "<a:link rel='self' href='/feed.xml'/><a:link rel='alternate' type='text/html' href='/'/>"
    body = f"<rss version='2.0' xmlns:a='http://www.w3.org/2005/Atom'><channel>{link}<title>x</title></channel></rss>"
    assert read_feed(body.encode(), "text/xml", ADDRESS).site_address == "https://example.org/"
