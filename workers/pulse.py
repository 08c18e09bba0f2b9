"""Heartbeats of the worker and of beat: a thread writes that the process lives, even while a task runs.

A database that is away is not an emergency of this thread: it tries again at the next turn.
"""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from curator.db.heartbeats import Process, beat
from curator.db.session import transaction
from curator.errors import CuratorError

log = structlog.get_logger(__name__)

INTERVAL = 5.0
"""Seconds between two heartbeats; a page calls a process down after `curator.db.heartbeats.STALE_AFTER`."""


class Pulse:
    """`start()` begins; `stop()` ends within a moment. `also` is called after every heartbeat.

    `progress` is asked before each what got done since, None for nothing.
    """

    def __init__(
        self,
        kind: Process,
        also: Callable[[], None] | None = None,
        interval: float = INTERVAL,
        progress: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._kind = kind
        self._progress = progress
        self._also = also
        self._interval = interval
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{kind}-pulse", daemon=True)

    def start(self) -> None:
        """Write the first heartbeat soon, then one every interval."""
        self._thread.start()

    def stop(self) -> None:
        """No heartbeat after this one."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with transaction() as session:
                    beat(session, self._kind, self._progress())
                if self._also is not None:
                    self._also()
            except (SQLAlchemyError, CuratorError) as error:
                log.warning("heartbeat_not_written", error=type(error).__name__)
            self._ended.wait(self._interval)
