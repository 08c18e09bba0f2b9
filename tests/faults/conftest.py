"""Servers of a scenario's own, and the waits of a relay that answers at once or never."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

import curator.db.session as database
from curator.settings import Settings, get_settings
from tests.faults import worker
from tests.faults.servers import Servers


@pytest.fixture
def hurried(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Short waits between tries; half a second is long enough for a sink that answers at all."""
    for place, name, seconds in worker.SHORT:
        monkeypatch.setitem(place, name, seconds / 10)
    return settings.model_copy(update={"smtp_phase_seconds": 0.5, "smtp_reply_seconds": 0.5})


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """A migrated PostgreSQL and an empty Valkey that may be killed; this process's settings point at them too.

    Not under pytest's folder: PostgreSQL runs as another user where we are root, and must get through.
    """
    with tempfile.TemporaryDirectory(prefix="curator-faults-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        with Servers(Path(folder)) as running, pointed_at(running, monkeypatch):
            yield running


@pytest.fixture
def own(servers: Servers) -> Iterator[Session]:
    """A session on the scenario's own database."""
    with a_session() as opened:
        yield opened


def a_session() -> Session:
    """A session on whatever this process's settings point at."""
    return sessionmaker(database.get_engine(), expire_on_commit=False)()


@contextmanager
def pointed_at(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process's settings and engine are those of these servers for as long as the block lasts."""
    for name, value in servers.environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    database.get_engine.cache_clear()
    try:
        yield
    finally:
        database.get_engine().dispose()
        database.get_engine.cache_clear()
        get_settings.cache_clear()
