"""PostgreSQL away: readers notice nothing, hits wait on disk, and each is counted once when it is back."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.events import spool as spooling
from curator.events.hits import Hit
from curator.events.links import LinkCache
from curator.events.machines import Signs
from curator.events.spool import Spool
from curator.events.store import Store
from curator.settings import Settings
from curator.tokens import Purpose
from tests.events.cast import LINKS, Sent, send_issue
from tests.events.test_intake import Browser, browsing, link, pixel, stored

AWAY = "postgresql://nobody@127.0.0.1:1/nowhere"


@pytest.fixture
def sent(committed: Session) -> Sent:
    made = send_issue(committed)
    committed.commit()
    return made


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def store(settings: Settings, tmp_path: Path, spool: Spool) -> Any:
    made = Store(settings.database_url, LinkCache(tmp_path / "links"), spool)
    yield made
    made.close()


def _hit(sent: Sent, reader: int = 0, number: int | None = None) -> Hit:
    purpose = Purpose.OPEN if number is None else Purpose.CLICK
    return Hit(datetime.now(UTC), purpose, sent.messages[reader].id, sent.edition.id, number, Signs("firefox"))


def _waiting(folder: Path) -> list[Hit]:
    return [hit for path in sorted(folder.glob("hits-*.lines")) for hit in spooling.read(path)]


def _go_away(browser: Browser) -> str:
    store = browser.app._store
    url, store._url = store._url, AWAY
    if store._connection is not None:
        store._connection.close()
    return url


def test_links_and_pixels_work_while_the_database_is_away(settings: Settings, committed: Session, sent: Sent) -> None:
    async def visit() -> None:
        async with browsing(settings) as browser:
            url = _go_away(browser)
            clicked = await browser.get(link(settings, sent, 1))
            opened = await browser.get(pixel(settings, sent, 1))
            assert (clicked.status, clicked.headers["location"], opened.status) == (302, LINKS[1], 200)
            assert len(_waiting(settings.home / "spool")) == 2 and stored(committed) == []
            browser.app._store._url = url
            for _ in range(100):
                if len(stored(committed)) == 2:
                    break
                await asyncio.sleep(0.05)

    asyncio.run(visit())
    assert [event.message_id for event in stored(committed)] == [sent.messages[0].id, sent.messages[1].id]
    assert _waiting(settings.home / "spool") == []


def test_a_process_that_starts_without_a_database_knows_the_links_from_disk(settings: Settings, sent: Sent) -> None:
    async def visit(url: str) -> tuple[int, int]:
        async with browsing(settings.model_copy(update={"database_url": url})) as browser:
            known = await browser.get(link(settings, sent, 1))
            sent.edition.id += 1_000_000
            unknown = await browser.get(link(settings, sent, 1))
            sent.edition.id -= 1_000_000
            return known.status, unknown.status

    asyncio.run(visit(settings.database_url))
    assert asyncio.run(visit(AWAY)) == (302, 503)


def test_hits_a_killed_process_left_on_disk_are_counted_by_the_next(
    settings: Settings, committed: Session, sent: Sent, spool: Spool, store: Store, tmp_path: Path
) -> None:
    lines = "\n".join(_hit(sent, number=1).to_line() for _ in range(3))
    script = (
        "import os, sys; from pathlib import Path; from curator.events.spool import Spool; "
        "from curator.events.hits import Hit; "
        "Spool(Path(sys.argv[1])).append([Hit.from_line(l) for l in sys.stdin.read().splitlines()]); os._exit(9)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "spool")]
    assert subprocess.run(command, input=lines, text=True, check=False).returncode == 9
    assert store.replay() == 3
    assert len(stored(committed)) == 3 and spool.is_empty()


def test_a_file_another_process_is_writing_is_left_to_it(store: Store, sent: Sent, tmp_path: Path) -> None:
    other = Spool(tmp_path / "spool")
    other.append([_hit(sent)])
    assert store.replay() == 0
    other.rotate()
    assert store.replay() == 1


def test_a_line_cut_short_is_passed_over(store: Store, committed: Session, sent: Sent, spool: Spool) -> None:
    spool.append([_hit(sent), _hit(sent)])
    spool.rotate()
    (path,) = (spool._folder).glob("hits-*.lines")
    os.truncate(path, path.stat().st_size - 5)
    assert store.replay() == 1 and len(stored(committed)) == 1


class _Breaking:
    """A connection whose commit fails without an answer, after or before it took effect."""

    def __init__(self, inner: Any, *, takes_effect: bool) -> None:
        self._inner, self._takes_effect = inner, takes_effect

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def commit(self) -> None:
        if self._takes_effect:
            self._inner.commit()
        self._inner.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_commit_cut_off_in_the_middle_is_counted_once(
    store: Store, committed: Session, sent: Sent, takes_effect: bool
) -> None:
    store._connection = _Breaking(store._connected(), takes_effect=takes_effect)  # type: ignore[assignment]
    assert store.store([_hit(sent), _hit(sent, 1)]) is False
    store._retry_at = 0
    store.replay()
    assert len(stored(committed)) == 2 and store._spool.is_empty()


@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_replay_cut_off_in_the_middle_is_counted_once(
    store: Store, committed: Session, sent: Sent, spool: Spool, takes_effect: bool
) -> None:
    spool.append([_hit(sent), _hit(sent, 1)])
    store._connection = _Breaking(store._connected(), takes_effect=takes_effect)  # type: ignore[assignment]
    assert store.replay() == 0
    store._retry_at = 0
    store.replay()
    assert len(stored(committed)) == 2 and spool.is_empty()


def test_a_file_the_database_refuses_does_not_stop_new_hits(
    store: Store, committed: Session, sent: Sent, spool: Spool
) -> None:
    spool.append([_hit(sent)._replace(signs=Signs("fire\tfox"))])
    assert store.replay() == 0
    assert store.store([_hit(sent)]) is True
    assert len(stored(committed)) == 1 and not spool.is_empty()


def test_a_connection_cut_by_the_server_loses_nothing(store: Store, committed: Session, sent: Sent) -> None:
    assert store.store([_hit(sent)]) is True
    pid = store._connected().info.backend_pid
    committed.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    assert store.store([_hit(sent)]) is False
    store._retry_at = 0
    assert store.replay() == 1 and store.store([_hit(sent)]) is True
    assert len(stored(committed)) == 3


def test_a_table_that_is_locked_sends_hits_to_the_spool(
    store: Store, committed: Session, sent: Sent, spool: Spool
) -> None:
    store._connected().execute("SET lock_timeout = '50ms'")
    store._connected().commit()
    committed.execute(text("LOCK TABLE event IN ACCESS EXCLUSIVE MODE"))
    assert store.store([_hit(sent)]) is False
    committed.rollback()
    store._retry_at = 0
    assert store.replay() == 1 and len(stored(committed)) == 1


def test_the_spool_holds_no_token_and_no_agent(sent: Sent, spool: Spool) -> None:
    spool.append([_hit(sent, number=1)])
    (path,) = (spool._folder).glob("hits-*.lines")
    assert path.stat().st_mode & 0o777 == 0o600
    assert Hit.from_line(path.read_text()) is not None and len(path.read_text()) < 120
