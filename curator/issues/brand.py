"""How a newsletter may look: our designs, the fonts every mail program knows, and how large a logo stands. Pure."""

import re
from typing import Any

from curator.errors import Invalid

CLASSIC = "classic"

DESIGNS = {
    CLASSIC: "A newspaper’s front page: a title above, one wide story, smaller ones below. Pictures large and small.",
    "magazine": "A cover in your colour, one picture from edge to edge, then stories side by side. Made for pictures.",
    "compact": "A page of links: sections at the side, titles you can scan, no pictures. For many items.",
    "letter": "A letter in words only: a date, a salutation, what you have to tell, your name. No pictures.",
}
"""Every design by the name of its folder in templates/email, with what it is for."""

FONTS = {
    "georgia": ("Georgia", "Georgia, Times New Roman, serif"),
    "palatino": ("Palatino", "Palatino Linotype, Palatino, Book Antiqua, Georgia, serif"),
    "times": ("Times", "Times New Roman, Times, serif"),
    "system": ("The reader’s own", "-apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"),
    "helvetica": ("Helvetica", "Helvetica Neue, Helvetica, Arial, sans-serif"),
    "trebuchet": ("Trebuchet", "Trebuchet MS, Tahoma, sans-serif"),
    "verdana": ("Verdana", "Verdana, Geneva, sans-serif"),
    "courier": ("Courier", "Courier New, Courier, monospace"),
}
"""Fonts that are installed nearly everywhere: what people call them, and the list a mail names, without quotes."""

LOGO_WIDEST, LOGO_TALLEST = 280, 72

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def check_design(name: str) -> str:
    """The name of a design of ours; `Invalid` lists them for any other."""
    if name not in DESIGNS:
        raise Invalid(f"There is no design “{name}”. Choose {', '.join(list(DESIGNS)[:-1])} or {list(DESIGNS)[-1]}.")
    return name


def check_font(value: Any) -> str:
    """The name of a safe font, or nothing for the design's own."""
    name = str(value or "")
    if name and name not in FONTS:
        raise Invalid(f"There is no font “{name}” that every mail program has. Choose {', '.join(FONTS)}, or none.")
    return name


def check_colour(value: Any) -> str:
    """A colour as #rrggbb in small letters."""
    if not _COLOUR.fullmatch(str(value)):
        raise Invalid("The colour is a # and six hexadecimal digits, such as #0b5cad.")
    return str(value).lower()


def check_colour_or_none(value: Any) -> str:
    """A colour, or nothing for the one that goes with the design."""
    return check_colour(value) if value else ""


def font_stack(name: str) -> str:
    """What a mail names for a font; empty for the design's own."""
    return FONTS[name][1] if name in FONTS else ""


def logo_size(width: int, height: int) -> tuple[int, int]:
    """Width and height in pixels a logo stands at: within 280 by 72, never larger than it is."""
    scale = min(1.0, LOGO_WIDEST / max(1, width), LOGO_TALLEST / max(1, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
