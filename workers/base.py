"""The one kind of task: bind the ids to the log, open the transaction, call one verb, note what was done.

Errors are sorted here. Refused (one of our own errors): logged, over. Temporary (a server was away): tried again at
once a few times, then left to the sweeps, which find the same work in the database. Anything else is a defect: raised.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from redis.exceptions import ConnectionError as BrokerAway
from sqlalchemy.exc import InterfaceError, OperationalError
from structlog.contextvars import bound_contextvars

from curator.db.heartbeats import Process, beat
from curator.db.session import transaction
from curator.errors import CuratorError, Unavailable
from workers.app import app
from workers.stopping import begin_task, end_task, should_stop

__all__ = ["should_stop", "task"]

log = structlog.get_logger(__name__)

TEMPORARY = (OperationalError, InterfaceError, BrokerAway, Unavailable)
PAUSES = (0.2, 1.0)
"""Seconds before the second and the third try after a temporary error."""

Verb = Callable[..., Any]


def task(name: str, *, own_transactions: bool = False) -> Callable[[Verb], Any]:
    """Register a function as the task `stage.verb`.

    Its first parameter is the session of a transaction that is committed after it returns; with `own_transactions` it
    gets the ids only and opens its own, and is not tried again here.
    """

    def register(function: Verb) -> Any:
        @wraps(function)
        def run(*ids: Any) -> None:
            perform(name, function, ids, own_transactions=own_transactions)

        return app.task(name=name)(run)

    return register


def perform(name: str, function: Verb, ids: tuple[Any, ...], *, own_transactions: bool = False) -> None:
    """One task from beginning to end, in whatever process calls it."""
    begin_task()
    started = time.monotonic()
    with bound_contextvars(task=name, ids=ids):
        try:
            result = _by_itself(name, function, ids) if own_transactions else _in_transaction(name, function, ids)
        except TEMPORARY as error:
            log.warning("task_left_to_sweeps", error=type(error).__name__)
        except CuratorError as refusal:
            log.warning("task_refused", code=refusal.code)
        else:
            seconds = round(time.monotonic() - started, 3)
            (log.info if result else log.debug)("task_done", seconds=seconds, result=_short(result))
        finally:
            end_task()


def _by_itself(name: str, function: Verb, ids: tuple[Any, ...]) -> Any:
    result = function(*ids)
    with transaction() as session:
        beat(session, Process.WORKER, _progress(name, ids))
    return result


def _in_transaction(name: str, function: Verb, ids: tuple[Any, ...]) -> Any:
    """The verb and the note that it was done are one transaction; tried three times when a server is away."""
    for pause in (*PAUSES, None):
        try:
            with transaction() as session:
                result = function(session, *ids)
                beat(session, Process.WORKER, _progress(name, ids))
            return result
        except TEMPORARY as error:
            if pause is None or should_stop():
                raise
            log.info("task_tried_again", error=type(error).__name__)
            time.sleep(pause)
    return None


def _progress(name: str, ids: tuple[Any, ...]) -> str:
    return " ".join([name, *map(str, ids)])


def _short(result: Any) -> str | int | None:
    """A result for the log: counts and named tuples in one line."""
    return result if isinstance(result, int) or result is None else repr(result)[:200]
