import pytest

from curator.sources.markup import parse, sanitise, text_of
from curator.sources.paragraphs import fuller_text

LINES = [
    f"Alinea {n} vertelt in een hele zin van genoeg woorden iets nieuws over de fabriek nummer {n * 7}."
    for n in range(30)
]
PIECES = "".join(
    f'<div class="grid"><div class="part">{"".join(f"<p>{line}</p>" for line in LINES[n : n + 10])}</div></div>'
    for n in (0, 10, 20)
)


def fuller(body: str, found: str = "") -> str | None:
    tree = parse(f"<html><body>{body}</body></html>")
    assert tree is not None
    written = fuller_text(tree, found)
    return None if written is None else text_of(sanitise(written))


def test_an_article_in_several_pieces_is_put_together() -> None:
    assert fuller(f"<main>{PIECES}</main>", "\n\n".join(LINES[:10])) == "\n\n".join(LINES)


def test_headings_and_lists_come_along() -> None:
    listed = "".join(f"<li>{line}</li>" for line in LINES[:2])
    text = fuller(f"<main><h2>Kop</h2>{PIECES}<h3>Lijst</h3><ul>{listed}</ul><h3>Leeg</h3></main>")
    assert text is not None
    assert text.startswith("Kop\n\nAlinea 0")
    assert "Lijst\n\nAlinea 0" in text
    assert "Leeg" not in text


@pytest.mark.parametrize(
    "around",
    [
        '<div class="comments">{}</div>',
        '<section id="respond">{}</section>',
        "<aside>{}</aside>",
        "<footer>{}</footer>",
        "<div hidden>{}</div>",
        '<a href="/x">{}</a>',
        '<div class="infinite-scroll">{}</div>',
    ],
)
def test_comments_menus_and_teasers_are_not_the_article(around: str) -> None:
    assert fuller(around.format(PIECES)) is None


@pytest.mark.parametrize("found", ["\n\n".join(LINES[:20]), "een heel ander en langer stuk\n\n" * 200])
def test_what_was_found_stays_when_it_is_most_of_it_or_longer(found: str) -> None:
    assert fuller(f"<main>{PIECES}</main>", found) is None


def test_a_few_sentences_are_no_article() -> None:
    assert fuller("<main>" + "".join(f"<p>{line}</p>" for line in LINES[:3]) + "</main>") is None


def test_lists_of_links_are_no_prose() -> None:
    links = "".join(f'<p><a href="/{n}">{line}</a></p>' for n, line in enumerate(LINES))
    assert fuller(f"<main>{links}</main>") is None
