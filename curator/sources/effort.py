"""How long this process may compute on what a stranger sent, before it gives up on it and goes on with other work.

The libraries that read feeds, pages and pictures have inputs that take them hours; nobody knows all of them. What
counts is processor time, so a busy machine ends nothing. Only a main thread can be stopped, which is where workers and
commands read; elsewhere sizes alone bound the work.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MOST_SECONDS = 15.0
"""Of processor time, for one feed, page or picture; the largest honest ones take a third of it."""


class TookTooLong(BaseException):
    """Raised wherever the work happens to be. No `Exception`: libraries that pass over those must not pass over it."""


@contextmanager
def bounded_effort(seconds: float = MOST_SECONDS) -> Iterator[None]:
    """End what runs inside with `TookTooLong` once this process has computed for so long."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, _stop)
    # Again every second, for code that passes over anything raised inside it.
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)
    try:
        yield
    finally:
        try:
            signal.setitimer(signal.ITIMER_PROF, 0.0)
        finally:  # it may strike just before that line; the next time is a second away
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            signal.signal(signal.SIGPROF, before)


def _stop(*_: object) -> None:
    raise TookTooLong
