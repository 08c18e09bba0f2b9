import json

import pytest

from curator.errors import Invalid
from curator.sources.body import MOST_ELEMENTS
from curator.sources.page import decode, read_page

ADDRESS = "https://news.example.org/2025/chips?utm_source=x"
PARAGRAPH = "De fabriek in het oosten van het land gaat volgend jaar open en biedt werk aan duizenden mensen. "


def page(head: str = "", body: str = "", attributes: str = 'lang="nl"') -> str:
    """A page with an article of three paragraphs."""
    article = "".join(f"<p>{PARAGRAPH * 2}{n}</p>" for n in range(3))
    return f"<html {attributes}><head>{head}</head><body><main><article>{body}{article}</article></main></body></html>"


def linked(**facts: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **facts})}</script>'


def read(markup: str | bytes, address: str | None = ADDRESS):  # type: ignore[no-untyped-def]
    return read_page(markup, address, timezone="Europe/Amsterdam")


def test_what_the_page_states_for_machines_comes_first() -> None:
    head = (
        linked(
            headline="Chips &amp; dips <em>{{ 7*7 }}</em>",
            author=[{"name": "Anna"}, {"name": "Bert"}],
            datePublished="2025-02-11T14:56:00+01:00",
            publisher={"name": "Het Blad"},
            keywords="chips, fabriek",
            image={"url": "/pictures/chips.jpg"},
        )
        + '<meta property="og:title" content="Anders"><meta property="article:published_time" content="2020-01-01">'
    )
    extract = read(page(head, "<h1>Nog anders</h1>"))
    assert extract.title == "Chips & dips <em>{{ 7*7 }}</em>"
    assert extract.author == "Anna, Bert"
    assert extract.published_at is not None
    assert extract.published_at.isoformat() == "2025-02-11T14:56:00+01:00"
    assert (extract.site, extract.tags, extract.language) == ("Het Blad", ("chips", "fabriek"), "nl")
    assert [found.address for found in extract.pictures] == ["https://news.example.org/pictures/chips.jpg"]
    assert extract.words == 3 * 2 * 18 + 3
    assert extract.summary == PARAGRAPH.strip() + " " + PARAGRAPH.strip()


def test_a_graph_and_a_broken_script_are_no_obstacle() -> None:
    graph = json.dumps({"@graph": [{"@type": "WebSite", "name": "x"}, {"@type": ["BlogPosting"], "headline": "Goed"}]})
    head = f'<script type="application/ld+json">{{broken</script><script type="application/ld+json">{graph}</script>'
    assert read(page(head)).title == "Goed"


@pytest.mark.parametrize(
    ("head", "is_free"),
    [
        ("", None),
        (linked(isAccessibleForFree=True), True),
        (linked(isAccessibleForFree="http://schema.org/False"), False),
        (linked(isAccessibleForFree="True", hasPart={"isAccessibleForFree": "False"}), False),
        (linked(hasPart=[{"isAccessibleForFree": False, "cssSelector": ".paid"}]), False),
        (linked(headline="x") + '<meta property="article:content_tier" content="locked">', False),
        (linked(isAccessibleForFree="maybe"), None),
    ],
)
def test_a_page_says_whether_anybody_may_read_it(head: str, is_free: bool | None) -> None:
    assert read(page(head)).is_free is is_free


def test_nested_json_cannot_exhaust_the_stack() -> None:
    head = f'<script type="application/ld+json">{"[" * 100_000}</script><title>Titel</title>'
    assert read(page(head)).title == "Titel"


def test_then_open_graph_then_meta() -> None:
    head = (
        '<meta property="og:title" content="Chips in het oosten | Het Blad">'
        '<meta property="og:site_name" content="Het Blad"><meta name="author" content="Door Anna Vries">'
        '<meta property="article:published_time" content="2025-02-11T09:00:00">'
        '<meta property="article:tag" content="chips"><meta property="og:image" content="//cdn.example.org/a.png">'
    )
    extract = read(page(head))
    assert (extract.title, extract.author, extract.tags) == ("Chips in het oosten", "Anna Vries", ("chips",))
    assert extract.published_at is not None
    assert extract.published_at.isoformat() == "2025-02-11T09:00:00+01:00"
    assert [found.address for found in extract.pictures] == ["https://cdn.example.org/a.png"]


def test_then_what_people_see() -> None:
    body = '<h1>Chips in het oosten</h1><time datetime="2025-02-11T09:00+02:00">gisteren</time>'
    extract = read(page("<title>Chips in het oosten - Site</title>", body))
    assert extract.title == "Chips in het oosten"
    assert extract.published_at is not None
    assert extract.published_at.isoformat() == "2025-02-11T09:00:00+02:00"
    assert extract.site == "news.example.org"
    assert not extract.body_text.startswith("Chips in het oosten")


def test_the_text_decides_on_the_language() -> None:
    assert read(page(attributes='lang="en-US"')).language == "nl"


def test_script_in_the_body_is_gone_and_headings_stay() -> None:
    extract = read(page(body='<h2>Kop erboven</h2><script>alert(1)</script><p onclick="x">' + PARAGRAPH * 3 + "</p>"))
    assert "alert" not in extract.body_html
    assert "onclick" not in extract.body_html
    assert "<h2>Kop erboven</h2>" in extract.body_html


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Chips in het oosten • Het Blad", "Chips in het oosten"),
        ("Het Blad: Chips in het oosten", "Chips in het oosten"),
        ("Techniek | Chips in het oosten", "Chips in het oosten"),
        ("Chips &amp;#8211; en dips", "Chips – en dips"),
        ("Chips: een geschiedenis", "Chips: een geschiedenis"),
        ("&lt;svg onload=alert(1)&gt;", "<svg onload=alert(1)>"),
    ],
)
def test_a_title_is_without_the_name_of_its_site(title: str, shown: str) -> None:
    head = f'<meta property="og:title" content="{title}"><meta property="og:site_name" content="Het Blad">'
    assert read(page(head, "<h1>Chips in het oosten</h1>")).title == shown


