"""Envelope paths: one recipient, domain in ASCII, local part untouched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.addresses import path_of


@pytest.mark.parametrize(
    ("address", "text", "is_ascii"),
    [
        ("Jan.Jansen+x@Example.org", "Jan.Jansen+x@Example.org", True),
        ("jan@bücher.example", "jan@xn--bcher-kva.example", True),
        ("jürgen@example.org", "jürgen@example.org", False),
    ],
)
def test_a_path(address: str, text: str, is_ascii: bool) -> None:
    assert path_of(address) == (text, is_ascii)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "jan",
        "@example.org",
        "jan@",
        "a@b@example.org",
        "a@example.org>,<b@example.org",
        "a@example.org\r\nRCPT",
        "a b@x.org",
    ],
)
def test_what_is_not_one_address(address: str) -> None:
    with pytest.raises(ValueError, match="not one address"):
        path_of(address)


@given(st.text(max_size=80))
def test_no_text_ends_the_command_early(text: str) -> None:
    try:
        path = path_of(text)
    except ValueError:
        return
    assert not set(path.text) & set("\r\n<> ,")
