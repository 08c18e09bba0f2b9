"""The worker process: Celery prefork on all queues, with heartbeats. Started by `curator worker`.

Pool processes die with their parent. On SIGTERM no task claims anything new, what is in flight is finished, and the
worker leaves; a second SIGTERM or SIGQUIT limits how long that may take.
"""

import argparse
import sys
from typing import Any

from celery import signals
from celery.worker import state

from curator.db.heartbeats import Process
from curator.db.session import get_engine
from curator.doorbell import QUEUES, ring_now
from curator.embedded.children import die_with_parent
from curator.logs import configure_logs
from curator.settings import Settings, get_settings
from workers.app import app
from workers.pulse import Pulse
from workers.stall import StallWatch, longest_wait, running_tasks
from workers.stopping import listen_for_termination, share_flag, stop_everybody


def main() -> None:
    """Run one worker until it is told to stop."""
    parser = argparse.ArgumentParser(prog="curator worker")
    parser.add_argument("--processes", type=int, default=0)
    parser.add_argument("--queues", default=",".join(sorted(set(QUEUES.values()))))
    options = parser.parse_args()
    settings = get_settings()
    configure_logs(settings.log_level)
    _connect_signals()
    app.worker_main(
        [
            "worker",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=WARNING",
            f"--concurrency={processes_for(options.processes, options.queues, settings)}",
            f"--queues={options.queues}",
        ]
    )


def processes_for(asked: int, queues: str, settings: Settings) -> int:
    """As many as asked for, else as the setting says; two at least where a model is asked beside other work.

    One process asks the model everything, for minutes when it is slow: no mail may wait for it.
    """
    processes = asked or settings.worker_processes
    heard = set(queues.split(","))
    return max(processes, 2) if settings.model_address and QUEUES["issues"] in heard and len(heard) > 1 else processes


def _connect_signals() -> None:
    for signal, receiver in (
        (signals.setup_logging, _keep_our_logs),
        (signals.worker_init, _before_fork),
        (signals.worker_process_init, _in_pool_process),
        (signals.worker_ready, _ready),
        (signals.worker_shutting_down, _shutting_down),
    ):
        signal.connect(receiver, weak=False)


def _keep_our_logs(**_: Any) -> None:
    """Being connected is enough: Celery leaves the logs as `configure_logs` made them."""


def _before_fork(**_: Any) -> None:
    share_flag()


def _in_pool_process(**_: Any) -> None:
    die_with_parent()
    get_engine.cache_clear()  # connections of the parent are not ours to use
    listen_for_termination()


def _ready(**_: Any) -> None:
    """After the fork, so that no thread is cut in half by it. Work left by others is looked for at once."""
    watch = StallWatch(
        lambda: len(state.reserved_requests),
        lambda: running_tasks(state.active_requests),
        longest_wait(get_settings()),
    )
    signals.task_received.connect(lambda **_: watch.note_activity(), weak=False)
    Pulse(Process.WORKER, also=watch).start()
    ring_now("upkeep.sweep")
    print("worker ready", file=sys.stderr, flush=True)  # noqa: T201 - a line people look for in the log


def _shutting_down(**_: Any) -> None:
    stop_everybody()


if __name__ == "__main__":
    main()
