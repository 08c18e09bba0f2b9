import pytest

from curator.sources.trim import trim_ends

BODY = "".join(
    f"<p>Alinea {n} van het stuk vertelt in een hele zin van genoeg woorden iets nieuws over de fabriek.</p>"
    for n in range(4)
)


@pytest.mark.parametrize(
    "above",
    [
        "<h2>Chips in het oosten</h2>",
        "<p>CHIPS in het Oosten!</p>",
        "<p>By Anna de Vries</p>",
        "<p>Published 18 November 2019</p>",
        "<p>dinsdag 11 februari 2025, 14:56</p>",
        "<p>Leestijd: 4 minuten</p>",
        "<p>5 min read</p>",
        "<h2>Chips in het oosten</h2><p>Door Anna de Vries</p><p>Gewijzigd 12-02-2025</p>",
    ],
)
def test_title_name_and_date_go_from_the_top(above: str) -> None:
    assert trim_ends(above + BODY, ["Chips in het oosten", ""]) == BODY


@pytest.mark.parametrize(
    "below",
    [
        "<p>Follow us on Twitter.</p>",
        "<p>Subscribe to our newsletter</p><p>© 2025 Het Blad</p>",
        "<p>Associated Press writers A and B contributed to this report.</p><p>___</p>",
        "<h3>Tags: chips, oosten</h3><p>Tags: chips, oosten</p>",
        "<h2>Meer nieuws</h2>",
        "<ul><li>Share this</li></ul>",
        "<p>Schrijf je in voor de nieuwsbrief.</p>",
    ],
)
def test_calls_and_empty_headings_go_from_the_end(below: str) -> None:
    assert trim_ends(BODY + below, []) == BODY


@pytest.mark.parametrize(
    "body",
    [
        "<p>In 2019 opende de fabriek haar deuren.</p>" + BODY,
        "<p>By the end of the year there was nothing left.</p>" + BODY,
        BODY + "<p>“We contact the readers who subscribe,” zei zij.</p>",
        "<p>Subscribe!</p>" * 3,
        BODY.replace("</p>", "</p><p>Follow us on Twitter.</p>", 1),
        "",
    ],
)
def test_prose_the_middle_and_short_bodies_stay(body: str) -> None:
    assert trim_ends(body, ["Chips"]) == body


def test_a_title_is_found_however_it_is_marked_up_and_only_near_the_top() -> None:
    assert trim_ends(f"<p><strong>Chips</strong> in het <em>oosten</em></p>{BODY}", ["Chips in het oosten"]) == BODY
    late = BODY + "<p>Chips in het oosten</p>" + BODY
    assert trim_ends(late, ["Chips in het oosten"]) == late
