"""One-line and many-line values: what is neutralised, what is kept, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import Invalid
from curator.issues.text import clean_line, clean_text


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Subject\r\nBcc: victim@example.org", "Subject Bcc: victim@example.org"),
        ("=?utf-8?q?a=0d=0aBcc=3a_v@x?=", "utf-8?q?a=0d=0aBcc=3a_v@x"),
        ("a\u2028b\u2029c\x00d\x85e", "a b c d e"),
        ("  many   spaces\t", "many spaces"),
        ("{{ 7*7 }} <script>", "{{ 7*7 }} <script>"),
        ("Rockets 🚀 👩‍🔬", "Rockets 🚀 👩‍🔬"),
        ("مرحبا بالعالم", "مرحبا بالعالم"),
        ("safe\u202egnp.exe", "safe gnp.exe"),
        ("e\u0301te\u0301", "été"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
    ],
)
def test_clean_line(typed: str, stored: str) -> None:
    assert clean_line(typed, limit=200, what="The subject") == stored


def test_clean_text_keeps_lines_and_drops_controls() -> None:
    assert clean_text("one\r\ntwo\rthree\x00\x08\tfour\n", limit=99, what="The blurb") == "one\ntwo\nthree\tfour\n"


def test_too_long_is_refused_with_both_numbers() -> None:
    with pytest.raises(Invalid, match=r"The subject has 5,000 characters; at most 250"):
        clean_line("x" * 5000, limit=250, what="The subject")


@given(st.text())
def test_a_line_never_breaks_and_cleaning_twice_changes_nothing(typed: str) -> None:
    line = clean_line(typed, limit=10_000, what="It")
    assert len(line.splitlines()) <= 1
    assert "=?" not in line
    assert clean_line(line, limit=10_000, what="It") == line
    line.encode("utf-8")
