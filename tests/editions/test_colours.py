import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.editions.colours import READABLE, contrast, dark, light

ACCENTS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(ACCENTS)
def test_any_accent_can_be_read_by_day_and_by_night(accent: str) -> None:
    for palette in (light(accent), dark(accent)):
        assert contrast(palette["on_accent"], palette["accent"]) >= READABLE
        for background in (palette["card"], palette["paper"]):
            for text in (palette["accent"], palette["ink"], palette["muted"]):
                assert contrast(text, background) >= READABLE


def test_a_readable_accent_is_left_as_it_is() -> None:
    assert light("#0b5cad")["accent"] == "#0b5cad"


def test_what_is_no_colour_becomes_the_default() -> None:
    assert light("red;background:url(x)") == light("#0b5cad")


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
