"""The Celery application. The database is the queue; what arrives here only says that something is due.

A task lost costs one sweep, a task repeated finds nothing left to do. Creating the application reads no settings and
opens no connection: both happen when a process uses it.
"""

from typing import Any

from celery import Celery

from curator.doorbell import QUEUES, broker_url
from curator.settings import get_settings
from workers.broker import bear_outages

TASK_MODULES = (
    "workers.sources",
    "workers.issues",
    "workers.editions",
    "workers.delivery",
    "workers.events",
    "workers.upkeep",
)
"""One file of tasks per stage."""

VISIBILITY_SECONDS = 600
"""A task not acknowledged for this long is given to another worker: well above the longest slice of a delivery."""


def configuration() -> dict[str, Any]:
    """Celery's settings for this installation."""
    settings = get_settings()
    return {
        "broker_url": broker_url(settings.redis_url),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # a broker that is down comes back; we wait
        "broker_transport_options": {
            "visibility_timeout": max(VISIBILITY_SECONDS, int(settings.slice_seconds * 10)),
            # Every 2 s instead of every 100 s: what a killed worker held is soon somebody else's.
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "queue_order_strategy": "round_robin",  # a long queue of one stage never starves the others
        },
        "include": list(TASK_MODULES),
        "task_default_queue": "upkeep",
        "task_routes": {f"{stage}.*": {"queue": queue} for stage, queue in QUEUES.items()},
        "task_ignore_result": True,
        "task_acks_late": True,  # acknowledged when done, so that a killed worker's task is done again
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": settings.worker_processes,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_soft_shutdown_timeout": settings.slice_seconds + 10,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_send_task_events": False,
        "worker_enable_remote_control": False,
    }


bear_outages()
app = Celery("curator")
app.add_defaults(configuration)
