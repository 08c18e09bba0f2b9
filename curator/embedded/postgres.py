"""PostgreSQL as our own child: made on first start, reachable through one unix socket only, gone when we are gone.

kill -9 of the starter shuts it down fast and loses no committed row; the next start waits for that to end.
Never opens a network port, never runs as root, never starts on data of another major version.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from curator.embedded import places
from curator.embedded.children import spawn, stop, tail, tied_to_parent, wait_until
from curator.embedded.locate import PostgresBinaries, find_postgres
from curator.errors import Unavailable

USER = DATABASE = "curator"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_FIRST_WITH_BUILTIN_LOCALE = 17


class Postgres:
    """One server under `home`: data in `pg<major>`, password in `postgres-password`, log in `log/postgres.log`.

    `options` are server settings for this start, such as `{"fsync": "off"}` for tests.
    """

    def __init__(self, home: Path, options: Mapping[str, str] | None = None) -> None:
        self.home = home.absolute()
        self.log = self.home / "log" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._options = dict(options or {})
        self._owner = places.unprivileged_owner()
        self._lock: int | None = None

    def start(self) -> None:
        """Make the data folder if there is none and start the server, without waiting for it."""
        found = find_postgres()
        places.home_folder(self.home)
        self._refuse_other_version(found.major)
        binaries = self._runnable(found)
        self._data = self.home / f"pg{found.major}"
        self._lock = self._claim(binaries, found.major)
        self._sockets = places.socket_folder(self.home, "postgres", self._owner)
        self.process = spawn(
            [binaries / "postgres", "-D", self._path(self._data, self._lock), *self._settings()],
            log=self.log,
            on_death=signal.SIGINT,  # PostgreSQL's word for a fast shutdown
            owner=self._owner,
            environment=_environment(),
            keep=(self._lock,),
        )

    def wait(self) -> None:
        """Until it accepts connections; `Unavailable` with the end of its log otherwise."""
        assert self.process is not None, "start() comes first"  # noqa: S101 - a programmer's mistake
        wait_until(self._is_ready, self.process, name="PostgreSQL", log=self.log, seconds=_START_SECONDS)

    @property
    def url(self) -> str:
        """`postgresql://` address of our database over the socket; it holds the password."""
        password = self._password_file.read_text().strip()
        return f"postgresql://{USER}:{password}@/{DATABASE}?host={quote(str(self._sockets), safe='/')}"

    def is_running(self) -> bool:
        """Has it been started, and not ended?"""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything committed is on disk."""
        if self.process is not None:
            stop(self.process, signal.SIGINT, _STOP_SECONDS)
            self.process = None
            places.remove_socket_folder(self.home, self._sockets)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def _password_file(self) -> Path:
        return self.home / "postgres-password"

    def _refuse_other_version(self, major: int) -> None:
        for marker in self.home.glob("pg*/PG_VERSION"):
            version = marker.read_text().strip()
            if version != str(major):
                raise Unavailable(
                    f"{marker.parent} holds data of PostgreSQL {version}, but the PostgreSQL found here is {major}. "
                    f"Install PostgreSQL {version} (or the version of the package that made it), or move the data "
                    "with pg_dump and restore it here, or set CURATOR_HOME to another folder."
                )

    def _runnable(self, found: PostgresBinaries) -> Path:
        """The folder of binaries, copied out of a place that the server's user cannot read."""
        if self._owner is None or places.is_reachable(found.bin / "postgres", readable=True):
            return found.bin
        if found.package is None:
            raise Unavailable(f"{found.bin} is not readable for other users, and PostgreSQL does not run as root.")
        install = found.bin.parent
        built = (found.bin / "postgres").stat()
        copy = places.private_folder(f"pg{found.major}-{built.st_size:x}-{int(built.st_mtime):x}")
        if not (copy / "complete").exists():
            libraries = f"{found.package.name}.libs"  # the binaries look for it beside the package: $ORIGIN/../../../
            shutil.copytree(found.package.parent / libraries, copy / libraries, dirs_exist_ok=True)
            target = copy / found.package.name / install.name
            shutil.copytree(install, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.a", "include"))
            (copy / "complete").touch()
        return copy / found.package.name / install.name / "bin"

    def _claim(self, binaries: Path, major: int) -> int:
        """The lock on the data folder. A new one is built beside it and renamed, so half of one is never found."""
        data, what = self._data, "PostgreSQL's data"
        if data.exists():
            return places.lock_folder(data, seconds=_STOP_SECONDS, what=what, owner=self._owner)
        fresh = places.open_folder(data.with_name(f"{data.name}.new"), self._owner)
        lock = places.lock_folder(fresh, seconds=_START_SECONDS, what=what, owner=self._owner)
        if data.exists():  # another process built it while we waited
            os.close(lock)
            return places.lock_folder(data, seconds=0, what=what, owner=self._owner)
        try:
            self._build(fresh, binaries, major, lock)
            fresh.rename(data)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def _build(self, fresh: Path, binaries: Path, major: int, lock: int) -> None:
        for left_over in fresh.iterdir():
            shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
        if not self._password_file.exists():
            _write_private(self._password_file, secrets.token_urlsafe(32))
        shown = places.socket_folder(self.home, "postgres", self._owner) / "password"
        _write_private(shown, self._password_file.read_text())
        try:
            if self._owner is not None:
                os.chown(shown, self._owner.uid, self._owner.gid)
            durable = [] if self._options.get("fsync") != "off" else ["--no-sync"]
            self._run(
                [binaries / "initdb", "-D", self._path(fresh, lock), "-U", USER, f"--pwfile={shown}",
                 "--auth=scram-sha-256", "--encoding=UTF8", *_locale(major), "--no-instructions", *durable],
                lock,
            )  # fmt: skip
        finally:
            shown.unlink()
        create = f"CREATE DATABASE {DATABASE};\n"
        self._run([binaries / "postgres", "--single", "-D", self._path(fresh, lock), "postgres"], lock, create)

    def _run(self, command: list[str | Path], lock: int, words: str = "") -> None:
        """Run one command as the server's user, output to the log; `Unavailable` when it fails."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = self._owner
        with self.log.open("ab") as output:
            ended = subprocess.run(
                command, input=words.encode(), stdout=output, stderr=subprocess.STDOUT, env=_environment(),
                cwd="/", pass_fds=(lock,), preexec_fn=tied_to_parent(signal.SIGKILL), check=False,
                user=owner and owner.uid, group=owner and owner.gid, extra_groups=owner and (),
            )  # fmt: skip
        if ended.returncode:
            raise Unavailable(f"PostgreSQL's data could not be made. {self.log} ends with:\n{tail(self.log)}")

    def _settings(self) -> list[str]:
        """Command-line settings, so that a changed default reaches data made by an older version of ours."""
        values = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._options,
        }
        return [word for name, value in values.items() for word in ("-c", f"{name}={value}")]

    def _is_ready(self) -> bool:
        """The eighth line of postmaster.pid is how pg_ctl knows; it must be of this very process."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        is_whole = len(lines) > 7 and self.process is not None
        return is_whole and lines[0] == str(self.process and self.process.pid) and lines[7].strip() == "ready"

    def _path(self, folder: Path, lock: int) -> str:
        """The data folder as the server's user can reach it: by the open descriptor it inherits, when one of the
        folders above is closed to it (root's home, for example)."""
        if self._owner is None or places.is_reachable(folder.parent):
            return str(folder)
        return f"/proc/self/fd/{lock}"


def _environment() -> dict[str, str]:
    """Nothing of the developer's PG* variables or locale reaches the server."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _locale(major: int) -> list[str]:
    if major >= _FIRST_WITH_BUILTIN_LOCALE:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C"]


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
