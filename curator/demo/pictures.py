"""Pictures for the sample newsletter, drawn by ourselves: a dozen geometric motifs in a few palettes.

The same motif and seed always give the same picture. Nothing here is taken from anywhere.
"""

import io
import random
from collections.abc import Callable
from itertools import pairwise, product
from math import cos, pi, sin
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter, ImageOps

WIDTH, HEIGHT = 1200, 600
_SCALE = 2
_W, _H = WIDTH * _SCALE, HEIGHT * _SCALE

Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw


def _palette(*colours: str) -> tuple[Colour, ...]:
    return tuple((int(c[0:2], 16), int(c[2:4], 16), int(c[4:6], 16)) for c in colours)


PALETTES = (
    _palette("0f2a3f", "17496b", "f2a65a", "f7e3c0", "4fb0ae", "d9583b"),  # night sea, lamp light
    _palette("f4ead7", "ead9ba", "c8553d", "28536b", "7ea8be", "f0b67f"),  # paper, brick, harbour
    _palette("123a33", "1f5c4c", "e8c547", "f6f1dc", "7fb685", "ef6f4f"),  # polder after rain
    _palette("2b2140", "4a3668", "f49d6e", "fbe8d3", "9a8fc4", "e4576e"),  # dusk
    _palette("eef1ee", "d8e3e0", "1d4e5f", "e07a5f", "81b29a", "f2cc8f"),  # morning mist
)


def draw_picture(motif: str, seed: int) -> bytes:
    """A JPEG of WIDTH × HEIGHT pixels. `motif` is a key of MOTIFS."""
    chance = random.Random(seed)  # noqa: S311 - the same picture every time, no secret
    palette = PALETTES[seed % len(PALETTES)]
    image = _ground(palette)
    MOTIFS[motif].draw(ImageDraw.Draw(image), palette, chance)
    small = image.reduce(_SCALE)
    out = io.BytesIO()
    _with_grain(small, chance).save(out, "JPEG", quality=84, optimize=False)
    return out.getvalue()


def _ground(palette: tuple[Colour, ...]) -> Image.Image:
    """A quiet gradient from the first colour at the bottom to the second at the top."""
    ramp = Image.linear_gradient("L").rotate(180).resize((1, _H))
    return ImageOps.colorize(ramp, palette[0], palette[1]).resize((_W, _H), Image.Resampling.NEAREST)


