"""The scheduler rings every sweep at once and then at its interval, and never makes up for a pause."""

import threading

import pytest
import redis

from curator.doorbell import QUEUES
from curator.settings import Settings
from workers import beat
from workers.beat import Sweep, keep_time, sweeps


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self, until: float) -> None:
        self.now = 0.0
        self._until = until
        self.ended = threading.Event()

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.is_set()

    def is_set(self) -> bool:
        return self.now >= self._until


def rung(plan: tuple[Sweep, ...], clock: Clock, slow: float = 0.0) -> list[tuple[float, str]]:
    heard: list[tuple[float, str]] = []

    def ring(sweep: Sweep) -> None:
        heard.append((clock.now, sweep.task))
        clock.now += slow

    keep_time(plan, ring, clock, clock)  # type: ignore[arg-type]
    return heard


def test_each_at_its_own_interval() -> None:
    heard = rung((Sweep("a", 2.0), Sweep("b", 5.0)), Clock(11.0))
    assert [at for at, task in heard if task == "a"] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert [at for at, task in heard if task == "b"] == [0.0, 5.0, 10.0]


def test_a_slow_broker_means_later_and_not_more() -> None:
    heard = rung((Sweep("a", 2.0),), Clock(20.0), slow=7.0)
    assert [at for at, _ in heard] == [0.0, 7.0, 14.0]


def test_everything_rung_has_a_queue_and_the_sweep_follows_its_setting(settings: Settings) -> None:
    plan = sweeps(settings)
    assert {sweep.task.partition(".")[0] for sweep in plan} <= set(QUEUES)
    assert plan[0] == Sweep("upkeep.sweep", settings.sweep_seconds)


def test_a_broker_that_is_down_is_no_reason_to_end(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(beat.app, "send_task", refuse)
    beat.ring(Sweep("upkeep.sweep", 2.0))


def test_rings_that_nobody_hears_do_not_pile_up(
    settings: Settings, redis_client: "redis.Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(task: str, *, queue: str, retry: bool) -> None:
        redis_client.lpush(queue, task)

    monkeypatch.setattr(beat.app, "send_task", send)
    rang = [beat.ring(Sweep("upkeep.sweep", 2.0)) for _ in range(beat.MOST_UNHEARD + 5)]
    assert redis_client.llen(QUEUES["upkeep"]) == rang.count(True) == beat.MOST_UNHEARD
    redis_client.rpop(QUEUES["upkeep"])
    assert beat.ring(Sweep("upkeep.sweep", 2.0))
