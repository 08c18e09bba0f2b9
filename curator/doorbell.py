"""The doorbell: tell a worker that something is due. The database is the queue; losing a ring costs one sweep.

`ring` remembers a task on the session and it is sent after the commit, never before. A broker that is down is
logged and forgotten: the sweeps find the same work. Nothing here imports the workers; tasks are named.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.orm import Session

from curator.settings import get_settings

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger(__name__)

QUEUES = {
    "sources": "fetch",
    "issues": "fetch",
    "editions": "render",
    "delivery": "deliver",
    "events": "events",
    "upkeep": "upkeep",
}


def ring(session: Session, task: str, *arguments: Any) -> None:
    """After this session's commit, enqueue the task named `stage.verb` with ids as arguments."""
    session.info.setdefault("after_commit", []).append(lambda: ring_now(task, *arguments))


def ring_now(task: str, *arguments: Any) -> bool:
    """Enqueue at once; False when the broker cannot be reached (logged, never raised)."""
    try:
        client = _client(get_settings().redis_url)
        client.send_task(task, args=list(arguments), queue=QUEUES[task.partition(".")[0]], ignore_result=True)
    except Exception as error:  # noqa: BLE001 - an edge: any failure of the broker is the same to the caller
        log.warning("doorbell_not_heard", task=task, error=type(error).__name__)
        return False
    return True


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis address: unix sockets are `redis+socket://path?virtual_host=0`."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    database = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair).get("db", "0")
    return f"redis+socket://{path}?virtual_host={database}"


@lru_cache(maxsize=1)
def _client(redis_url: str) -> "Celery":
    from celery import Celery  # a third of a second that a command which rings for nobody does not pay

    client = Celery("curator-doorbell", broker=broker_url(redis_url))
    client.conf.update(
        broker_connection_retry=False,
        broker_connection_timeout=2,
        task_publish_retry=False,
        broker_transport_options={
            "socket_connect_timeout": 2,
            "socket_timeout": 3,
            "visibility_timeout": 600,
        },
    )
    return client
