"""The pilot's rule on values: how large it is, and release, hold, wait or send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.pilot_rule import MOST_OF_AUDIENCE, Limits, Pilot, Step, next_step, pilot_size, say_holding

LIMITS = Limits(bounces=0.05, complaints=0.001, trouble=0.1)


@pytest.mark.parametrize(
    ("mailed", "share", "least", "size"),
    [
        (100_000, 0.02, 20, 2000),
        (2000, 0.02, 20, 40),
        (1000, 0.02, 20, 20),
        (999, 0.02, 20, 20),  # raised to what says something
        (500, 0.02, 20, 20),
        (499, 0.02, 20, 0),  # 20 would be more than 4 %
        (200, 0.02, 20, 0),
        (0, 0.02, 20, 0),
        (100_000, 0.0, 20, 0),
        (40, 0.5, 20, 20),
        (1, 0.5, 1, 0),  # nobody is left to wait
    ],
)
def test_how_large_a_pilot_is(mailed: int, share: float, least: int, size: int) -> None:
    assert pilot_size(mailed, share=share, least=least) == size


@given(st.integers(0, 2_000_000), st.floats(0, 0.5), st.integers(1, 1000))
def test_a_pilot_is_a_small_part_and_never_too_small_to_say_anything(mailed: int, share: float, least: int) -> None:
    size = pilot_size(mailed, share=share, least=least)
    assert size == 0 or least <= size < mailed
    assert size <= max(round(mailed * share), mailed * MOST_OF_AUDIENCE)
    assert share or not size


@pytest.mark.parametrize(
    ("pilot", "is_over", "step"),
    [
        (Pilot(100, accepted=60, untried=40), False, Step.SEND),
        (Pilot(100, accepted=60, bounced=39, untried=1), True, Step.SEND),
        (Pilot(100, accepted=100), False, Step.WAIT),
        (Pilot(100, accepted=100), True, Step.RELEASE),
        (Pilot(100, accepted=95, bounced=5), False, Step.WAIT),  # at the limit is under it
        (Pilot(100, accepted=95, bounced=5), True, Step.RELEASE),
        (Pilot(100, accepted=94, bounced=6), False, Step.HOLD),
        (Pilot(100, accepted=94, bounced=6), True, Step.HOLD),
        (Pilot(100, accepted=100, complaints=1), False, Step.HOLD),
        (Pilot(1000, accepted=1000, complaints=1), True, Step.RELEASE),
        (Pilot(100, accepted=50, deferred=50), False, Step.SEND),  # tried again while there is time
        (Pilot(100, accepted=50, deferred=50), True, Step.HOLD),
        (Pilot(100, accepted=90, deferred=10), True, Step.RELEASE),
        (Pilot(100, accepted=89, trouble=11), False, Step.HOLD),
        (Pilot(100, accepted=85, trouble=5, deferred=10), True, Step.HOLD),  # together
        (Pilot(100), True, Step.RELEASE),  # all of them left meanwhile
    ],
)
def test_what_follows(pilot: Pilot, is_over: bool, step: Step) -> None:
    assert next_step(pilot, LIMITS, is_over=is_over) is step


_numbers = st.integers(0, 100)
_pilots = st.builds(Pilot, st.integers(1, 100), _numbers, _numbers, _numbers, _numbers, _numbers, _numbers)
_shares = st.floats(0, 1)
_limits = st.builds(Limits, _shares, _shares, _shares)


@given(_pilots, _limits, st.booleans())
def test_nothing_is_released_that_is_not_known_to_keep_every_limit(pilot: Pilot, limits: Limits, is_over: bool) -> None:
    step = next_step(pilot, limits, is_over=is_over)
    keeps = (
        pilot.bounced <= limits.bounces * pilot.size
        and pilot.complaints <= limits.complaints * pilot.size
        and pilot.trouble + pilot.deferred <= limits.trouble * pilot.size
    )
    assert (step is Step.RELEASE) == (is_over and not pilot.untried and keeps)


@given(_pilots, _limits)
def test_with_the_time_over_it_ends_in_one_of_two_ways(pilot: Pilot, limits: Limits) -> None:
    step = next_step(pilot._replace(untried=0), limits, is_over=True)
    assert step in (Step.RELEASE, Step.HOLD)


@given(_pilots, _limits, st.booleans(), _numbers)
def test_more_bounces_never_release(pilot: Pilot, limits: Limits, is_over: bool, more: int) -> None:
    if next_step(pilot, limits, is_over=is_over) is Step.HOLD:
        worse = pilot._replace(bounced=pilot.bounced + more)
        assert next_step(worse, limits, is_over=is_over) is Step.HOLD


def test_the_words_name_what_was_exceeded_and_its_limit() -> None:
    said = say_holding(Pilot(1000, accepted=930, bounced=70, complaints=1), LIMITS)
    assert "930 of 1,000 accepted" in said and "70 bounced (7 %, limit 5 %)" in said
    assert "complained" not in said
