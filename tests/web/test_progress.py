"""A delivery in plain words, and the chart's positions: pure, on values."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.models import DeliveryState
from curator.web.desk.chart import HEIGHT, HOURS, Hour, draw
from curator.web.desk.progress import duration, show
from curator.web.desk.report import share

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _status(state: str = "sending", **changed: Any) -> dict[str, Any]:
    return {
        "state": state,
        "reason": None,
        "candidates": 200,
        "accepted": 100,
        "excluded_total": 10,
        "excluded": {"paused": 3, "bounced": 7},
        "failed": 5,
        "failed_reasons": {"policy": 5},
        "unknown": 1,
        "waiting": 84,
        "counts": {"pending": 80, "deferred": 4, "claimed": 0},
        "rate": 4.2,
        "predicted_end": (NOW + timedelta(seconds=20)).isoformat(),
        "trouble": [],
        "started_at": NOW.isoformat(),
        "finished_at": None,
        "scheduled_at": NOW.isoformat(),
        "pilot": None,
        "requeues": [],
    } | changed


def test_progress_is_of_those_who_are_to_be_mailed() -> None:
    shown = show(_status(), NOW)
    assert (shown.done, shown.expected) == (106, 190)
    assert [(term.name, term.count) for term in shown.terms] == [
        ("accepted", 100),
        ("excluded", 10),
        ("failed", 5),
        ("unknown", 1),
        ("waiting", 84),
    ]
    assert shown.terms[1].parts == (("bounced", 7), ("paused", 3))


def test_the_end_is_told_as_predicted() -> None:
    assert show(_status(), NOW).ends_at == NOW + timedelta(seconds=20)


@pytest.mark.parametrize(
    "changed",
    [{"predicted_end": None}, {"predicted_end": NOW}, {"state": "paused"}, {"trouble": ["No worker is running."]}],
)
def test_no_end_is_promised_without_grounds(changed: dict[str, Any]) -> None:
    assert show(_status(**changed), NOW).ends_at is None


@pytest.mark.parametrize("state", list(DeliveryState))
def test_every_state_has_words_and_final_ones_no_brakes(state: DeliveryState) -> None:
    shown = show(_status(state.value), NOW)
    assert shown.word and shown.is_final == (not shown.actions)


def test_trouble_is_shown_as_it_is_told() -> None:
    assert show(_status(trouble=["One.", "Two."]), NOW).warnings == ("One.", "Two.")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "under a second"), (42, "42 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_spans_read_well(seconds: float, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(("part", "whole", "text"), [(0, 0, ""), (1, 300, "0.3"), (0, 5, "0"), (128, 222, "58")])
def test_shares_read_well(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


def _hour(hours: int, people: int, machines: int = 0, aggregate: int = 0) -> Hour:
    numbers = {"people": people, "machines": machines, "aggregate": aggregate}
    return Hour(NOW + timedelta(hours=hours), numbers, dict.fromkeys(numbers, 0))


def test_bars_stand_on_the_ground_and_on_each_other() -> None:
    chart = draw([_hour(0, 5, 3, 2), _hour(2, 1)], "opens", NOW + timedelta(minutes=30))
    assert chart.top == 10
    first = [(piece.actor, piece.y, piece.height) for piece in chart.pieces if piece.x < 10]
    assert first == [("people", 50.0, 50.0), ("aggregate", 30.0, 20.0), ("machines", 0.0, 30.0)]


def test_what_comes_later_is_a_number() -> None:
    chart = draw([_hour(0, 1), _hour(HOURS, 4)], "opens", NOW)
    assert (chart.later, chart.total, len(chart.pieces)) == (4, 5, 1)


@given(st.lists(st.tuples(st.integers(-3, 100), st.integers(0, 10**6), st.integers(0, 10**6)), max_size=60))
def test_bars_never_leave_the_grid(numbers: list[tuple[int, int, int]]) -> None:
    hours = [_hour(at, people, machines) for at, people, machines in sorted({n[0]: n for n in numbers}.values())]
    chart = draw(hours, "opens", NOW)
    assert all(piece.y >= 0 and piece.y + piece.height <= HEIGHT + 0.1 for piece in chart.pieces)
    assert all(piece.x >= 0 and piece.x + piece.width <= chart.width for piece in chart.pieces)
