"""What every test may use: real PostgreSQL and Valkey, settings that point at them, and no way out to the network.

`session` rolls back after the test; `committed` really commits, for tests with other processes, and empties the tables.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import redis
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

import curator.db.session as database
from curator.db.registry import load_models
from curator.settings import Settings, get_settings
from tests import loopback, services

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"

_servers: list[services.Servers] = []


def pytest_configure(config: pytest.Config) -> None:
    """The developer's own environment and running Curator must not leak in."""
    for name in list(os.environ):
        ours = name in ("DATABASE_URL", "REDIS_URL") or name.startswith(("CURATOR_", "PG"))
        if ours and not name.startswith("CURATOR_TEST_"):
            del os.environ[name]
    os.environ["CURATOR_HOME"] = str(Path(tempfile.gettempdir()) / "curator-tests-without-home")
    loopback.stay_on_loopback()
    hypothesis.settings.register_profile("curator", deadline=None)  # a busy machine is no failure
    hypothesis.settings.load_profile("curator")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Called where xdist starts its workers: one pair of servers for all of them."""
    worker = node.gateway.id  # type: ignore[attr-defined]
    node.workerinput["addresses"] = tuple(_start_once().addresses(worker))  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers if this process started them."""
    while _servers:
        _servers.pop().stop()


def _start_once() -> services.Servers:
    if not _servers:
        _servers.append(services.Servers())
    return _servers[0]


@pytest.fixture(scope="session")
def addresses(request: pytest.FixtureRequest) -> services.Addresses:
    """Where this worker's database and Valkey are."""
    given = getattr(request.config, "workerinput", {}).get("addresses")
    return services.Addresses(*given) if given else _start_once().addresses("main")


@pytest.fixture
def settings(addresses: services.Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of the test's own home and the test servers, also for `get_settings()` and for child processes."""
    monkeypatch.setenv("DATABASE_URL", addresses.database_url)
    monkeypatch.setenv("REDIS_URL", addresses.redis_url)
    monkeypatch.setenv("CURATOR_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def engine(settings: Settings) -> Engine:
    """The process's engine; kept from test to test, made anew when a test left another one behind."""
    if database.get_engine().url.render_as_string(hide_password=False) != settings.sqlalchemy_url:
        database.get_engine().dispose()
        database.get_engine.cache_clear()
    return database.get_engine()


@pytest.fixture
def session(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session whose every change is undone after the test. `transaction()` joins it and sees what it flushed."""
    with engine.connect() as connection:
        outermost = connection.begin()
        factory = sessionmaker(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        monkeypatch.setattr(database, "_factory", lambda: factory)
        with factory() as opened:
            yield opened
        outermost.rollback()


@pytest.fixture
def committed(engine: Engine) -> Iterator[Session]:
    """A session whose commits other processes see. Afterwards every table is emptied."""
    with sessionmaker(engine, expire_on_commit=False)() as opened:
        yield opened
        opened.rollback()
    _empty_tables(engine)


@pytest.fixture
def redis_client(settings: Settings) -> Iterator["redis.Redis[bytes]"]:
    """A connection to this worker's numbered database of Valkey, empty before and after."""
    with redis.Redis.from_url(settings.redis_url) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture(scope="session", autouse=True)
def unhurried_designs() -> Iterator[None]:
    """A busy machine ends no design of the tests by the clock; those about that clock give one of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("curator.editions.sandbox._usual_clock", 60.0)
        yield


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that names a TCP port of loopback nobody listens on."""
    return services.free_port


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real inputs beside the checkout; a user's clone has none."""
    if not SAMPLES.is_dir():
        pytest.skip("needs the folder ../shared/samples, which is not part of the project")
    return SAMPLES


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium; with CURATOR_TEST_BROWSER=required a machine without one fails instead of skipping."""
    for name in ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("CURATOR_TEST_BROWSER") == "required":
        pytest.fail("CURATOR_TEST_BROWSER=required, but there is no Chromium on PATH")
    pytest.skip("no Chromium on PATH: install your system's package chromium to run the browser tests")


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where screenshots are left for a person to look at: ./artifacts, outside git."""
    folder = Path(os.environ.get("CURATOR_TEST_ARTIFACTS") or Path(__file__).resolve().parents[1] / "artifacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def _stay_on_loopback() -> Iterator[None]:
    loopback.tries.clear()
    yield
    if loopback.tries:
        pytest.fail(f"the test tried to leave loopback: {', '.join(loopback.tries)}")


def _empty_tables(engine: Engine) -> None:
    """DELETE, which is far quicker than TRUNCATE for a few rows; triggers and foreign keys are passed over."""
    names = [table.name for table in load_models().sorted_tables]
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica; SET LOCAL lock_timeout = '10s'"))
        connection.execute(text("; ".join(f'DELETE FROM "{name}"' for name in names)))
