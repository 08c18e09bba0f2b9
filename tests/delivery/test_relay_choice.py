"""Lines in proportion to weights, never more than a relay takes, and back-off that grows to a limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.delivery.models import Health, Security
from curator.delivery.relay_choice import (
    LONGEST_PAUSE,
    Standing,
    Trouble,
    health_after,
    in_order,
    is_hopeless_pool,
    may_try_at_once,
    next_relay,
    pause_after,
    shares,
    words_for,
)
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.replies import Answer, Phase, Reply

UP, DOWN, REFUSING = Health.UP, Health.DOWN, Health.REFUSING


def standings(*facts: tuple[int, int, bool]) -> list[Standing]:
    """(weight, most, is_ready) each."""
    return [Standing(number, weight, most, 0, ready) for number, (weight, most, ready) in enumerate(facts, 1)]


POOLS = st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 256), st.booleans()), max_size=6).map(
    lambda facts: standings(*facts)
)


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (standings((1, 8, True)), {1: 8}),
        (standings((1, 8, True), (1, 4, True)), {1: 8, 2: 4}),
        (standings((3, 8, True), (1, 8, True)), {1: 8, 2: 3}),
        (standings((1, 8, False), (1, 8, True)), {2: 8}),
        (standings((1, 8, True), (0, 8, True)), {1: 8}),
        (standings((1, 8, False), (0, 8, True)), {2: 8}),
        (standings((1000, 8, True), (1, 8, True)), {1: 8, 2: 1}),
        (standings((1, 8, False)), {}),
    ],
)
def test_the_shares_of_a_pool(pool: list[Standing], expected: dict[int, int]) -> None:
    assert shares(pool) == expected


@given(POOLS)
def test_no_relay_gets_more_than_it_takes_and_somebody_gets_lines(pool: list[Standing]) -> None:
    allowed = shares(pool)
    for standing in pool:
        assert 0 <= allowed.get(standing.id, 0) <= standing.most
        assert standing.is_ready or standing.id not in allowed
    assert bool(allowed) == any(standing.is_ready for standing in pool)


@given(POOLS)
def test_filling_every_place_ends_at_the_shares(pool: list[Standing]) -> None:
    now, given_out = {standing.id: standing for standing in pool}, 0
    while (chosen := next_relay(list(now.values()))) is not None:
        now[chosen] = now[chosen]._replace(taken=now[chosen].taken + 1)
        given_out += 1
        assert given_out <= sum(standing.most for standing in pool)
    assert {number: standing.taken for number, standing in now.items() if standing.taken} == shares(pool)


def test_places_are_filled_in_proportion_from_the_start() -> None:
    now = standings((3, 9, True), (1, 9, True))
    order = []
    for _ in range(8):
        chosen = next_relay(now)
        assert chosen is not None
        order.append(chosen)
        now = [s._replace(taken=s.taken + 1) if s.id == chosen else s for s in now]
    assert order.count(1) == 6
    assert order.count(2) == 2


@given(st.sampled_from([DOWN, REFUSING]), st.integers(0, 300), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_to_a_limit_and_are_spread(health: Health, failures: int, chance: float) -> None:
    pause = pause_after(health, failures, chance)
    assert 0 < pause <= LONGEST_PAUSE[health] * 1.5
    assert pause_after(health, failures + 1, chance) >= pause
    assert pause_after(Health.UP, failures, chance) == 0


def test_a_single_mail_goes_to_the_heaviest_that_is_up() -> None:
    facts = ((1, DOWN), (0, UP), (2, UP), (5, UP))
    plans = [
        RelayPlan(number, f"r{number}", "h", 25, Security.NONE, weight=weight, health=health)
        for number, (weight, health) in enumerate(facts, 1)
    ]
    assert [plan.name for plan in in_order(plans)] == ["r4", "r3", "r2", "r1"]


def test_what_a_relay_is_after_it_failed() -> None:
    assert health_after(Answer(Phase.CONNECT, why="connection refused")) is DOWN
    assert health_after(Answer(Phase.GREETING, Reply(421, "busy"))) is DOWN
    assert health_after(Answer(Phase.AUTH, Reply(535, "5.7.8 wrong"))) is REFUSING


def test_one_that_refuses_is_tried_at_once_only_when_nothing_else_works() -> None:
    assert may_try_at_once(UP, [UP, REFUSING])
    assert may_try_at_once(REFUSING, [REFUSING, DOWN])
    assert not may_try_at_once(REFUSING, [REFUSING, UP])
    assert not may_try_at_once(DOWN, [DOWN])


@given(st.lists(st.sampled_from(list(Health)), max_size=5))
def test_a_pool_is_hopeless_only_when_all_refuse(pool: list[Health]) -> None:
    assert is_hopeless_pool(pool) == (set(pool) == {REFUSING})


def test_the_words_name_the_relay_and_the_next_step() -> None:
    bad = Trouble("a (h:25)", REFUSING, "535 no")
    away = Trouble("b (h:26)", DOWN, "connection refused")
    assert words_for([bad]) == "Relay a (h:25) cannot be used: 535 no. Correct it, then resume."
    assert words_for([away]) == "Relay b (h:26) cannot be reached: connection refused. It is tried again by itself."
    both = words_for([bad, away])
    assert "a (h:25) is refusing: 535 no; b (h:26) is down: connection refused" in both
    assert both.endswith("tried again by itself.")
