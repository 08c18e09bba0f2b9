"""What a list of changes shows of two texts: the words that differ, wherever they stand, and never the same twice."""

from hypothesis import given
from hypothesis import strategies as st

from curator.issues.difference import AROUND, Difference, difference


def test_a_change_at_the_end_of_a_long_text_is_seen() -> None:
    text = "Twee manieren om met schaarste om te gaan. " * 20
    found = difference(f"{text}Tot vrijdag.", f"{text}Tot maandag.")
    assert (found.gone, found.came, found.tail) == ("vrijdag", "maandag", ".")
    assert found.lead.startswith("…") and found.lead.endswith("gaan. Tot ")


def test_words_are_shown_whole() -> None:
    assert difference("de chips koud", "de chip koud") == Difference("de ", "chips", "chip", " koud")
    assert difference("", "Nieuw") == Difference("", "", "Nieuw", "")
    assert difference("a b", "a x b") == Difference("a ", "", "x ", "b")


def test_long_changes_are_cut() -> None:
    found = difference("x" * 900, "y" * 900)
    assert (len(found.gone), len(found.came)) == (161, 161)


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_parts_make_both_texts(before: str, after: str) -> None:
    found = difference(before, after)
    lead, tail = found.lead, found.tail
    if len(lead) <= AROUND and len(tail) <= AROUND:
        assert (lead + found.gone + tail, lead + found.came + tail) == (before, after)
    assert (before == after) == (found.gone == found.came)
