"""Addresses: one canonical form or a clear refusal, whatever is thrown in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.audience.addresses import LONGEST, address_hash, canonical, mailbox_key
from curator.errors import Invalid


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("anna@example.org", "anna@example.org"),
        ("  Anna.de.Vries@EXAMPLE.org\n", "Anna.de.Vries@example.org"),
        ("o'brien+news@sub.example.org", "o'brien+news@sub.example.org"),
        ("jan@bücher.example", "jan@xn--bcher-kva.example"),
        ("jan@bu\u0308cher.example", "jan@xn--bcher-kva.example"),
        ("jan@ｅｘａｍｐｌｅ.org", "jan@example.org"),
        ("jan@XN--BCHER-KVA.example", "jan@xn--bcher-kva.example"),
        ("j" * 64 + "@example.org", "j" * 64 + "@example.org"),
    ],
)
def test_one_form(given: str, address: str) -> None:
    assert canonical(given).address == address
    assert canonical(given).key == address.lower()
    assert canonical(canonical(given).address) == canonical(given)


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("", "no address"),
        ("anna", "@"),
        ("@example.org", "@"),
        ("anna@", "@"),
        ("anna@localhost", "domain"),
        ("anna@example..org", "domain"),
        ("anna@-example.org", "domain"),
        ("anna@192.168.0.1", "domain"),
        ("anna@[192.168.0.1]", "domain"),
        ("anna@example.org.", "domain"),
        ("an na@example.org", "spaces"),
        ("anna@exam\u2028ple.org", "spaces"),
        ("anna@example.org\r\nBcc: victim@example.org", "spaces"),
        ("anna@example.org\x00", "spaces"),
        ("=?utf-8?q?anna?=@example.org", "control"),
        ("anna@example.org,ben@example.org", "one address"),
        ("anna@example.org;ben@example.org", "one address"),
        ('"a@b"@example.org', "one address"),
        ("Anna <anna@example.org>", "spaces"),
        ("<anna@example.org>", "alone"),
        ("anna(comment)@example.org", "alone"),
        ('"anna"@example.org', "alone"),
        (".anna@example.org", "before the @"),
        ("an..na@example.org", "before the @"),
        ("ａnna@example.org", "before the @"),
        ("j" * 65 + "@example.org", "64"),
        ("j" * 60 + "@" + "a." * 120 + "org", str(LONGEST)),
    ],
)
def test_clear_refusal(given: str, part: str) -> None:
    with pytest.raises(Invalid) as caught:
        canonical(given)
    assert part in caught.value.message


def test_homographs_stay_different() -> None:
    assert canonical("anna@pаypal.example").key != canonical("anna@paypal.example").key


@given(st.text(max_size=400))
def test_never_anything_else(text: str) -> None:
    try:
        found = canonical(text)
    except Invalid as error:
        assert error.message
        return
    assert found.address.isascii() and found.address.count("@") == 1 and len(found.address) <= LONGEST
    assert not set(found.address) & set(' \t\r\n\x00,;<>"()')
    assert canonical(found.address) == found


def test_hash_needs_the_pepper() -> None:
    assert address_hash("anna@example.org", b"a" * 32) == address_hash("anna@example.org", b"a" * 32)
    assert address_hash("anna@example.org", b"a" * 32) != address_hash("anna@example.org", b"b" * 32)
    assert len(address_hash("anna@example.org", b"a" * 32)) == 32


@pytest.mark.parametrize(
    ("key", "mailbox"),
    [
        ("anna@example.org", "anna@example.org"),
        ("an.na+x+y@example.org", "anna@example.org"),
        ("+tag@example.org", "+tag@example.org"),
    ],
)
def test_mailbox_behind_an_address(key: str, mailbox: str) -> None:
    assert mailbox_key(key) == mailbox
