import time

import pytest

from curator.sources.boilerplate import remove_boilerplate
from curator.sources.markup import parse, text_of

PARAGRAPH = "De fabriek in het oosten van het land gaat volgend jaar open en biedt werk aan duizenden mensen. " * 4


def left(body: str) -> str:
    """The text of a page with `body` before a long paragraph, without what was taken out, and without the paragraph."""
    tree = parse(f"<html><body><article>{body}<p>{PARAGRAPH}</p></article></body></html>")
    assert tree is not None
    remove_boilerplate(tree)
    text = text_of(str_of(tree))
    assert PARAGRAPH.strip() in text
    return text.replace(PARAGRAPH.strip(), "").strip()


def str_of(tree: object) -> str:
    from lxml.html import tostring

    return str(tostring(tree, encoding="unicode"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "box",
    [
        '<div class="Newsletter-container"><h3>Iedere week</h3><p>Geef uw adres op.</p></div>',
        '<section id="articleRelated"><p>Nog een stuk.</p></section>',
        '<ul class="latest-news-box"><li>Nieuws</li></ul>',
        '<div id="right"><p>Een kolom ernaast.</p></div>',
        '<figure><img src="a.jpg"><figcaption>De minister bij de opening.</figcaption></figure>',
        '<div class="image-caption">De minister bij de opening.</div>',
        '<p><strong>LEES OOK: <a href="/x">Chips worden duurder</a></strong></p>',
        '<p>Read more: <a href="/x">Chips are getting dearer</a></p>',
        "<h3>Don't miss</h3>",
        '<p><a href="/x">CHIPS WORDEN DUURDER</a></p>',
        '<p>Misschien ook iets</p><p><a href="/x">Een ander stuk</a></p><p><a href="/y">En nog een stuk</a></p>',
    ],
)
def test_boxes_captions_and_references_go(box: str) -> None:
    assert left(box) == ""


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        ("<p>Lees ook eens een boek.</p>", "Lees ook eens een boek."),
        ('<p>Het <a href="/x">rapport</a> kwam gisteren uit.</p>', "Het rapport kwam gisteren uit."),
        ('<p><a href="/x">Een enkele verwijzing</a></p>', "Een enkele verwijzing"),
        ('<div class="related"><h1>De kop van het stuk</h1></div>', "De kop van het stuk"),
        ('<p class="correlated-promotion">Over promotie.</p>', "Over promotie."),
    ],
)
def test_what_only_resembles_them_stays(kept: str, text: str) -> None:
    assert left(kept) == text


def test_a_box_that_holds_much_of_the_page_is_the_article() -> None:
    assert "Nog een" in left(f'<div class="teaser"><p>Nog een alinea. {PARAGRAPH}</p></div>')


def test_text_after_what_goes_stays() -> None:
    assert left('<div class="promo">Koop nu</div> en dit stond los erachter') == "en dit stond los erachter"


def test_posts_of_others_lose_the_wrapping_that_would_cost_them() -> None:
    tree = parse(
        '<div class="embed"><div class="widget"><blockquote class="twitter-tweet"><p>Ja!</p></blockquote></div></div>'
    )
    assert tree is not None
    remove_boilerplate(tree)
    assert "class" not in str_of(tree)


@pytest.mark.parametrize(
    "piece", ['<div class="related">', '<ul class="promo"><li>', '<blockquote class="tweet">', "<p><a>"]
)
def test_nested_boxes_do_not_hang_it(piece: str) -> None:
    tree = parse("<body>" + piece * 4_000 + "woorden " * 200_000)
    assert tree is not None
    start = time.process_time()
    remove_boilerplate(tree)
    assert time.process_time() - start < 5
