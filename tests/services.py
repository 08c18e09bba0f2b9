"""The servers the tests run on: one PostgreSQL and one Valkey per run, a database of its own per xdist worker.

Data lives in memory where the machine allows it, and nothing is written for keeps: `fsync` is off.
"""

import contextlib
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql
from sqlalchemy import create_engine

from curator.db import upgrade
from curator.db.registry import load_models
from curator.embedded.postgres import Postgres
from curator.embedded.valkey import Valkey

TEMPLATE = "template_curator"
_PREFIX = "curator-tests-"
_ENOUGH_MEMORY = 2_000_000_000


class Addresses(NamedTuple):
    """What one xdist worker, or the whole run without xdist, connects to."""

    database_url: str
    redis_url: str


class Servers:
    """Started once, by the process that starts the workers; the kernel ends them with it."""

    def __init__(self) -> None:
        self.home = _memory_folder()
        quick = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
        self._postgres = Postgres(self.home, options=quick)
        self._valkey = Valkey(self.home, durable=False)
        try:
            self._valkey.start()
            self._postgres.start()
            self._postgres.wait()
            self._valkey.wait()
            self._make_template()
        except BaseException:
            self.stop()
            raise

    def addresses(self, worker: str) -> Addresses:
        """A fresh clone of the migrated database, and a numbered database of Valkey, for the worker `gw<n>`."""
        name = f"curator_{worker}"
        with psycopg.connect(self._postgres.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                    sql.Identifier(name), sql.Identifier(TEMPLATE)
                )
            )
        number = int(worker.removeprefix("gw")) % 16 if worker.startswith("gw") else 0
        return Addresses(_with_database(self._postgres.url, name), self._valkey.url.replace("db=0", f"db={number}"))

    def stop(self) -> None:
        """End both and remove what they left."""
        self._postgres.stop()
        self._valkey.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _make_template(self) -> None:
        with psycopg.connect(self._postgres.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        url = _with_database(self._postgres.url, TEMPLATE)
        if upgrade.head():
            upgrade.upgrade(url)
        else:
            _create_tables(url)


def free_port() -> int:
    """A TCP port of loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _create_tables(url: str) -> None:
    """The tables as the models say, for a checkout without migrations."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        load_models().create_all(connection)
        connection.exec_driver_sql("CREATE TABLE event_other PARTITION OF event DEFAULT")
    engine.dispose()


def _with_database(url: str, name: str) -> str:
    return url.replace("@/curator?", f"@/{name}?")


def _memory_folder() -> Path:
    """A new folder in memory or in the temporary folder; those of runs that were killed are removed."""
    memory = Path("/dev/shm")
    root = Path(tempfile.gettempdir())
    if memory.is_dir() and os.access(memory, os.W_OK):
        for left_over in memory.glob(f"{_PREFIX}*"):
            with contextlib.suppress(ValueError, OSError):
                if not _is_alive(int(left_over.name.removeprefix(_PREFIX).partition("-")[0])):
                    shutil.rmtree(left_over, ignore_errors=True)
        if shutil.disk_usage(memory).free > _ENOUGH_MEMORY:  # a container's default is 64 MB
            root = memory
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=root))
    folder.chmod(0o711)
    return folder


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
