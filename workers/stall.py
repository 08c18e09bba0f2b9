"""A worker that consumes nothing although there is something to send must not go on looking alive.

After a broken connection a consumer can sit connected and deaf. When messages wait, this worker runs no task and none
of its tasks ended for a while, it leaves with an error; whoever started it starts it again. A worker with a task
running is never judged: it may be waiting for a slow relay, and leaving would put messages in doubt.
"""

import os
import signal
import time
from collections.abc import Callable

import structlog
from sqlalchemy import text

from curator.db.session import transaction
from curator.delivery.batches import CLAIMABLE

log = structlog.get_logger(__name__)

STALLED_AFTER = 60.0
"""Seconds without a finished task, while messages wait."""

_WAITING = text(f"SELECT EXISTS (SELECT FROM batch WHERE {CLAIMABLE})")  # noqa: S608 - our own constant


def is_stalled(*, messages_wait: bool, tasks_running: int, idle_seconds: float) -> bool:
    """The rule, on values."""
    return messages_wait and tasks_running == 0 and idle_seconds > STALLED_AFTER


class StallWatch:
    """Call it after each heartbeat; `running` counts this worker's tasks. Leaves the process when it is stalled."""

    def __init__(self, running: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        self._running = running
        self._clock = clock
        self._active_at = clock()

    def note_activity(self) -> None:
        """A task arrived or ended."""
        self._active_at = self._clock()

    def __call__(self) -> None:
        running = self._running()
        if running:
            self.note_activity()
        idle = self._clock() - self._active_at
        if idle <= STALLED_AFTER:
            return
        with transaction() as session:
            waiting = bool(session.execute(_WAITING).scalar())
        if is_stalled(messages_wait=waiting, tasks_running=running, idle_seconds=idle):
            log.error("worker_stalled", idle_seconds=round(idle))
            leave()


def leave() -> None:
    """End this process at once. No task runs here, so nothing can be cut short; pool processes end with it."""
    os.kill(os.getpid(), signal.SIGKILL)
