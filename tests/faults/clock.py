"""A wall clock that is wrong: `python -m tests.faults.clock FILE MODULE …` runs a module by it, and its children.

FILE says by how many seconds it is off, and may change while they run (`Clock.set`). Only what Python asks for is off,
`time.time` and `datetime`; the monotonic clock is right, as on a machine whose date somebody sets. PostgreSQL and
Valkey keep their own time. Nothing may have taken `time.time` or `datetime` for itself before `follow`.
"""

import datetime
import mmap
import runpy
import struct
import sys
import time
from pathlib import Path
from typing import Any

_OFF = struct.Struct("d")
_right_time, _right = time.time, datetime.datetime


class Clock:
    """One machine's wall clock: a file that says how wrong it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.off = 0.0
        path.write_bytes(_OFF.pack(0.0))

    def set(self, seconds: float) -> None:
        """From now on it is off by this."""
        self.off = seconds
        with self.path.open("r+b") as file:
            file.write(_OFF.pack(seconds))


class _AnyDatetime(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _right)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, _right)


class _Wrong(_right, metaclass=_AnyDatetime):
    """The class everybody takes for `datetime`; what it makes of now is a right one with the wrong time."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _right.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _right.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)


def follow(path: Path) -> None:
    """This process, and every one it forks, goes by the clock in this file."""
    with path.open("rb") as file:
        page = mmap.mmap(file.fileno(), _OFF.size, access=mmap.ACCESS_READ)
    time.time = lambda: _right_time() + _OFF.unpack_from(page)[0]
    time.time_ns = lambda: int(time.time() * 1e9)
    datetime.datetime = _Wrong  # type: ignore[misc]


if __name__ == "__main__":
    del sys.argv[0]
    follow(Path(sys.argv.pop(0)))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
