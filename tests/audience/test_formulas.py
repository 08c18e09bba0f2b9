"""Formula cells: harmless in a spreadsheet, and unchanged after a round trip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.audience.formulas import neutralise, restore


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_nothing_starts_with_a_formula_sign(sign: str) -> None:
    assert neutralise(f"{sign}1+1") == f"'{sign}1+1"


def test_other_cells_stay() -> None:
    assert neutralise("Anna") == restore("Anna") == "Anna"
    assert neutralise("'s Gravenhage") == restore("'s Gravenhage") == "'s Gravenhage"


@given(st.text(alphabet="'=+-@\t\r\nab"))
def test_round_trip(cell: str) -> None:
    assert restore(neutralise(cell)) == cell
    assert not neutralise(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
