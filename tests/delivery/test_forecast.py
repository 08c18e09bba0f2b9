"""The forecast: pure, on values."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.forecast import Allowance, Load, predict
from curator.delivery.limits import MARGIN
from curator.delivery.warm_up import WarmUp

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def minutes(end: datetime | None) -> float:
    assert end is not None
    return (end - NOON).total_seconds() / 60


def test_nobody_knows_without_a_limit_or_a_measured_rate() -> None:
    assert predict(Load(1000), Allowance(), NOON) is None
    assert predict(Load(0), Allowance(), NOON) == NOON


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (Allowance(caps=(10.0,)), 10 * MARGIN),
        (Allowance(caps=(10.0, 5.0)), 20 * MARGIN),
        (Allowance(caps=(10.0,), measured=2.0), 50),
        (Allowance(measured=100.0), 1),
        (Allowance(caps=(100.0,), window=6000 / 3600), 60),
        (Allowance(caps=(100.0,), domains={"gmail.com": 1.0}), 50 * MARGIN),
        (Allowance(caps=(100.0,), domains={"nobody.test": 0.001}), MARGIN),
    ],
)
def test_the_slowest_limit_tells(allowed: Allowance, expected: float) -> None:
    assert minutes(predict(Load(6000, {"gmail.com": 3000}), allowed, NOON)) == pytest.approx(expected)


def test_warming_up_takes_days() -> None:
    allowed = Allowance(warm_up=WarmUp((100, 200, 400), TODAY), sent_today=40)
    at_midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert predict(Load(60), allowed, NOON) is None  # today still, and nobody knows how quickly
    assert predict(Load(61), allowed, NOON) == at_midnight
    assert predict(Load(261), allowed, NOON) == at_midnight + timedelta(days=1)
    assert predict(Load(10**6), allowed, NOON) == at_midnight + timedelta(days=2)  # no ceiling then


def test_a_slow_relay_that_warms_up_does_not_reach_every_ceiling() -> None:
    allowed = Allowance(caps=(0.01 * MARGIN,), warm_up=WarmUp((10**6, 10**6), TODAY))
    end = predict(Load(1000), allowed, NOON)
    assert end is not None
    assert (end - NOON).total_seconds() == pytest.approx(100_000, rel=0.01)


rates = st.floats(0.01, 10**4)
loads = st.integers(1, 10**6)


@given(loads, rates, rates, st.integers(0, 10**6))
def test_more_to_send_or_less_allowed_never_ends_sooner(count: int, rate: float, other: float, more: int) -> None:
    first = predict(Load(count), Allowance(caps=(rate,)), NOON)
    assert first is not None
    longer = predict(Load(count + more), Allowance(caps=(rate,)), NOON)
    slower = predict(Load(count), Allowance(caps=(rate, other)), NOON)
    assert longer is not None and slower is not None
    assert first <= longer
    assert first <= slower


@given(loads, st.lists(st.integers(1, 10**5), min_size=1, max_size=30), st.integers(0, 10**5), st.none() | rates)
def test_a_ceiling_never_makes_it_sooner(count: int, plan: list[int], sent: int, rate: float | None) -> None:
    caps = (rate,) if rate else ()
    free = predict(Load(count), Allowance(caps=caps), NOON)
    held = predict(Load(count), Allowance(caps=caps, warm_up=WarmUp(tuple(plan), TODAY), sent_today=sent), NOON)
    if free is not None:
        assert held is not None
        assert held >= free - timedelta(seconds=1 / (rate or 1) + 1)
