import pytest
from lxml.html import HtmlElement, tostring

from curator.sources.body import read_body
from curator.sources.markup import parse, text_of

LINES = [
    f"Alinea {n} vertelt in een hele zin van genoeg woorden iets nieuws over de fabriek nummer {n * 7}."
    for n in range(30)
]


def tree_of(body: str) -> HtmlElement:
    tree = parse(f"<html><head><title>T</title></head><body>{body}</body></html>")
    assert tree is not None
    return tree


def paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def test_the_tree_is_left_as_it_was() -> None:
    tree = tree_of(f'<article><div class="promo">Koop</div>{paragraphs(LINES)}</article>')
    before = tostring(tree)
    assert text_of(read_body(tree, None)) == "\n\n".join(LINES)
    assert tostring(tree) == before


def test_an_article_in_pieces_is_whole() -> None:
    pieces = "".join(f'<div class="article__body">{paragraphs(LINES[n : n + 10])}</div>' for n in (0, 10, 20))
    assert text_of(read_body(tree_of(f"<main>{pieces}</main>"), None)) == "\n\n".join(LINES)


def test_a_stated_text_stands_in_where_the_page_shows_none() -> None:
    stated = "\n".join([*LINES, "<script>alert(1)</script> & co"])
    body = read_body(tree_of('<div id="app"></div>'), None, stated=stated)
    assert body.startswith(f"<p>{LINES[0]}</p>")
    assert "<script" not in body
    assert text_of(body).endswith("<script>alert(1)</script> & co")
    assert read_body(tree_of('<div id="app"></div>'), None, stated="Te kort om een stuk te zijn.") == ""


def test_a_stated_text_in_html_is_sanitised() -> None:
    stated = paragraphs(LINES) + '<p onclick="x()">Slot <img src=x onerror=alert(1)></p><script>alert(1)</script>'
    body = read_body(tree_of('<div id="app"></div>'), None, stated=stated)
    assert body.startswith(f"<p>{LINES[0]}</p>")
    assert body.endswith("<p>Slot </p>")


@pytest.mark.parametrize("stated", [" ".join(LINES[:3]), " ".join(LINES)])
def test_what_the_page_shows_comes_before_what_it_states(stated: str) -> None:
    body = read_body(tree_of(f"<article>{paragraphs(LINES)}</article>"), None, stated=stated)
    assert text_of(body) == "\n\n".join(LINES)
