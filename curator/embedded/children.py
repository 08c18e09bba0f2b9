"""Child processes that cannot outlive us: the kernel signals them when their parent dies, even by kill -9.

Linux ties that signal to the *thread* that started the child, so children are started from a thread that lives as
long as they should (the main one). Never leaves a descriptor, a terminal or a user's rights to a child by accident.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from curator.errors import Unavailable

_PR_SET_PDEATHSIG = 1


class Owner(NamedTuple):
    """The numeric user and group a child runs as."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    on_death: signal.Signals,
    environment: Mapping[str, str] | None = None,
    owner: Owner | None = None,
    keep: Sequence[int] = (),
    folder: str | None = "/",
) -> subprocess.Popen[bytes]:
    """Start `command` in its own session, output appended to `log`; it gets `on_death` when this thread ends.

    `keep` lists descriptors the child inherits (a lock it should hold as long as it lives, for example);
    `folder` is its working folder, None for ours.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            pass_fds=keep,
            start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone: it keeps the order
            preexec_fn=tied_to_parent(on_death),
            cwd=folder,
            user=owner and owner.uid,
            group=owner and owner.gid,
            extra_groups=owner and (),
        )


def tied_to_parent(on_death: signal.Signals) -> Callable[[], None]:
    """For `Popen(preexec_fn=…)`: runs after the change of user, which would clear the setting."""
    parent = os.getpid()
    control = _prctl()

    def tie() -> None:
        control(_PR_SET_PDEATHSIG, on_death)
        if os.getppid() != parent:  # the parent died between fork and here
            os._exit(1)

    return tie


def die_with_parent(on_death: signal.Signals = signal.SIGKILL) -> None:
    """Called in a process that is already running (a worker's pool child): end with the thread that forked it."""
    _prctl()(_PR_SET_PDEATHSIG, on_death)
    if os.getppid() == 1:
        os.kill(os.getpid(), on_death)


def stop(process: subprocess.Popen[bytes], by: signal.Signals, seconds: float) -> bool:
    """Signal and wait; killed after `seconds`. True when it ended by itself."""
    if process.poll() is None:
        process.send_signal(by)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def wait_until(
    is_ready: Callable[[], bool], process: subprocess.Popen[bytes], *, name: str, log: Path, seconds: float
) -> None:
    """Wait until `is_ready()`; `Unavailable` with the end of the log when the process ends or time runs out."""
    deadline = time.monotonic() + seconds
    while not is_ready():
        if process.poll() is not None:
            raise Unavailable(f"{name} ended right after its start. {log} ends with:\n{tail(log)}", log=str(log))
        if time.monotonic() > deadline:
            raise Unavailable(
                f"{name} did not get ready in {seconds:.0f} s. {log} ends with:\n{tail(log)}", log=str(log)
            )
        time.sleep(0.02)


def tail(log: Path, lines: int = 6) -> str:
    """The last lines of a log file, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(nothing)"


def _prctl() -> Callable[[int, int], int]:
    """libc's prctl, loaded before the fork; does nothing where the kernel has no such thing."""
    if sys.platform != "linux":
        return lambda option, value: 0
    control: Callable[[int, int], int] = ctypes.CDLL(None).prctl
    return control
