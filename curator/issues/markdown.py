"""Markdown of blurbs and introductions to safe HTML and to plain text. Pure; HTML in the source prints literally.

The HTML has only the tags below, no classes, no styles, no images (a picture belongs to an item, with its size
and alternative text); links keep their addresses exactly, http, https and mailto only.
"""

import re
from collections.abc import Iterable

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "code", "pre", "h2", "h3", "h4", "hr",
}  # fmt: skip
_HEADINGS = {"h1": "h2", "h5": "h4", "h6": "h4"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)
_PARSER = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).disable(["image", "html_block", "html_inline"])
_SPECIAL = re.compile(r"([\\`*_\[\]<>&])")
_LINE_START = re.compile(r"^(\s*)([-+#=~|]|\d+(?=[.)]))", re.MULTILINE)


def to_html(markdown: str) -> str:
    """Safe HTML of CommonMark; headings are h2 to h4 because the issue's own title is the h1."""
    tokens = _PARSER.parse(markdown)
    for token in tokens:
        token.tag = _HEADINGS.get(token.tag, token.tag)
    return _CLEANER.clean(_PARSER.renderer.render(tokens, _PARSER.options, {})).strip()


def to_text(markdown: str) -> str:
    """Plain text: a link is `text (address)`, list lines start with `- ` or `1. `, quotes with `> `. Not wrapped."""
    blocks, _ = _blocks(_PARSER.parse(markdown), 0, None)
    return "\n\n".join(blocks)


def from_text(text: str) -> str:
    """Markdown that prints `text` literally, for the words of an article that become a first blurb."""
    escaped = _SPECIAL.sub(r"\\\1", text)
    return _LINE_START.sub(_escape_line_start, escaped)


def _escape_line_start(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}\\" if found[2].isdigit() else f"{found[1]}\\{found[2]}"


def _blocks(tokens: list[Token], start: int, closing: str | None) -> tuple[list[str], int]:
    """The text blocks from `start` up to the token of type `closing`, and where that token stands."""
    blocks: list[str] = []
    position = start
    while position < len(tokens) and tokens[position].type != closing:
        token = tokens[position]
        if token.type == "inline":
            blocks.append(_inline(token.children or []))
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content.rstrip("\n"))
        elif token.type == "hr":
            blocks.append("* * *")
        elif token.type == "blockquote_open":
            inner, position = _blocks(tokens, position + 1, "blockquote_close")
            blocks.append(_prefixed("\n\n".join(inner), "> ", "> "))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            lines, position = _list(tokens, position)
            blocks.append("\n".join(lines))
        position += 1
    return blocks, position


def _list(tokens: list[Token], start: int) -> tuple[list[str], int]:
    opening = tokens[start]
    is_ordered = opening.type == "ordered_list_open"
    number = int(opening.attrs.get("start", 1)) if is_ordered else 0
    lines: list[str] = []
    position = start + 1
    while tokens[position].type == "list_item_open":
        inner, position = _blocks(tokens, position + 1, "list_item_close")
        mark = f"{number}. " if is_ordered else "- "
        lines.append(_prefixed("\n".join(inner), mark, " " * len(mark)))
        number += 1
        position += 1
    return lines, position


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join((first if index == 0 else rest) + line for index, line in enumerate(lines)).rstrip()


def _inline(tokens: Iterable[Token]) -> str:
    pieces: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        if token.type == "link_open":
            links.append((str(token.attrs.get("href", "")), len(pieces)))
        elif token.type == "link_close" and links:
            address, since = links.pop()
            label = "".join(pieces[since:])
            if address.removeprefix("mailto:") != label:
                pieces.append(f" ({address})")
        elif token.type in ("softbreak", "hardbreak"):
            pieces.append("\n")
        else:
            pieces.append(token.content)
    return "".join(pieces)
