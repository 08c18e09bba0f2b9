"""The script that hands out turns, in real Valkey but with a clock of the test's own: no window ever holds too many."""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from curator.delivery import buckets
from curator.delivery.buckets import FULL, UNCOUNTED, Bucket, Buckets, DayCount, Limit, Turn
from curator.delivery.limits import MARGIN, capped
from curator.settings import Settings
from tests.delivery.pacing import most_within

CLOCK = "test:clock"


class Laboratory:
    """Askers at one Valkey whose clock only moves when the test says so."""

    def __init__(self, url: str, client: Any, askers: int = 1) -> None:
        self.now = 1_000_000.0
        self._client = client
        client.flushdb()
        self._askers = [Buckets(url) for _ in range(askers)]
        for asker in self._askers:  # a busy machine may take seconds to connect
            asker._client.connection_pool.connection_kwargs.update(socket_timeout=30, socket_connect_timeout=30)

    async def ask(self, *limits: Limit, asker: int = 0) -> Turn:
        self._client.set(CLOCK, f"{self.now:.6f}")
        return await self._askers[asker].turn(limits)

    async def send_for(self, seconds: float, limits: list[Limit], stall: Callable[[], float]) -> list[float]:
        """Ask whenever it is worth asking, with stalls; the starts by Valkey's clock."""
        ends_at, starts = self.now + seconds, []
        while self.now < ends_at:
            asker = random.randrange(len(self._askers))
            asked_at = self.now
            self._client.set(CLOCK, f"{self.now:.6f}")
            turn = await self._askers[asker].turn(limits)
            if turn.held_by is None:
                starts.append(turn.stamp / 1e6)
                self.now = max(self.now, turn.stamp / 1e6 - 0.005)
            else:
                self.now = max(turn.stamp / 1e6 - 0.007, asked_at + 0.001)
            self.now += stall()
        return starts

    async def close(self) -> None:
        for asker in self._askers:
            await asker.close()


@pytest.fixture
def laboratory(
    settings: Settings, redis_client: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Laboratory]]:
    clock = f"{{call('GET', '{CLOCK}'), 0}}"
    script = buckets.TAKE.replace("call('TIME')", clock)
    assert clock in script
    monkeypatch.setattr(buckets, "TAKE", script)
    yield lambda askers=1: Laboratory(settings.redis_url, redis_client, askers)


def no_stall() -> float:
    return 0.0


def run(work: Any) -> Any:
    return asyncio.run(work)


@pytest.mark.parametrize("rate", [1, 2.5, 10, 50, 900])
def test_a_rate_is_kept_to_two_percent_and_no_second_or_minute_holds_more(
    laboratory: Callable[..., Laboratory], rate: float
) -> None:
    seconds = 70 if rate <= 10 else 4

    async def go() -> list[float]:
        place = laboratory(2)
        try:
            return await place.send_for(seconds, [capped("b", rate)], no_stall)
        finally:
            await place.close()

    starts = run(go())
    assert most_within(starts, 1.0) <= -(-rate // 1)
    assert most_within(starts, 60.0) <= 60 * rate
    achieved = (len(starts) - 1) / (starts[-1] - starts[0])
    assert achieved / rate == pytest.approx(1 / MARGIN, rel=0.01)


@given_settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rate=st.sampled_from([2.0, 5.0, 20.0, 80.0]), seed=st.integers(0, 10**6), share=st.floats(0.0, 0.2))
def test_stalls_neither_break_a_window_nor_cost_more_than_they_must(
    laboratory: Callable[..., Laboratory], rate: float, seed: int, share: float
) -> None:
    chance = random.Random(seed)

    def stall() -> float:
        return chance.random() * 0.2 if chance.random() < share / rate else 0.0

    async def go() -> list[float]:
        place = laboratory(3)
        try:
            return await place.send_for(8, [capped("b", rate)], stall)
        finally:
            await place.close()

    starts = run(go())
    assert starts == sorted(starts)
    assert most_within(starts, 1.0) <= rate
    if rate >= 20:  # a short stall is made good within the second
        assert (len(starts) - 1) / (starts[-1] - starts[0]) >= 0.95 * rate


