"""Where the servers' files live: sockets whose paths are short enough, folders another user can reach, locks.

A lock is a `flock` on the data folder itself. The server inherits the descriptor, so the folder stays locked until
the last process that writes in it has really gone, whatever became of the one that started it.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import stat
import tempfile
import time
from pathlib import Path

from curator.embedded.children import Owner
from curator.errors import Conflict, Unavailable

LONGEST_SOCKET_FOLDER = 80
"""Bytes. A socket's whole path may have 107 (unix(7)); PostgreSQL adds 14 to the folder's."""

_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - folders made there are our own and checked


def unprivileged_owner() -> Owner | None:
    """The user PostgreSQL runs as when we are root, which it refuses to be; None for an ordinary user."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Owner(65534, 65534)
    return Owner(nobody.pw_uid, nobody.pw_gid)


def is_reachable(path: Path, *, readable: bool = False) -> bool:
    """May a user without any rights here pass through every folder down to `path` (and read `path` itself)?"""
    path = path.absolute()
    passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    wanted = stat.S_IXOTH | (stat.S_IROTH if readable else 0)
    return passable and path.resolve().stat().st_mode & wanted == wanted


def home_folder(home: Path) -> Path:
    """Make CURATOR_HOME if it is not there; one that is there keeps its mode."""
    if not home.exists():
        home.mkdir(parents=True)
        home.chmod(_passable())
    return home


def open_folder(path: Path, owner: Owner | None = None, mode: int = 0o700) -> Path:
    """Make the folder if needed and give it this owner and mode."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if owner is not None:
        os.chown(path, owner.uid, owner.gid)
    return path


def socket_folder(home: Path, name: str, owner: Owner | None = None) -> Path:
    """A 0700 folder for one server's socket: in `home/run`, or a short one in the temporary folder."""
    wanted = home / "run" / name
    if len(os.fsencode(wanted)) <= LONGEST_SOCKET_FOLDER:
        run = run_folder(home)
        if owner is None or is_reachable(run):
            return open_folder(wanted, owner)
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    return open_folder(_private(f"curator-{os.geteuid()}-{digest}", _passable()) / name, owner)


def remove_socket_folder(home: Path, folder: Path) -> None:
    """Leave nothing in the temporary folder when the server has ended; `home/run` is ours and stays."""
    if home in folder.parents:
        return
    with contextlib.suppress(OSError):  # another server's sockets may still be there
        folder.rmdir()
        folder.parent.rmdir()


def run_folder(home: Path) -> Path:
    """`home/run`: sockets, the supervisor's claim and its note."""
    return open_folder(home / "run", mode=_passable())


def _passable() -> int:
    """The mode of a folder that root's servers, which have two owners, both pass through; private for anybody else."""
    return 0o711 if os.geteuid() == 0 else 0o700


def private_folder(name: str) -> Path:
    """A folder of ours in the temporary folder that everybody may read and nobody else may write."""
    return _private(f"curator-{os.geteuid()}-{name}", 0o755)


def lock_folder(path: Path, *, seconds: float, what: str, owner: Owner | None = None) -> int:
    """The descriptor that holds the lock; waits for a server that is just ending, `Conflict` after `seconds`.

    `Unavailable` when the folder belongs to another user than the one the server runs as.
    """
    wanted, found = (owner.uid if owner else os.geteuid()), path.stat().st_uid
    if found != wanted:
        raise Unavailable(
            f"{what} in {path} belongs to the user with the number {found}, not to {wanted} as needed here. "
            "Start Curator as the user who started it first, or set CURATOR_HOME to another folder."
        )
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise Conflict(
                    f"{what} in {path} is in use by another process. "
                    "Stop that one, or set CURATOR_HOME to another folder."
                ) from None
            time.sleep(0.05)
        else:
            return descriptor


def _private(name: str, mode: int) -> Path:
    """Refuses a folder somebody else put there under our name: the temporary folder is open to everybody."""
    path = _temporary() / name
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Unavailable(f"{path} belongs to somebody else. Remove it, or set TMPDIR to another folder.")
    path.chmod(mode)
    return path


def _temporary() -> Path:
    """The usual temporary folder when its path is short and open to the servers' user, else a well-known one."""
    for folder in (Path(tempfile.gettempdir()), *map(Path, _TEMPORARY)):
        short = len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER - 40
        if short and folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) and is_reachable(folder):
            return folder
    raise Unavailable("No temporary folder with a short path that servers can use. Set TMPDIR=/tmp.")