@pytest.mark.parametrize(
    ("author", "believed"),
    [
        ("By Anna de Vries", "Anna de Vries"),
        (", Anna de Vries", "Anna de Vries"),
        ("Het Blad", ""),
        ("page.head.extra.author", ""),
        ("https://facebook.example/anna", ""),
        ("August", ""),
        ("August Strindberg", "August Strindberg"),
        ("May Britt Moser", "May Britt Moser"),
        ("Anna de Vries Monday, November 18, 2019", "Anna de Vries"),
        ("Anna de Vries November", "Anna de Vries"),
        ("Anna de Vries | Het Blad voor allen", "Anna de Vries"),
        ('"><svg onload=alert(1)>', '"><svg onload=alert(1)>'),
    ],
)
def test_an_author_is_a_name_and_not_the_site(author: str, believed: str) -> None:
    head = linked(headline="Chips", author={"name": author}, publisher={"name": "Het Blad"}, datePublished="2025-02-11")
    assert read(page(head)).author == believed


def test_a_day_that_can_be_read_as_two_is_not_guessed() -> None:
    extract = read(english('<meta property="article:published_time" content="03-09-2026">'))
    assert extract.published_at is None


def english(head: str) -> str:
    """A page whose language is English by what it says and by what it declares."""
    body = "".join(
        f"<p>The factory in the east opens next year and gives work to thousands. {n}</p>" * 3 for n in range(3)
    )
    return f'<html lang="en"><head>{head}</head><body><article>{body}</article></body></html>'


def test_relative_addresses_are_seen_from_the_base() -> None:
    head = '<base href="/sub/"><link rel="canonical" href="own"><meta property="og:image" content="big.jpg">'
    extract = read(page(head))
    assert extract.address == "https://news.example.org/sub/own"
    assert [found.address for found in extract.pictures] == ["https://news.example.org/sub/big.jpg"]


@pytest.mark.parametrize(
    ("canonical", "believed"),
    [
        ("https://news.example.org/2025/chips", "https://news.example.org/2025/chips"),
        ("https://elsewhere.example.com/stolen", ADDRESS),
        ("https://news.example.org/", ADDRESS),
        ("javascript:alert(1)", ADDRESS),
        ("https://user:pass@news.example.org/2025/chips", ADDRESS),
    ],
)
def test_a_page_may_name_its_own_address_but_no_other_site(canonical: str, believed: str) -> None:
    assert read(page(f'<link rel="canonical" href="{canonical}">')).address == believed


def test_what_is_no_page_or_too_large_is_refused() -> None:
    for nothing in ("", "just words", b"\x89PNG\r\n"):
        with pytest.raises(Invalid, match="no HTML"):
            read(nothing)
    with pytest.raises(Invalid, match="5 MB"):
        read(b"<p>" * 2_000_000)
    for sign in ("<p>", "<", "&amp"):
        with pytest.raises(Invalid, match="too long"):
            read(sign * 200_001)


def test_a_page_without_an_article_has_no_body() -> None:
    extract = read('<html><head><title>App</title></head><body><div id="root"></div></body></html>')
    assert (extract.title, extract.words, extract.body_html) == ("App", 0, "")


@pytest.mark.parametrize("piece", ["<div>", "<table><tr><td>", "<ul><li>", "<p><a href=x>", "<!--", "<script>"])
def test_nesting_does_not_hang_the_reading(piece: str) -> None:
    assert read("<html><title>Diep</title><body>" + piece * (200_000 // len(piece))).title == "Diep"


def test_a_page_of_very_many_elements_is_taken_as_it_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trafilatura.bare_extraction", lambda *_, **__: pytest.fail("looked through all of it"))
    monkeypatch.setattr("trafilatura.metadata.extract_author", lambda *_, **__: pytest.fail("looked through all of it"))
    monkeypatch.setattr("htmldate.find_date", lambda *_, **__: pytest.fail("looked through all of it"))
    body = "<nav>menu</nav>" + "<p>kort <b>stuk</b></p>" * (MOST_ELEMENTS // 2) + "<script>x</script>"
    extract = read(page("<title>Lang</title>", body))
    assert extract.title == "Lang"
    assert extract.words == MOST_ELEMENTS // 2 * 2 + 3 * 2 * 18 + 3
    assert "menu" not in extract.body_html


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), "text/html", "é"),
        ("é".encode("latin-1"), "text/html; charset=iso-8859-1", "é"),
        ("“é”".encode("cp1252"), "text/html", "“é”"),
        (b"<meta charset='windows-1251'>" + "да".encode("cp1251"), "", "<meta charset='windows-1251'>да"),
        ("é".encode("utf-16"), "", "é"),
        (b"\xef\xbb\xbfx", "text/html; charset=nonsense", "x"),
        (b"ok \xff", "text/html; charset=base64", "ok ÿ"),
        (b"xn--a\xff-.", "text/html; charset=idna", "xn--aÿ-."),
        (b"a-b\xff", "text/html; charset=punycode", "a-bÿ"),
        (b"ok", "text/html; charset=undefined", "ok"),
        (b"ok \xff", "text/html; charset=undefined", "ok ÿ"),
        (b"ok \xff\x00\x81", "text/html; charset=utf-8", "ok �\x00�"),
    ],
)
def test_encodings(body: bytes, content_type: str, text: str) -> None:
    assert decode(body, content_type) == text
