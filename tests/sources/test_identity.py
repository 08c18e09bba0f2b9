import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import Invalid
from curator.sources.identity import (
    SHARED_WHEN_SAME,
    address_key,
    canonical_address,
    checked_address,
    content_hash,
    feed_address,
    is_probably_same,
    shared_hashes,
    similar_titles,
    sketch,
)

WORDS = [f"woord{i}" for i in range(3_000)]


@pytest.mark.parametrize(
    "spelling",
    [
        "HTTPS://WWW.Example.org:443/a/b/?utm_source=x&id=3&b=&a=1#part",
        "http://example.org/a/b?a=1&b=&id=3&fbclid=abc",
        "https://user@example.org/a/b/?id=3&UTM_Medium=mail&a=1&b=",
    ],
)
def test_spellings_of_one_address_have_one_key(spelling: str) -> None:
    assert address_key(spelling) == "example.org/a/b?a=1&b=&id=3"


def test_parameters_that_choose_the_page_stay() -> None:
    assert canonical_address("https://example.org/?id=7&page=2&ref=x") == "https://example.org/?id=7&page=2&ref=x"
    assert address_key("https://example.org/?id=7") != address_key("https://example.org/?id=8")


def test_front_pages_and_trailing_slashes() -> None:
    assert address_key("https://www.example.org/") == address_key("http://example.org") == "example.org"
    assert address_key("https://example.org/a/") == address_key("https://example.org/a")


@given(st.text(max_size=80))
def test_an_address_is_refused_or_has_a_stable_key(text: str) -> None:
    try:
        address = checked_address(f"https://example.org/{text}")
    except Invalid:
        return
    canonical = canonical_address(address)
    assert canonical_address(canonical) == canonical
    assert address_key(canonical) == address_key(address)


@given(st.text(max_size=60))
def test_any_text_is_a_usable_address_or_refused(text: str) -> None:
    try:
        address = checked_address(text)
    except Invalid:
        return
    assert address_key(address)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "just words",
            "ftp://example.org/x",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://",
            "http:///x",
        ),
        *("https://user:pass@example.org/", "https://example.org:port/", "https://[::1", "https://example.org/a b"),
        *("https://example.org/\x00", "https://example.org/a\nb", "https://example.org/" + "a" * 2_000),
    ],
)
def test_what_is_no_web_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        checked_address(text)


def test_a_scheme_may_be_left_out() -> None:
    assert checked_address(" www.example.org/a ") == "https://www.example.org/a"


def test_the_hash_minds_words_only() -> None:
    assert content_hash("De Titel", "Een  tekst.\n\nMeer!") == content_hash("de titel", "een tekst meer")
    assert content_hash("De Titel", "Een tekst") != content_hash("De Titel", "Een andere tekst")


def test_a_sketch_is_small_sorted_and_fits_a_bigint() -> None:
    made = sketch(" ".join(WORDS))
    assert len(made) == 64
    assert made == sorted(made)
    assert all(0 <= number < 2**63 for number in made)
    assert sketch("te kort") == []


def test_altered_copies_share_enough_and_others_do_not() -> None:
    chance = random.Random(7)
    text = chance.choices(WORDS, k=500)
    altered = [chance.choice(WORDS) if chance.random() < 0.08 else word for word in text]
    other = chance.choices(WORDS, k=500)
    assert shared_hashes(sketch(" ".join(text)), sketch(" ".join(altered))) >= SHARED_WHEN_SAME
    assert shared_hashes(sketch(" ".join(text)), sketch(" ".join(other))) < SHARED_WHEN_SAME


def test_within_one_feed_the_titles_must_agree_too() -> None:
    boilerplate = ("Weekoverzicht nummer twaalf", "De nieuwe chips van vandaag")
    assert is_probably_same(16, same_source=False, titles=boilerplate)
    assert not is_probably_same(64, same_source=True, titles=boilerplate)
    assert is_probably_same(16, same_source=True, titles=("Groot nieuw datacenter", "groot nieuw Datacenter!"))
    assert not is_probably_same(15, same_source=False, titles=("gelijk", "gelijk"))
    assert not similar_titles("Groot datacenter in Essonne", "Kleine fabriek in Twente")


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("feed://a.example/rss", "https://a.example/rss"),
        (" FEED:http://a.example/rss", "http://a.example/rss"),
        ("feed:https://a.example/rss", "https://a.example/rss"),
        ("https://a.example/feed:x", "https://a.example/feed:x"),
    ],
)
def test_the_address_of_a_feed_as_browsers_write_it(written: str, address: str) -> None:
    assert feed_address(written) == address
