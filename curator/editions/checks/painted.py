"""The colours each text of a mail really gets, in the light and in the dark, from its elements' styles. Pure.

Light is what was inlined; dark adds the rules in `@media (prefers-color-scheme: dark)`. A colour that cannot be read
here (a name, a gradient, a picture) is None: nothing is said about it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree
from lxml.cssselect import CSSSelector

_DARK = re.compile(r"@media[^{]*prefers-color-scheme:\s*dark[^{]*\{")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*\)")
_NAMED = {"white": "#ffffff", "black": "#000000"}

Styles = dict[etree._Element, dict[str, str]]


@dataclass(frozen=True)
class Painted:
    """A text with its colour and what is behind it, as #rrggbb. `is_large` from 24 px, or bold from 18.66 px."""

    text: str
    colour: str | None
    background: str | None
    is_large: bool


@dataclass(frozen=True)
class _Paint:
    colour: str | None = "#000000"
    background: str | None = "#ffffff"
    size: float = 16.0
    is_bold: bool = False


def painted(page: etree._Element, *, is_dark: bool) -> Iterator[Painted]:
    """Every visible text of the page."""
    body = page.find("body")
    if body is not None:
        yield from _walk(body, _Paint(), _dark_styles(page) if is_dark else {})


def style_of(element: etree._Element) -> dict[str, str]:
    """The declarations of an element's own style, names in lower case."""
    return _declarations(element.attrib.get("style", ""))


def _walk(element: etree._Element, above: _Paint, dark: Styles) -> Iterator[Painted]:
    style = style_of(element) | dark.get(element, {})
    if style.get("display") == "none" or element.attrib.get("aria-hidden") == "true":
        return
    paint = _paint(element, style, above)
    is_large = paint.size >= 24 or (paint.is_bold and paint.size >= 18.66)
    texts = [element.text, *(child.tail for child in element)]
    if words := " ".join(" ".join(text.split()) for text in texts if text and text.strip("\xa0\u200c\u034f \n\t·—")):
        yield Painted(words[:80], paint.colour, paint.background, is_large)
    for child in element:
        if isinstance(child.tag, str) and child.tag not in ("style", "script", "title"):
            yield from _walk(child, paint, dark)


def _paint(element: etree._Element, style: dict[str, str], above: _Paint) -> _Paint:
    ink = style.get("color", "")
    behind = style.get("background-color") or style.get("background") or element.attrib.get("bgcolor") or ""
    size = re.fullmatch(r"([\d.]+)px", style.get("font-size", ""))
    weight = style.get("font-weight", "")
    is_heading = element.tag in ("h1", "h2", "h3", "b", "strong", "th")
    return _Paint(
        colour=_colour(ink) if ink not in ("", "inherit") else above.colour,
        background=_colour(behind) if behind not in ("", "transparent", "inherit", "none") else above.background,
        size=float(size[1]) if size else above.size,
        is_bold=(weight in ("bold", "600", "700", "800", "900")) if weight else above.is_bold or is_heading,
    )


def _colour(value: str) -> str | None:
    value = value.strip().lower()
    value = _NAMED.get(value, value)
    if found := _RGB.fullmatch(value):
        return "#" + "".join(f"{min(255, int(channel)):02x}" for channel in found.groups())
    if not (found := _HEX.fullmatch(value)):
        return None
    return value if len(value) == 7 else "#" + "".join(digit * 2 for digit in found[1])


def _dark_styles(page: etree._Element) -> Styles:
    """What the dark rules say for each element; a later rule wins, as all of them are `!important`."""
    styles: Styles = {}
    for sheet in page.iter("style"):
        for selectors, body in _dark_rules(sheet.text or ""):
            for selector in selectors.split(","):
                for element in _matched(page, selector.strip()):
                    styles.setdefault(element, {}).update(_declarations(body))
    return styles


def _dark_rules(sheet: str) -> Iterator[tuple[str, str]]:
    for opening in _DARK.finditer(sheet):
        depth, end = 1, opening.end()
        while depth and end < len(sheet):
            depth += {"{": 1, "}": -1}.get(sheet[end], 0)
            end += 1
        yield from ((found[1], found[2]) for found in _RULE.finditer(sheet[opening.end() : end - 1]))


def _matched(page: etree._Element, selector: str) -> list[etree._Element]:
    try:
        found: Any = CSSSelector(selector, translator="html")(page)
        return list(found)
    except Exception:  # noqa: BLE001 - a selector of somebody's design that lxml cannot read paints nothing here
        return []


def _declarations(style: str) -> dict[str, str]:
    pairs = (declaration.partition(":") for declaration in style.split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip().lower() for name, colon, value in pairs if colon
    }