def test_every_limit_of_a_message_holds_and_none_is_charged_for_nothing(laboratory: Callable[..., Laboratory]) -> None:
    async def go() -> tuple[list[float], list[float]]:
        place, wide, narrow = laboratory(), capped("wide", 100), capped("narrow", 10)
        all_of_them, of_the_narrow, narrow_at = [], [], 0.0
        try:
            while place.now < 1_000_004:
                if place.now >= narrow_at:
                    turn = await place.ask(wide, narrow)
                    if turn.held_by is None:
                        of_the_narrow.append(turn.stamp / 1e6)
                        all_of_them.append(turn.stamp / 1e6)
                    elif turn.held_by == narrow:
                        narrow_at = turn.stamp / 1e6 - 0.005
                turn = await place.ask(wide)
                if turn.held_by is None:
                    all_of_them.append(turn.stamp / 1e6)
                place.now += 0.002
        finally:
            await place.close()
        return all_of_them, of_the_narrow

    everything, narrow = run(go())
    assert most_within(everything, 1.0) <= 100
    assert most_within(narrow, 1.0) <= 10
    assert (len(everything) - 1) / (everything[-1] - everything[0]) >= 97
    assert (len(narrow) - 1) / (narrow[-1] - narrow[0]) >= 9.6


def test_a_bucket_nobody_remembers_begins_one_window_later(
    laboratory: Callable[..., Laboratory], redis_client: Any
) -> None:
    async def go() -> list[float]:
        place, bucket = laboratory(), capped("b", 10)
        try:
            before = await place.send_for(3, [bucket], no_stall)
            redis_client.delete("b", "b:last")
            return before + await place.send_for(3, [bucket], no_stall)
        finally:
            await place.close()

    starts = run(go())
    assert most_within(starts, 1.0) <= 10
    assert 1.0 < max(after - before for before, after in pairwise(starts[1:])) < 1.2


def test_a_clock_that_was_set_back_and_a_rate_that_was_raised_cost_a_window(
    laboratory: Callable[..., Laboratory],
) -> None:
    async def go() -> tuple[list[float], list[float]]:
        place = laboratory()
        try:
            await place.send_for(3, [capped("b", 10)], no_stall)
            place.now -= 3600
            back = await place.send_for(3, [capped("b", 10)], no_stall)
            return back, await place.send_for(3, [capped("b", 40)], no_stall)
        finally:
            await place.close()

    back, raised = run(go())
    assert 15 <= len(back) <= 20
    assert len(raised) >= 100


def test_a_turn_that_was_not_used_is_there_for_another(laboratory: Callable[..., Laboratory]) -> None:
    async def go() -> int:
        place, bucket, given_back = laboratory(), capped("b", 10), 0
        try:
            await place.send_for(3, [bucket], no_stall)
            ends_at, used = place.now + 2, 0
            while place.now < ends_at:
                turn = await place.ask(bucket)
                if turn.held_by is None and given_back < 5:
                    await place._askers[0].give_back([bucket], turn)
                    given_back += 1
                elif turn.held_by is None:
                    used += 1
                place.now += 0.01
            return used
        finally:
            await place.close()

    assert run(go()) >= 15


def test_a_slow_rate_makes_half_a_second_of_lateness_good(laboratory: Callable[..., Laboratory]) -> None:
    async def go() -> list[float]:
        place = laboratory()
        try:
            return await place.send_for(130, [capped("b", 0.5)], lambda: 0.3)
        finally:
            await place.close()

    starts = run(go())
    assert most_within(starts, 1.0) == 1
    assert most_within(starts, 60.0) <= 30
    assert len(starts) >= 60


def test_a_window_is_kept_though_its_workers_come_late(laboratory: Callable[..., Laboratory]) -> None:
    async def go() -> list[float]:
        place = laboratory()
        try:  # as limits.py makes it of 40 messages in 20 seconds
            return await place.send_for(20.5, [Bucket("w", 2, 1, window=0.5, step=0.25, late=1.0)], lambda: 0.4)
        finally:
            await place.close()

    starts = run(go())
    assert len(starts) == pytest.approx(40, abs=2)
    assert max(after - before for before, after in pairwise(starts)) < 1


def test_a_day_is_counted_and_full_at_its_ceiling(laboratory: Callable[..., Laboratory], redis_client: Any) -> None:
    async def go() -> list[Turn]:
        place, day = laboratory(), DayCount("day", 3, date(2026, 11, 20))
        try:
            unknown = await place.ask(day, Bucket("b", 1000, 500, 0.5, 0.0))
            await place._askers[0].correct(day, 1)
            await place._askers[0].correct(day, 0)  # it knows already: the second one to count changes nothing
            turns = [await place.ask(day) for _ in range(3)]
            await place._askers[0].correct(day, 2)
            return [unknown, *turns, await place.ask(day)]
        finally:
            await place.close()

    turns = run(go())
    assert [turn.at if turn.held_by else None for turn in turns] == [UNCOUNTED, None, None, FULL, None]
    assert int(redis_client.get("day")) == 3
