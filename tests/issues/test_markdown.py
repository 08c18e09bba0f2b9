"""Markdown to HTML that cannot act and text that loses nothing."""

import html
import re

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.issues.markdown import from_text, to_html, to_text


@pytest.mark.parametrize(
    ("markdown", "wanted"),
    [
        ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>"),
        ("[site](https://example.org/a?b=1&c=2)", '<p><a href="https://example.org/a?b=1&amp;c=2">site</a></p>'),
        ("# Top", "<h2>Top</h2>"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("{{ 7*7 }}", "<p>{{ 7*7 }}</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("", ""),
    ],
)
def test_to_html(markdown: str, wanted: str) -> None:
    assert to_html(markdown) == wanted


@pytest.mark.parametrize(
    "attack",
    [
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        '<img src=x onerror="alert(1)">',
        "![x](https://example.org/x.png)",
        '[x](https://example.org "onmouseover=alert(1) \\"")',
    ],
)
def test_nothing_acts(attack: str) -> None:
    rendered = to_html(attack)
    tags = re.findall(r"<[^>]*>", rendered)
    assert all(
        re.fullmatch(r'</?p>|</a>|<a href="https://example\.org[/x.png]*"( title="[^"]*")?>', tag) for tag in tags
    ), tags


def test_deep_nesting_ends() -> None:
    assert to_html(">" * 5_000 + " deep")
    assert isinstance(to_text("- " * 2_000 + "deep"), str)


@pytest.mark.parametrize(
    ("markdown", "wanted"),
    [
        ("See [the report](https://example.org/r).", "See the report (https://example.org/r)."),
        ("<https://example.org/r>", "https://example.org/r"),
        ("**bold** *soft* `code`", "bold soft code"),
        ("- one\n- two\n  more", "- one\n- two\n  more"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("> said\n> she", "> said\n> she"),
        ("## Head\n\nBody", "Head\n\nBody"),
        ("- a\n  - b", "- a\n  - b"),
        ("1 < 2 & 3", "1 < 2 & 3"),
    ],
)
def test_to_text(markdown: str, wanted: str) -> None:
    assert to_text(markdown) == wanted


@pytest.mark.parametrize(
    "words", ["*stars* & [brackets](x)", "# 1", "- dash", "1. one", "2) two", "a_b_c <b>", "\\x", "==="]
)
def test_words_of_an_article_print_literally(words: str) -> None:
    assert to_text(from_text(words)) == words
    assert to_html(from_text(words)) == f"<p>{html.escape(words, quote=False)}</p>"


@given(st.text())
def test_html_is_already_clean(markdown: str) -> None:
    rendered = to_html(markdown)
    assert "<script" not in rendered
    assert nh3.clean(rendered, link_rel=None) == rendered
