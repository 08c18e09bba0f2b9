"""Bring a database to the newest revision, and tell cheaply whether it is there already.

Several processes may try at once: a PostgreSQL advisory lock lets one work while the others wait and find it done.
Needs no alembic.ini: the migrations are part of the package.
"""

import re
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x63757261746F72  # "curator"; any number nobody else uses in this database
_REVISION = re.compile(r"^(down_revision|revision)\b[^=]*=\s*(.+)$", re.MULTILINE)


def upgrade(url: str) -> bool:
    """Run what is missing; `url` is `postgresql://…`. True when something was run."""
    engine = create_engine(_with_driver(url))
    try:
        if is_current(engine):
            return False
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            try:
                if is_current(engine):
                    return False
                _run(url)
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
        return True
    finally:
        engine.dispose()


def is_current(engine: Engine) -> bool:
    """Is the database at the newest revision? One query; Alembic is not loaded."""
    newest = head()
    if newest is None:
        return True
    try:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    except ProgrammingError:  # the table is made by the first revision
        return False
    return found == [newest]


@lru_cache(maxsize=1)
def head() -> str | None:
    """The newest revision among the migration files: the one no other builds on. None when there are no files."""
    revisions: set[str] = set()
    built_on: set[str] = set()
    for file in (MIGRATIONS / "versions").glob("*.py"):
        for name, value in _REVISION.findall(file.read_text()):
            (revisions if name == "revision" else built_on).update(re.findall(r"[\"']([^\"']+)[\"']", value))
    newest = revisions - built_on
    return newest.pop() if len(newest) == 1 else None


def _run(url: str, to: str = "head") -> None:
    from alembic import command  # half a second of imports that a start without new revisions does not pay
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = _with_driver(url)
    command.upgrade(config, to)


def _with_driver(url: str) -> str:
    return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+psycopg://", url)
