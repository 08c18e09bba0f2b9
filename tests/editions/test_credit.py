"""The credit line in the mail: in every design and language, in both parts, and only where somebody is named."""

import pytest

from curator.editions.document import credit_line
from curator.issues.brand import DESIGNS
from curator.issues.newsletters import LANGUAGES
from tests.editions import sample

NAMES = "Anna <b>x</b> & {{ 7331*1379 }} {name|you}"


def bodies(credit: str, **newsletter: str) -> tuple[str, str]:
    """(text, HTML) of an issue with one item."""
    item = sample.item(1, "Een titel", credit=credit)
    content = sample.issue(newsletter, sections=(sample.section("Nieuws", item),))
    return sample.bodies(sample.message(content))


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_shows_it_once_in_both_parts(design: str) -> None:
    text, html = bodies(NAMES, design=design, language="en")
    assert text.count("Suggested by Anna") == html.count("Suggested by Anna") == 1
    assert "Anna &lt;b&gt;x&lt;/b&gt; &amp;" in html and "10109449" not in html + text
    assert "{name|you}" in html and "{name|you}" in text, "a stranger's name is no merge field"


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_the_words_of_the_newsletter(language: str) -> None:
    line = credit_line(sample.item(1, "Een titel", credit="Anna"), language)
    assert "Anna" in line and len(line) > len("Anna") + 4
    assert ("Suggested" in line) == (language == "en")


def test_nothing_where_nobody_is_named() -> None:
    assert "Suggested" not in "".join(bodies("", language="en"))
