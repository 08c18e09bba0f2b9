"""Leaving in good order: a task that works for long asks `should_stop()` and ends when it says so.

Two things say so: the whole worker is shutting down (a byte of memory shared with its pool processes), or Celery
terminates this task because the broker was lost. A message in flight is always finished first; nothing is cut short.
"""

import mmap
import os
import signal
from types import FrameType


class _Stop:
    """What one process knows about leaving."""

    def __init__(self) -> None:
        self.everybody: mmap.mmap | None = None
        self.this_task = False
        self.is_working = False


_stop = _Stop()


def share_flag() -> None:
    """In the worker's main process, before it forks: the byte its pool processes will look at."""
    _stop.everybody = mmap.mmap(-1, 1)


def stop_everybody() -> None:
    """In the worker's main process: no task starts anything new."""
    if _stop.everybody is not None:
        _stop.everybody[0] = 1


def should_stop() -> bool:
    """Should the task that asks end now? Pass it to `run_slice`."""
    return _stop.this_task or (_stop.everybody is not None and _stop.everybody[0] == 1)


def begin_task() -> None:
    """A task begins in this process."""
    _stop.this_task = False
    _stop.is_working = True


def end_task() -> None:
    """The task in this process has ended."""
    _stop.is_working = False


def listen_for_termination() -> None:
    """In a pool process: SIGTERM asks a running task to end by itself, and ends an idle process at once."""
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, frame: FrameType | None) -> None:
    if not _stop.is_working:
        os._exit(0)
    _stop.this_task = True
