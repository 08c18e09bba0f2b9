"""Names and languages: harmless whatever was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.audience.clean import LONGEST_NAME, clean_language, clean_name


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("  Anna   de Vries ", "Anna de Vries"),
        ("Anna\r\nBcc: x@example.org", "Anna Bcc: x@example.org"),
        ("Zoe\u0308", "Zoë"),
        ("a\u202eb\u2028c\x00d", "a b c d"),
        ("\ud800Anna", "Anna"),
        ("שלום 👩‍🚀", "שלום 👩‍🚀"),
        ("x" * 500, "x" * LONGEST_NAME),
    ],
)
def test_names(given_name: str, name: str) -> None:
    assert clean_name(given_name) == name


@given(st.text())
def test_names_stay_on_one_line_and_can_be_stored(text: str) -> None:
    name = clean_name(text)
    assert len(name) <= LONGEST_NAME and len(name.splitlines()) <= 1
    assert "\x00" not in name and clean_name(name) == name
    name.encode()


@pytest.mark.parametrize(
    ("tag", "language"), [("nl", "nl"), ("NL-be", "nl"), ("en_GB", "en"), ("Dutch", ""), ("", ""), ("n", "")]
)
def test_languages(tag: str, language: str) -> None:
    assert clean_language(tag) == language
