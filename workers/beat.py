"""The scheduler: rings the doorbell for every sweep at its interval. Started by `curator beat`.

Keeps no schedule on disk, because sweeps ask the database what is due: two of these do no harm, none at all means that
only doorbells ring. Rings that nobody hears do not pile up: what waits in a queue is counted. None expires, because a
worker would decide that by its own clock.
"""

import heapq
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import redis
import structlog

from curator.db.heartbeats import Process
from curator.doorbell import QUEUES
from curator.logs import configure_logs
from curator.settings import Settings, get_settings
from workers.app import app
from workers.pulse import Pulse

log = structlog.get_logger(__name__)

MOST_UNHEARD = 10
"""While so many tasks wait in its queue a sweep is not rung: whoever hears them looks for everything."""


class Sweep(NamedTuple):
    """A task to ring for, every so many seconds."""

    task: str
    interval: float


def sweeps(settings: Settings) -> tuple[Sweep, ...]:
    """Everything that is looked for at intervals."""
    return (
        Sweep("upkeep.sweep", settings.sweep_seconds),
        Sweep("events.roll_up", 5.0),
        Sweep("sources.due", 60.0),
        Sweep("sources.compare", 20.0),
        Sweep("issues.due", 60.0),
        Sweep("delivery.thank", 60.0),
        Sweep("issues.check_links", 5.0),
        Sweep("issues.check_sending", 60.0),
        Sweep("issues.propose", 10.0),
        Sweep("upkeep.daily", 3600.0),
    )


def main() -> None:
    """Ring until SIGTERM or SIGINT."""
    settings = get_settings()
    configure_logs(settings.log_level)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    rung: deque[str] = deque(maxlen=1)
    pulse = Pulse(Process.BEAT, progress=lambda: f"rang {rung.pop()}" if rung else None)
    pulse.start()
    log.info("beat_started")
    keep_time(sweeps(settings), lambda sweep: rung.append(sweep.task) if ring(sweep) else None, ended)
    pulse.stop()


def keep_time(
    plan: tuple[Sweep, ...],
    ring_one: Callable[[Sweep], None],
    ended: threading.Event,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Ring each sweep at once and then at its interval. A turn that came late is not made up for."""
    due = [(clock(), sweep) for sweep in plan]
    heapq.heapify(due)
    while not ended.is_set():
        at, sweep = due[0]
        if (wait := at - clock()) > 0:
            ended.wait(wait)
            continue
        ring_one(sweep)
        heapq.heapreplace(due, (max(at, clock() - sweep.interval) + sweep.interval, sweep))


def ring(sweep: Sweep) -> bool:
    """Enqueue the sweep, unless rings wait there already or the broker is down: it is rung again at the next turn."""
    queue = QUEUES[sweep.task.partition(".")[0]]
    try:
        if _unheard(queue) >= MOST_UNHEARD:
            return False
        app.send_task(sweep.task, queue=queue, retry=False)
    except Exception as error:  # noqa: BLE001 - an edge: whatever is wrong with the broker, the next turn tries again
        log.warning("sweep_not_rung", task=sweep.task, error=type(error).__name__)
        return False
    return True


def _unheard(queue: str) -> int:
    with redis.Redis.from_url(get_settings().redis_url, socket_timeout=2, socket_connect_timeout=2) as client:
        return int(client.llen(queue))


if __name__ == "__main__":
    main()
