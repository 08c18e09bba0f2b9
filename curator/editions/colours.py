"""Colours of a mail: an accent that can be read on light and on dark, by the contrast formula of WCAG 2.2. Pure."""

import colorsys
import re
from typing import NamedTuple, TypedDict

READABLE = 4.5
READABLE_AT_NIGHT = 6.0

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_DEFAULT_ACCENT = "#0b5cad"
_MUTED = "#5d5952"


class Palette(TypedDict):
    """One set of colours as #rrggbb. Text colours are readable on `card` and `paper`."""

    paper: str
    card: str
    ink: str
    muted: str
    line: str
    accent: str
    on_accent: str


class Shade(NamedTuple):
    """A colour somebody chose, the one that is used, what it is measured against, and the contrast it has there."""

    name: str
    asked: str
    used: str
    ground: str
    ratio: float


def light(accent: str, paper: str = "") -> Palette:
    """The colours of the light mail; `paper` is made lighter until the words on it can be read."""
    ground = light_enough(paper.lower(), _MUTED) if _HEX.fullmatch(paper) else "#f3f1ec"
    return _palette(accent, READABLE, paper=ground, card="#ffffff", ink="#1d1c1a", muted=_MUTED, line="#e2ded5")


def dark(accent: str) -> Palette:
    """The colours of the dark mail for a newsletter's accent."""
    return _palette(
        accent, READABLE_AT_NIGHT, paper="#131315", card="#1d1d20", ink="#eceae6", muted="#b4b0a8", line="#3a393d"
    )


def judge(accent: str, accent_night: str, paper: str) -> list[Shade]:
    """What becomes of a brand's colours by day and by night: `used` is not `asked` where it was corrected."""
    day, night = light(accent, paper), dark(accent_night or accent)
    shades = [
        _shade("By day", accent, day["accent"], day),
        _shade("By night", accent_night or night["accent"], night["accent"], night),
    ]
    if paper:
        shades.append(Shade("Ground", paper, day["paper"], day["card"], contrast(day["muted"], day["paper"])))
    return shades


def _shade(name: str, asked: str, used: str, palette: Palette) -> Shade:
    return Shade(
        name, asked, used, palette["card"], min(contrast(used, palette["card"]), contrast(used, palette["paper"]))
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.2, 1.4.3)."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def readable(colour: str, *backgrounds: str, least: float = READABLE) -> str:
    """The colour nearest to `colour`, same hue, with at least the contrast `least` on every background."""
    away = 0.0 if _luminance(backgrounds[0]) > 0.18 else 1.0
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    candidate = colour
    for step in range(101):
        candidate = _hex(colorsys.hls_to_rgb(hue, lightness + (away - lightness) * step / 100, saturation))
        if all(contrast(candidate, background) >= least for background in backgrounds):
            break
    return candidate


def light_enough(ground: str, text: str, least: float = READABLE) -> str:
    """The colour nearest to `ground`, mixed with white, on which `text` has at least the contrast `least`."""
    red, green, blue = _channels(ground)
    mixed = ground
    for step in range(101):
        share = step / 100
        mixed = _hex((red + (1 - red) * share, green + (1 - green) * share, blue + (1 - blue) * share))
        if contrast(text, mixed) >= least:
            break
    return mixed


def _palette(accent: str, least: float, *, paper: str, card: str, ink: str, muted: str, line: str) -> Palette:
    chosen = accent.lower() if _HEX.fullmatch(accent) else _DEFAULT_ACCENT
    on_card = readable(chosen, card, paper, least=least)
    on_accent = max(("#ffffff", "#131315"), key=lambda text: contrast(text, on_card))
    return Palette(paper=paper, card=card, ink=ink, muted=muted, line=line, accent=on_card, on_accent=on_accent)


def _channels(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)


def _luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
