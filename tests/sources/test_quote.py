import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.sources.quote import quote_of

OPENING = "De plannen voor een fabriek in het oosten zijn bekend. Er is lang over gesproken in de stad en in het land."
DULL = "Het is nog niet helemaal duidelijk hoe dat dan precies moet gaan en wie er wat van vindt."
SPECIFIC = "Burgemeester Anna de Vries legt er volgens Philips 3,5 miljard euro en 400 hectare voor opzij."


def article(*paragraphs: str) -> str:
    return "\n\n".join([OPENING, *paragraphs])


def test_the_sentence_with_names_and_numbers() -> None:
    assert quote_of(article(f"{DULL} {SPECIFIC} {DULL}", DULL)) == SPECIFIC


def test_somebodys_words_before_a_plain_statement() -> None:
    said = "“We bouwen dit omdat niemand anders het doet in heel Europa,” zegt de directeur."
    assert quote_of(article(DULL, said, DULL)) == said


def test_never_the_opening_however_specific() -> None:
    assert quote_of(f"{SPECIFIC} {SPECIFIC}\n\n{DULL}\n\n{DULL}") != SPECIFIC


@pytest.mark.parametrize(
    "line",
    [
        "Foto: burgemeester Anna de Vries van Philips bij de opening van 400 hectare in Essonne in 2025.",
        "Deze site van Philips en ASML gebruikt 42 cookies van Google, Meta en 312 andere bedrijven.",
        "Subscribe to the newsletter of Anna de Vries and 40,000 readers of Philips and ASML in Europe.",
        "Anna de Vries schrijft vanaf 2025 op https://example.org over Philips, ASML en 40 andere bedrijven.",
        "Volg Anna de Vries, Philips, ASML en 40 andere bedrijven op Facebook, Twitter en Instagram.",
        "Philips, ASML, Mistral, Anna de Vries, 400 hectare, 3,5 miljard euro, 2025, Essonne en Eindhoven",
        "En Anna de Vries van Philips zei: “Dit kost 3,5 miljard euro en 400 hectare, volgens ASML.",
        "* Anna de Vries van Philips en ASML bezit sinds 2025 zelf 400 hectare in Essonne en Eindhoven.",
    ],
)
def test_captions_notices_lists_and_halves_are_no_quotes(line: str) -> None:
    assert quote_of(article(line, DULL, line, DULL)) != line


def test_what_leans_on_the_sentence_before_comes_after_what_stands_alone() -> None:
    leaning = "Hij betaalt daar samen met ASML ook nog 3,5 miljard euro voor."
    alone = "Philips betaalt daar samen met ASML ook nog 3,5 miljard euro voor."
    assert quote_of(article(DULL, leaning, alone)) == alone


def test_sentences_of_other_scripts_and_none_at_all() -> None:
    korean = "정부는 2025년에 반도체 공장 3곳을 새로 짓기 위해 4조 원을 투자하겠다고 밝혔다고 연합뉴스가 보도했다."
    assert quote_of(f"{DULL} {DULL}\n\n{korean}") == korean
    assert quote_of("") == ""
    assert quote_of(OPENING) == ""


@given(st.lists(st.text(max_size=120), max_size=12).map("\n\n".join))
def test_it_is_always_a_sentence_of_the_text(text: str) -> None:
    quote = quote_of(text)
    assert len(quote) <= 300
    assert quote in " ".join(text.split()) or not quote.isprintable()
