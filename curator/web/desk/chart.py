"""The hours after sending as stacked bars: numbers in, positions out. The template draws them, the stylesheet colours.

Drawn on a grid of its own that stretches to any width, so it holds no text; the same numbers stand in a table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

HOURS = 48
"""How much of the time after sending is drawn. What comes later is a number beside the chart."""

BAR = 10
HEIGHT = 100
_GAP = 2
_ACTORS = ("people", "aggregate", "machines")


@dataclass(frozen=True)
class Piece:
    """A part of a bar: who, and where on the grid."""

    actor: str
    x: int
    y: float
    width: int
    height: float


@dataclass(frozen=True)
class Chart:
    """`top` is the number the grid's height stands for, `later` what came after the hours drawn."""

    pieces: tuple[Piece, ...]
    top: int
    width: int
    height: int
    later: int
    total: int


@dataclass(frozen=True)
class Hour:
    """One row of the table: the hour's beginning, and hits by actor for opens and clicks."""

    at: datetime
    opens: Mapping[str, int]
    clicks: Mapping[str, int]


def hours_of(report: Mapping[str, Any]) -> list[Hour]:
    """The report's hours with their times read."""
    return [Hour(datetime.fromisoformat(h["hour"]), h["opens"], h["clicks"]) for h in report["hours"]]


def draw(hours: Sequence[Hour], what: str, start: datetime | None) -> Chart:
    """Bars for `what` ("opens" or "clicks") in the `HOURS` from the hour of `start`."""
    first = _floor(start or (hours[0].at if hours else datetime.now(UTC)))
    columns: dict[int, Mapping[str, int]] = {}
    later = 0
    for hour in hours:
        index = (hour.at - first) // timedelta(hours=1)
        numbers: Mapping[str, int] = getattr(hour, what)
        if index < HOURS:
            columns[max(index, 0)] = numbers
        else:
            later += sum(numbers.values())
    top = _round_up(max((sum(numbers.values()) for numbers in columns.values()), default=0))
    pieces = [piece for index, numbers in sorted(columns.items()) for piece in _bar(index, numbers, top)]
    total = later + sum(sum(numbers.values()) for numbers in columns.values())
    return Chart(tuple(pieces), top, HOURS * BAR, HEIGHT, later, total)


def _bar(index: int, numbers: Mapping[str, int], top: int) -> list[Piece]:
    """One hour's pieces, people at the bottom."""
    pieces, base = [], float(HEIGHT)
    for actor in _ACTORS:
        height = round(numbers[actor] / top * HEIGHT, 2)
        if height:
            base -= height
            pieces.append(Piece(actor, index * BAR + _GAP // 2, round(base, 2), BAR - _GAP, height))
    return pieces


def _round_up(number: int) -> int:
    """The next number that reads well at the top of a scale: 1, 2, 4, 5 or 10 times a power of ten."""
    power = 1
    while True:
        for step in (1, 2, 4, 5):
            if step * power >= number:
                return step * power
        power *= 10


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
