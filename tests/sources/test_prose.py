from hypothesis import given
from hypothesis import strategies as st

from curator.sources.prose import clean_line, clean_text, count_words, paragraph, sentences, summary_of


def test_controls_go_and_line_breaks_become_line_feeds() -> None:
    assert clean_text("a\0b\x1b[1m\x9c\ufeff\ud800\r\nc\rd\u2028e\tf") == "ab[1m\nc\nd\ne\tf"


@given(st.text(st.characters(), max_size=200))
def test_cleaned_text_can_be_stored_and_sent(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert not any(c for c in cleaned if c not in "\n\t" and ord(c) < 32)
    assert clean_text(cleaned) == cleaned


def test_directions_and_emoji_stay() -> None:
    assert clean_line("  שלום \u200f \n 👩‍🚀 ") == "שלום \u200f 👩‍🚀"


def test_a_line_has_a_greatest_length() -> None:
    assert clean_line("x" * 600) == "x" * 499 + "…"
    assert len(clean_line("x " * 5_000_000)) == 500


def test_words_of_scripts_without_spaces_count_too() -> None:
    assert count_words("Drie hele woorden.") == 3
    assert count_words("人工知能の研究") == 4
    assert count_words("") == 0


def test_abbreviations_and_initials_do_not_end_a_sentence() -> None:
    text = "Volgens dr. J. Jansen kost het 3.5 miljard. “Dat is veel.” Meer weten we niet!"
    assert sentences(text, 5) == [
        "Volgens dr. J. Jansen kost het 3.5 miljard.",
        "“Dat is veel.”",
        "Meer weten we niet!",
    ]


def test_the_summary_is_the_first_two_sentences_of_prose() -> None:
    text = "Kop\n\nDe eerste zin van dit stuk telt mee. De tweede zin ook. De derde niet.\n\nEn dit ook niet."
    assert summary_of(text) == "De eerste zin van dit stuk telt mee. De tweede zin ook."
    assert summary_of("") == ""
    assert len(summary_of("woord " * 500)) == 420


def test_a_number_after_an_abbreviation_does_not_start_a_sentence() -> None:
    text = "It began on Nov. 5 in the north. Gov. Matt Bevin lost by art. 3 of the law. In 2019 it ended."
    assert sentences(text, 5) == [
        "It began on Nov. 5 in the north.",
        "Gov. Matt Bevin lost by art. 3 of the law.",
        "In 2019 it ended.",
    ]


def test_a_paragraph_shows_markup_literally() -> None:
    assert paragraph("<b>{{ 7*7 }} & co") == "<p>&lt;b&gt;{{ 7*7 }} &amp; co</p>"
