import re

import pytest

from curator.editions.preview import preview_html, preview_text
from curator.editions.slots import Marks
from tests.editions import sample


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_a_preview_acts_on_nothing_and_has_no_mark_left(theme: str) -> None:
    content = sample.issue()
    page = preview_html(content, public_url=sample.PUBLIC_URL, theme=theme)  # type: ignore[arg-type]
    assert not Marks(content.content_hash).pattern.search(page)
    assert not re.search(r"/[ocupv]/", page)
    assert 'href="https://nieuws.example.org/artikel/1?a=1&amp;b=2"' in page
    assert "Goedemorgen lezer," in page


def test_a_theme_holds_whatever_the_browser_prefers() -> None:
    content = sample.issue()
    dark = preview_html(content, public_url=sample.PUBLIC_URL, theme="dark")
    light = preview_html(content, public_url=sample.PUBLIC_URL, theme="light")
    assert "@media all" in dark and 'name="color-scheme" content="dark"' in dark
    assert "@media not all" in light and 'name="color-scheme" content="light"' in light
    assert "prefers-color-scheme" not in dark + light
    assert "prefers-color-scheme" in preview_html(content, public_url=sample.PUBLIC_URL, theme="auto")


def test_the_text_is_what_a_reader_without_a_name_gets() -> None:
    content = sample.issue()
    text = preview_text(content, public_url=sample.PUBLIC_URL)
    assert "Goedemorgen lezer," in text
    assert "https://nieuws.example.org/artikel/1?a=1&b=2" in text
    assert not Marks(content.content_hash).pattern.search(text)


def test_a_fallback_cannot_become_markup() -> None:
    content = sample.issue(intro_html="<p>{name|&lt;script&gt;alert(1)&lt;/script&gt;}</p>")
    assert "<script" not in preview_html(content, public_url=sample.PUBLIC_URL)
