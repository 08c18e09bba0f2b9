"""A worker that gets nowhere although there is something to send must not go on looking alive.

Deaf: after a broken connection a consumer can sit connected and hear nothing. When messages wait, this worker runs no
task and none of its tasks ended for a while, it leaves with an error; whoever started it starts it again.
Stuck: a task that runs for longer than any relay may make it wait, without a message marked or done, never ends. Its
pool process alone is ended; the pool makes a new one, the sweep names what was in flight, and the others go on.
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import structlog
from sqlalchemy import text

from curator.db.session import transaction
from curator.delivery.batches import CLAIMABLE, IN_BATCH
from curator.settings import Settings

log = structlog.get_logger(__name__)

STALLED_AFTER = 60.0
"""Seconds without a finished task, while messages wait."""

STUCK_AFTER = 60.0
"""Seconds without progress beyond the longest that a relay may take."""

_PHASES = 8
"""Replies waited for, one after another, before a message can be marked: from opening a line to the end of the body."""

_WAITING = text(f"SELECT EXISTS (SELECT FROM batch WHERE {CLAIMABLE})")  # noqa: S608 - our own constant

# What this process holds, and whether any of it moved. A message that moved may still be waiting for its reply.
_HELD = text(
    f"""
    SELECT count(DISTINCT batch.id) > 0,
        max(greatest(marked_at, done_at)) > clock_timestamp() - make_interval(secs => :silence)
    FROM batch JOIN message ON {IN_BATCH} WHERE batch.is_open AND starts_with(batch.owner, :owner)
    """  # noqa: S608 - our own constants
)


class Running(NamedTuple):
    """A task in a pool process: its number, and since when, in seconds of `time.time()`."""

    pid: int
    since: float


def running_tasks(requests: Iterable[Any]) -> list[Running]:
    """From Celery's requests: those that a pool process has begun."""
    return [Running(r.worker_pid, r.time_start) for r in list(requests) if r.worker_pid and r.time_start]


def longest_wait(settings: Settings) -> float:
    """Seconds a task may rightly wait for a relay without a message marked or done."""
    return max(settings.smtp_reply_seconds, _PHASES * settings.smtp_phase_seconds)


def is_stalled(*, messages_wait: bool, tasks_running: int, idle_seconds: float) -> bool:
    """Deaf? The rule, on values."""
    return messages_wait and tasks_running == 0 and idle_seconds > STALLED_AFTER


def is_stuck(*, messages_wait: bool, has_moved: bool, task_seconds: float, longest_wait: float) -> bool:
    """Stuck? The rule, on values. `messages_wait`: for this process, because it holds them, or for anybody."""
    return messages_wait and not has_moved and task_seconds > STUCK_AFTER + longest_wait


class StallWatch:
    """Call it after each heartbeat; `reserved` counts this worker's tasks, `running` has those begun."""

    def __init__(
        self,
        reserved: Callable[[], int],
        running: Callable[[], list[Running]] = list,
        longest_wait: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reserved = reserved
        self._running = running
        self._longest_wait = longest_wait
        self._clock = clock
        self._active_at = clock()

    def note_activity(self) -> None:
        """A task arrived or ended."""
        self._active_at = self._clock()

    def __call__(self) -> None:
        for task in self._running():
            self._end_if_stuck(task)
        self._leave_if_deaf()

    def _leave_if_deaf(self) -> None:
        reserved = self._reserved()
        if reserved:
            self.note_activity()
        idle = self._clock() - self._active_at
        if idle <= STALLED_AFTER:
            return
        if is_stalled(messages_wait=_messages_wait(), tasks_running=reserved, idle_seconds=idle):
            log.error("worker_stalled", idle_seconds=round(idle))
            leave()

    def _end_if_stuck(self, task: Running) -> None:
        seconds, silence = time.time() - task.since, STUCK_AFTER + self._longest_wait
        if seconds <= silence:
            return
        with transaction() as session:
            values = {"owner": f"{socket.gethostname()}:{task.pid}:", "silence": silence}
            holds, has_moved = session.execute(_HELD, values).one()
        waiting = holds or _messages_wait()
        if is_stuck(
            messages_wait=waiting,
            has_moved=bool(has_moved),
            task_seconds=seconds,
            longest_wait=self._longest_wait,
        ):
            log.error("task_stuck", process=task.pid, seconds=round(seconds))
            end(task.pid)


def _messages_wait() -> bool:
    with transaction() as session:
        return bool(session.execute(_WAITING).scalar())


def leave() -> None:
    """End this process at once. No task runs here, so nothing can be cut short; pool processes end with it."""
    os.kill(os.getpid(), signal.SIGKILL)


def end(pid: int) -> None:
    """End one pool process at once. Its task is given to another; what it had in flight is found in doubt."""
    os.kill(pid, signal.SIGKILL)
