"""Engine and transactions. `transaction()` is the only place that commits; every edge uses it once per unit of work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from curator.db.registry import load_models
from curator.errors import Unavailable
from curator.settings import get_settings

T = TypeVar("T")


@lru_cache(maxsize=1)
def get_engine() -> Engine:
    """The process's engine; `Unavailable` names the next step when no database is configured."""
    settings = get_settings()
    if not settings.database_url:
        raise Unavailable(
            f"No database. Start Curator in {settings.home.absolute()} (`curator up` or `make demo`), "
            "or set DATABASE_URL to a PostgreSQL 15 or newer."
        )
    load_models()  # a table names others of stages this process may not have imported
    return create_engine(
        settings.sqlalchemy_url,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        hide_parameters=True,  # an error is logged as it reads: with addresses of people, and with secrets
        connect_args={"connect_timeout": 5, "application_name": "curator"},
    )


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work: commits at the end, rolls back on any exception, then rings what was asked for.

    After the commit the callables in `session.info["after_commit"]` run in order (see `curator.doorbell`).
    """
    session = _factory()()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()
    for callback in session.info.pop("after_commit", []):
        callback()


def in_transaction(verb: Callable[..., T], *arguments: Any) -> T:
    """`verb(session, *arguments)` as a unit of work of its own; for threads beside an event loop."""
    with transaction() as session:
        return verb(session, *arguments)


def _factory() -> sessionmaker[Session]:
    return sessionmaker(get_engine(), expire_on_commit=False)
