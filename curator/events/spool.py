"""Where hits wait on disk while PostgreSQL is away. A hit is on disk (fsync) before it is answered, and leaves the disk
only after it is in the database; a file whose commit was cut off mid-way is counted once, never twice.

A file belongs to the process that holds its lock. Beside a file, `NAME.xid` names the database transaction that tried
to store it: PostgreSQL remembers whether that one committed (`pg_xact_status`), so a second try asks first.
"""

import fcntl
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from curator.events.hits import Hit

LARGEST_FILE = 20_000
"""Hits per file: a replay is one transaction per file."""


class Spool:
    """The folder of waiting hits. All methods block; call them from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: FileIO | None = None
        self._path = folder
        self._written = 0

    def append(self, hits: Sequence[Hit]) -> None:
        """Write and sync. Returns when the hits would survive a power cut; `OSError` when the disk refuses."""
        if self._written >= LARGEST_FILE:
            self.rotate()
        try:
            self._open = self._open or self._new_file()
            _write_all(self._open, "".join(hit.to_line() + "\n" for hit in hits).encode("ascii"))
            os.fsync(self._open.fileno())
        except OSError:
            self.rotate()  # half a line may be at its end: nothing more is added to this file
            raise
        self._written += len(hits)

    def keep_doubtful(self, hits: Sequence[Hit], transaction: str) -> None:
        """Keep a group whose commit was sent but not answered, with the number of its transaction."""
        self.rotate()
        self.append(hits)
        if self._open is not None:
            mark_tried(self._path, transaction)
        self.rotate()

    def rotate(self) -> None:
        """Let go of the file being written, so that it can be replayed."""
        if self._open is not None:
            self._open.close()
        self._open, self._written = None, 0

    def is_empty(self) -> bool:
        """Nothing waits here, as far as a listing can tell."""
        return not self._names()

    @contextmanager
    def oldest(self, after: str = "") -> Iterator[Path | None]:
        """The oldest file later than `after` that no living process is writing or replaying, locked; None if none."""
        for path in self._names():
            if path.name <= after:
                continue
            with _lock(path) as is_ours:
                if is_ours:
                    yield path
                    return
        yield None

    def _names(self) -> list[Path]:
        return sorted(self._folder.glob("hits-*.lines")) if self._folder.is_dir() else []

    def _new_file(self) -> FileIO:
        """Locked before it has its name, so that no other process takes it for one left behind."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = max((int(path.name.split("-")[1]) for path in self._names()), default=0) + 1
        path = self._folder / f"hits-{number:08d}-{uuid.uuid4().hex}.lines"
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        fresh.rename(path)
        _sync_folder(self._folder)
        self._path = path
        return FileIO(descriptor, "a")


def read(path: Path) -> list[Hit]:
    """The hits of one file in the order they came."""
    with path.open(encoding="ascii", errors="replace") as lines:
        return [hit for hit in map(Hit.from_line, lines) if hit is not None]


def tried(path: Path) -> str | None:
    """The number of the transaction that last tried to store this file."""
    try:
        return _beside(path).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def mark_tried(path: Path, transaction: str) -> None:
    """Remember the transaction that is about to commit this file's hits."""
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="ascii") as file:
        file.write(transaction)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(_beside(path))
    _sync_folder(path.parent)


def remove(path: Path) -> None:
    """Forget a file whose hits are in the database. The hits go first: a lone note does no harm."""
    path.unlink(missing_ok=True)
    _sync_folder(path.parent)
    _beside(path).unlink(missing_ok=True)


def _write_all(file: FileIO, data: bytes) -> None:
    """A full disk takes a part without complaint; the next try for the rest says so."""
    while data:
        data = data[file.write(data) :]


def _beside(path: Path) -> Path:
    return path.with_suffix(".xid")


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    try:
        file = path.open("rb")
    except FileNotFoundError:  # another process replayed it meanwhile
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield path.exists()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
