import dataclasses
import re

from hypothesis import given
from hypothesis import strategies as st

from curator.editions.plain_text import WIDTH, without_markup, wrap
from tests.editions import sample


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=400))
def test_wrapping_keeps_every_word_and_breaks_only_at_spaces(text: str) -> None:
    wrapped = wrap(text)
    assert re.sub(r"[\s>-]", "", wrapped) == re.sub(r"[\s>-]", "", text)
    for line in wrapped.split("\n"):
        assert len(line) <= WIDTH or len(line.split()) <= 1 + len(re.findall(r"(?:^|\s)(?:>|-|\d+[.)])(?=\s)", line))


def test_lists_and_quotes_keep_their_indentation() -> None:
    assert wrap("- " + "woord " * 20).split("\n")[1].startswith("  woord")
    assert wrap("> " + "woord " * 20).split("\n")[1].startswith("> woord")


def test_the_text_part_has_every_word_and_every_link_within_the_width() -> None:
    content = sample.issue({"tracking": "off"})
    text, _ = sample.bodies(sample.message(content))
    for words in ("Een datacenter in Essonne", "door Noor Visser", "4 min. lezen", "[Bouwput]", "[Advertentie]"):
        assert words in text
    for section in content.sections:
        for item in section.items:
            assert f"\n{item.address}\n" in text
    assert re.search(r"Uitschrijven:\nhttps://desk\.example\.org/u/[\w-]{46}\n", text)
    assert [line for line in text.split("\n") if len(line) > WIDTH and "://" not in line] == []


def test_an_address_in_running_text_is_followed_like_in_html() -> None:
    text, page = sample.bodies(sample.message(sample.issue()))
    found = re.search(r"\((https://desk\.example\.org/c/[\w-]{46}/\d+)\)\.", text)
    assert found and f'href="{found[1]}"' in page


def test_an_empty_section_leaves_no_trace() -> None:
    content = sample.issue()
    empty = dataclasses.replace(content, sections=(*content.sections, sample.section("Leeg")))
    assert all("Leeg" not in body for body in sample.bodies(sample.message(empty)))


@given(st.text())
def test_text_never_looks_like_markup(text: str) -> None:
    safe = without_markup(text)
    assert safe.replace("\u2060", "") == text.replace("\u2060", "")
    assert not re.search(r"<[a-z/][^>]*>|&[a-z]+;|\{\{|\{%", safe)