def _with_grain(image: Image.Image, chance: random.Random) -> Image.Image:
    """A breath of paper, so that large faces do not look dead."""
    size = (WIDTH // 2, HEIGHT // 2)
    fine = Image.frombytes("L", size, chance.randbytes(size[0] * size[1])).point(lambda level: 104 + level // 5)
    noise = fine.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    grain = ImageOps.colorize(noise.filter(ImageFilter.BoxBlur(1)), (96, 96, 96), (160, 160, 160))
    return Image.blend(image, Image.composite(image, grain, Image.new("L", image.size, 236)), 0.8)


def _racks(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """Cabinets with lit slots, waves of cooling water below."""
    columns, width = 9, _W // 11
    for column in range(columns):
        left = _W // 11 + column * width
        top = int(_H * chance.uniform(0.1, 0.26))
        draw.rounded_rectangle((left + 14, top, left + width - 14, _H * 0.78), 18, fill=palette[3])
        for row in range(top + 36, int(_H * 0.74), 46):
            lit = chance.choice((palette[2], palette[4], palette[1], palette[1], palette[0]))
            draw.rounded_rectangle((left + 38, row, left + width - 38, row + 22), 11, fill=lit)
    _wave_bands(draw, (palette[4], palette[2], palette[0]), _H * 0.74, 70)


def _waves(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """Swell under a round moon."""
    centre = _W * chance.uniform(0.62, 0.76)
    _disc(draw, centre, _H * 0.34, _H * 0.2, palette[3])
    _disc(draw, centre + _H * 0.05, _H * 0.32, _H * 0.16, palette[2])
    _wave_bands(draw, (palette[4], palette[5], palette[2], palette[3], palette[4], palette[0]), _H * 0.48, 105)


def _wave_bands(draw: Draw, colours: tuple[Colour, ...], top: float, step: float) -> None:
    for band, colour in enumerate(colours):
        base = top + band * step
        crest = [(x, base + sin(x / _W * 2 * pi * (2 + band % 2) + band * 1.3) * 34) for x in range(0, _W + 40, 40)]
        draw.polygon([*crest, (_W, _H), (0, _H)], fill=colour)


def _graph(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """Knots and the lines between neighbours."""
    cells = list(product(range(8), range(4)))
    knots = [
        ((x + 0.5 + chance.uniform(-0.3, 0.3)) * _W / 8, (y + 0.5 + chance.uniform(-0.3, 0.3)) * _H / 4)
        for x, y in cells
    ]
    for one, other in product(knots, knots):
        if one < other and (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 < (_W / 5.4) ** 2:
            draw.line((*one, *other), fill=palette[4], width=5)
    for x, y in knots:
        size = chance.choice((14, 20, 20, 32, 54))
        _disc(draw, x, y, size + 12, palette[0])
        _disc(draw, x, y, size, chance.choice((palette[2], palette[3], palette[5])))


def _sun(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """A low sun in rings, the land in bands."""
    centre = _W * chance.uniform(0.35, 0.65)
    for ring, colour in enumerate((palette[1], palette[5], palette[2], palette[3])):
        _disc(draw, centre, _H * 0.62, _H * (0.56 - ring * 0.12), colour)
    bands = (palette[4], palette[0], palette[2], palette[1], palette[0])
    for band, colour in enumerate(bands):
        top = _H * (0.62 + band * 0.028 + band * band * 0.012)
        draw.rectangle((0, top, _W, _H), fill=colour)


def _chip(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """A die in the middle, light guides to every side."""
    middle_x, middle_y, half = _W / 2, _H / 2, _H * 0.24
    for lane in range(-6, 7):
        offset = lane * half / 6.6
        bend = chance.uniform(0.1, 0.3) * _W
        colour = palette[2] if lane % 3 == 0 else palette[4]
        for side in (-1, 1):
            outer = side * _W / 2
            knee = side * (half + bend)
            points = [(0, offset), (knee, offset), (knee + side * abs(lane) * 16, offset * 2.1), (outer, offset * 2.1)]
            draw.line([(middle_x + x, middle_y + y) for x, y in points], fill=colour, width=9, joint="curve")
            _disc(draw, middle_x + knee, middle_y + offset, 15, palette[3])
    box = (middle_x - half, middle_y - half, middle_x + half, middle_y + half)
    draw.rounded_rectangle(box, 40, fill=palette[3])
    cell = half * 2 / 7
    for x, y in product(range(1, 6), range(1, 6)):
        left, top = middle_x - half + x * cell, middle_y - half + y * cell
        fill = chance.choice((palette[0], palette[1], palette[2], palette[5], palette[4]))
        draw.rounded_rectangle((left + 7, top + 7, left + cell - 7, top + cell - 7), 9, fill=fill)


def _fields(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """A polder seen from above: strips between ditches, one farm."""
    draw.rectangle((0, 0, _W, _H), fill=palette[4])
    x = -_H * 0.6
    while x < _W + _H * 0.6:
        width = chance.uniform(70, 230)
        slant = _H * 0.36
        colour = chance.choice((palette[1], palette[2], palette[3], palette[1], palette[5]))
        split = _H * chance.choice((0.3, 0.42, 0.55, 0.68, 1.0))
        _strip(draw, x, width, slant, 0, split - 10, colour)
        _strip(draw, x, width, slant, split + 10, _H, chance.choice((palette[0], palette[2], palette[1])))
        x += width + 20
    _disc(draw, _W * 0.7, _H * 0.4, 64, palette[3])
    _disc(draw, _W * 0.7, _H * 0.4, 40, palette[5])


def _strip(draw: Draw, x: float, width: float, slant: float, top: float, bottom: float, colour: Colour) -> None:
    at_top, at_bottom = x + slant * (1 - top / _H), x + slant * (1 - bottom / _H)
    draw.polygon([(at_top, top), (at_top + width, top), (at_bottom + width, bottom), (at_bottom, bottom)], fill=colour)


def _lock(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """Open rings, each turned a little, around a keyhole."""
    x, y = _W / 2, _H / 2
    colours = (palette[4], palette[2], palette[3], palette[5], palette[2], palette[4])
    for ring, colour in enumerate(colours):
        radius = _H * (0.92 - ring * 0.125)
        start = chance.uniform(0, 360)
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.arc(box, start, start + chance.uniform(200, 310), fill=colour, width=58)
    _disc(draw, x, y, _H * 0.13, palette[3])
    _disc(draw, x, y - _H * 0.025, _H * 0.042, palette[0])
    foot, neck = _H * 0.036, _H * 0.016
    draw.polygon(
        [(x - neck, y), (x + neck, y), (x + foot, y + _H * 0.085), (x - foot, y + _H * 0.085)], fill=palette[0]
    )


def _orbit(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """A planet of strips, rings of an orbit, one satellite."""
    x, y = _W * 0.42, _H * 1.12
    for ring, width in enumerate((6, 6, 10)):
        radius = _H * (0.84 + ring * 0.16)
        draw.arc((x - radius, y - radius, x + radius, y + radius), 180, 360, fill=palette[4], width=width)
    for band, colour in enumerate((palette[2], palette[3], palette[5], palette[4], palette[1], palette[2])):
        radius = _H * (0.72 - band * 0.09)
        _disc(draw, x, y, radius, colour)
    angle = -pi * chance.uniform(0.28, 0.4)
    sx, sy = x + cos(angle) * _H * 1.16, y + sin(angle) * _H * 1.16
    for side in (-1, 1):
        left, right = sorted((sx + side * 50, sx + side * 170))
        draw.rectangle((left, sy - 34, right, sy + 34), fill=palette[2])
        draw.line(((left + right) / 2, sy - 34, (left + right) / 2, sy + 34), fill=palette[0], width=5)
    draw.rounded_rectangle((sx - 46, sy - 50, sx + 46, sy + 50), 14, fill=palette[3])
    for _ in range(60):
        _disc(draw, chance.uniform(0, _W), chance.uniform(0, _H * 0.5), chance.choice((3, 4, 6)), palette[3])


def _leaf(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """Leaves from two arcs each, in rows."""
    size = _H / 3
    for row, column in product(range(-1, 4), range(-1, 8)):
        x, y = column * size + (row % 2) * size / 2, row * size
        colour = chance.choice((palette[1], palette[2], palette[4], palette[4], palette[5], palette[3]))
        _blade(draw, x, y, size, colour, palette[0], is_mirrored=(row + column) % 2 == 0)


def _blade(draw: Draw, x: float, y: float, size: float, fill: Colour, vein: Colour, *, is_mirrored: bool) -> None:
    steps = 14
    turn = [step / steps * pi / 2 for step in range(steps + 1)]
    upper = [(sin(a), 1 - cos(a)) for a in turn]
    lower = [(1 - cos(a), sin(a)) for a in turn]
    outline = [*upper, *reversed(lower)]
    points = [(x + (1 - px if is_mirrored else px) * size, y + py * size) for px, py in outline]
    draw.polygon(points, fill=fill)
    start, end = (x + size, x) if is_mirrored else (x, x + size)
    draw.line((start, y, end, y + size), fill=vein, width=7)


def _tiles(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """Quarter circles, discs and halves on a grid."""
    side = _H / 4
    for row, column in product(range(4), range(8)):
        left, top = column * side, row * side
        back, front = chance.sample(palette, 2)
        draw.rectangle((left, top, left + side, top + side), fill=back)
        shape = chance.randrange(5)
        if shape < 3:
            corner_x, corner_y = left + side * chance.choice((0, 1)), top + side * chance.choice((0, 1))
            _quarter(draw, (left, top, side), corner_x, corner_y, front)
        elif shape == 3:
            _disc(draw, left + side / 2, top + side / 2, side * 0.34, front)
        else:
            draw.polygon([(left, top), (left + side, top), (left, top + side)], fill=front)


def _quarter(draw: Draw, tile: tuple[float, float, float], x: float, y: float, colour: Colour) -> None:
    left, top, side = tile
    start = {(False, False): 0, (True, False): 90, (True, True): 180, (False, True): 270}[(x > left, y > top)]
    draw.pieslice((x - side, y - side, x + side, y + side), start, start + 90, fill=colour)


def _voices(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """Bars of sound that swell and fade."""
    bars = 46
    step = _W / bars
    swell = chance.uniform(1.5, 2.6)
    for bar in range(bars):
        envelope = sin(pi * (bar + 0.5) / bars) * (0.35 + 0.65 * abs(sin(bar / bars * pi * swell * 2)))
        half = _H * 0.42 * envelope * chance.uniform(0.65, 1) + 16
        colour = palette[2] if bar % 7 else palette[5]
        colour = palette[3] if bar % 5 == 2 else colour
        left = bar * step + step * 0.2
        draw.rounded_rectangle((left, _H / 2 - half, left + step * 0.6, _H / 2 + half), step * 0.3, fill=colour)


def _towers(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """Pylons walking to the horizon, wires between them."""
    _disc(draw, _W * chance.uniform(0.2, 0.4), _H * 0.42, _H * 0.22, palette[2])
    draw.rectangle((0, _H * 0.8, _W, _H), fill=palette[4])
    draw.rectangle((0, _H * 0.88, _W, _H), fill=palette[0])
    tops: list[tuple[float, float, float]] = []
    for number in range(5):
        size = 1 - number * 0.17
        x = _W * (0.92 - number * 0.2)
        foot = _H * (0.92 - number * 0.028)
        _pylon(draw, x, foot, _H * 0.74 * size, palette[3])
        tops.append((x, foot - _H * 0.74 * size * 0.82, _H * 0.17 * size))
    for (x1, y1, arm1), (x2, y2, arm2) in pairwise(tops):
        for side in (-1, 1):
            points = [(x1 + side * arm1, y1), ((x1 + x2) / 2, (y1 + y2) / 2 + 60), (x2 + side * arm2, y2)]
            draw.line(_curve(points), fill=palette[3], width=4)


def _pylon(draw: Draw, x: float, foot: float, height: float, colour: Colour) -> None:
    width, top = max(5, int(height / 90)), foot - height
    legs = height * 0.15
    draw.line([(x - legs, foot), (x, top), (x + legs, foot)], fill=colour, width=width)
    for share in (0.18, 0.42, 0.66):
        half = height * (0.23 - share * 0.11)
        y = top + height * share
        draw.line((x - half, y, x + half, y), fill=colour, width=width)
        inner, lower = legs * share, y + height * 0.22
        draw.line([(x - inner, y), (x + legs * (share + 0.2), lower)], fill=colour, width=width)
        draw.line([(x + inner, y), (x - legs * (share + 0.2), lower)], fill=colour, width=width)


def _curve(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    (x1, y1), (x2, y2), (x3, y3) = points
    steps = [step / 16 for step in range(17)]
    return [
        ((1 - t) ** 2 * x1 + 2 * (1 - t) * t * x2 + t * t * x3, (1 - t) ** 2 * y1 + 2 * (1 - t) * t * y2 + t * t * y3)
        for t in steps
    ]


def _sheets(draw: Draw, palette: tuple[Colour, ...], chance: random.Random) -> None:
    """Sheets of paper fanned out, lines of text on the topmost."""
    colours = (palette[1], palette[4], palette[5], palette[2], palette[3])
    for number, colour in enumerate(colours):
        angle = (number - 4) * 0.2 + chance.uniform(-0.03, 0.03)
        _sheet(draw, _W * (0.36 + number * 0.055), _H * 0.56, angle, colour)
    lines = chance.sample((0.5, 0.62, 0.74, 0.8, 0.8, 0.7, 0.8, 0.55), 8)
    left = _W * 0.58 - _H * 0.27
    for row, share in enumerate(lines):
        y = _H * 0.24 + row * _H * 0.085
        colour = palette[5] if row == 0 else palette[0]
        draw.rounded_rectangle((left, y, left + _H * 0.66 * share, y + 22), 11, fill=colour)


def _sheet(draw: Draw, x: float, y: float, angle: float, colour: Colour) -> None:
    half_width, half_height = _H * 0.35, _H * 0.45
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    points = [
        (
            x + cos(angle) * cx * half_width - sin(angle) * cy * half_height,
            y + sin(angle) * cx * half_width + cos(angle) * cy * half_height,
        )
        for cx, cy in corners
    ]
    draw.polygon(points, fill=colour)


def _disc(draw: Draw, x: float, y: float, radius: float, colour: Colour) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


class Motif(NamedTuple):
    """How to draw it, and what a reader who does not see it is told, in Dutch."""

    draw: Callable[[Draw, tuple[Colour, ...], random.Random], None]
    alt: str


MOTIFS = {
    "racks": Motif(_racks, "Illustratie: een rij serverkasten boven golvend water"),
    "waves": Motif(_waves, "Illustratie: golven in banen onder een ronde maan"),
    "graph": Motif(_graph, "Illustratie: een netwerk van knopen en lijnen"),
    "sun": Motif(_sun, "Illustratie: een lage zon in ringen boven vlak land"),
    "chip": Motif(_chip, "Illustratie: een chip met banen naar alle kanten"),
    "fields": Motif(_fields, "Illustratie: een polder van bovenaf, in schuine stroken"),
    "lock": Motif(_lock, "Illustratie: open ringen rond een sleutelgat"),
    "orbit": Motif(_orbit, "Illustratie: een satelliet in een baan boven een gestreepte planeet"),
    "leaf": Motif(_leaf, "Illustratie: een patroon van bladeren"),
    "tiles": Motif(_tiles, "Illustratie: tegels met kwartcirkels en driehoeken"),
    "voices": Motif(_voices, "Illustratie: een geluidsgolf van staafjes"),
    "towers": Motif(_towers, "Illustratie: hoogspanningsmasten tot aan de horizon"),
    "sheets": Motif(_sheets, "Illustratie: een waaier van vellen papier"),
}
"""What a picture can show."""
