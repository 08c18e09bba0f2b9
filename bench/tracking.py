"""Opens and clicks taken in: groups by COPY, as the product does, against one INSERT and commit for each hit.

Run with `python -m bench.tracking` from the checkout; about half a minute, everything in a folder that is removed.
Both ways verify the token, look up consent and are durable in PostgreSQL before the answer. They take turns in one
run on the same machine, so what counts is the ratio. HTTP is left out: it costs both the same.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg

from curator.events.machines import Signs
from curator.settings import get_settings
from curator.tokens import Purpose, Signer

READERS = 2_000
CONNECTIONS = 20
"""Connections of the way with one INSERT per hit; the other way uses one."""

INSERT = """
INSERT INTO event (at, kind, actor, issue_id, edition_id, message_id, subscription_id, link_number, agent)
SELECT now(), %(kind)s, CASE WHEN s.tracking_consent THEN 'person' ELSE 'aggregate' END, e.issue_id, e.id,
       CASE WHEN s.tracking_consent THEN m.id END, CASE WHEN s.tracking_consent THEN s.id END, %(link)s, %(agent)s
FROM message m JOIN edition e ON e.id = %(edition)s JOIN issue i ON i.id = e.issue_id
JOIN newsletter n ON n.id = i.newsletter_id LEFT JOIN subscription s ON s.id = m.subscription_id
WHERE m.id = %(message)s AND n.tracking <> 'off'"""

Take = Callable[[str], Awaitable[None]]


def main() -> None:
    """Print hits a second of both ways, round by round, and their ratio."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=3.0, help="length of one turn")
    options.add_argument("--rounds", type=int, default=4, help="turns of each way")
    options.add_argument("--at-once", type=int, default=200, help="hits under way at the same time")
    asked = options.parse_args()
    from curator.db.upgrade import upgrade
    from curator.embedded.postgres import Postgres

    with tempfile.TemporaryDirectory(prefix="curator-bench-") as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "home")
        server.start()
        try:
            server.wait()
            os.environ |= {"DATABASE_URL": server.url, "CURATOR_HOME": str(Path(folder) / "home")}
            get_settings.cache_clear()
            upgrade(server.url)
            asyncio.run(_compare(asked.seconds, asked.rounds, asked.at_once))
        finally:
            server.stop()


async def _compare(seconds: float, rounds: int, at_once: int) -> None:
    from curator.events.intake import TrackingApp

    paths = await asyncio.to_thread(_paths)
    app = TrackingApp()
    await app.start()
    pool = await _pool()
    grouped, single = [], []
    for number in range(rounds):
        grouped.append(await _rate(_in_groups(app), paths, seconds, at_once))
        single.append(await _rate(_one_by_one(pool), paths, seconds, at_once))
        print(f"round {number + 1}: groups {grouped[-1]:,.0f}/s, one by one {single[-1]:,.0f}/s")
    await app.stop()
    ratio = statistics.median(a / b for a, b in zip(grouped, single, strict=True))
    print(f"median: groups {statistics.median(grouped):,.0f}/s, one by one {statistics.median(single):,.0f}/s")
    print(f"ratio: {ratio:.1f}")


async def _rate(take: Take, paths: list[str], seconds: float, at_once: int) -> float:
    """Hits a second with `at_once` of them always under way."""
    done = 0
    ends = time.monotonic() + seconds

    async def visitor(first: int) -> None:
        nonlocal done
        place = first
        while time.monotonic() < ends:
            await take(paths[place % len(paths)])
            done += 1
            place += at_once

    started = time.monotonic()
    await asyncio.gather(*(visitor(first) for first in range(at_once)))
    return done / (time.monotonic() - started)


def _in_groups(app: Any) -> Take:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        assert message.get("status", 200) in (200, 302)

    async def take(path: str) -> None:
        headers = [(b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")]
        await app({"type": "http", "method": "GET", "path": path, "headers": headers}, receive, send)

    return take


def _one_by_one(pool: "asyncio.Queue[psycopg.AsyncConnection[Any]]") -> Take:
    from curator.events.agents import family

    signer = Signer({1: get_settings().secret("tokens")})

    async def take(path: str) -> None:
        text, _, number = path[3:].removesuffix(".gif").partition("/")
        token = signer.read(text, Purpose.OPEN, Purpose.CLICK)
        assert token is not None
        values = {
            "kind": "click" if number else "open",
            "edition": token.b,
            "message": token.a,
            "link": int(number) if number else None,
            "agent": Signs(family("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).family,
        }
        connection = await pool.get()
        try:
            await connection.execute(INSERT, values)
        finally:
            pool.put_nowait(connection)

    return take


async def _pool() -> "asyncio.Queue[psycopg.AsyncConnection[Any]]":
    pool: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        connection = await psycopg.AsyncConnection.connect(get_settings().database_url, autocommit=True)
        pool.put_nowait(connection)
    return pool


def _paths() -> list[str]:
    """A sent issue, and the addresses of its pixel and first link for every reader."""
    from curator.db.registry import load_models
    from curator.db.session import transaction
    from tests.events.cast import send_issue

    load_models()
    with transaction() as session:
        sent = send_issue(session, readers=READERS)
        messages, edition = [message.id for message in sent.messages], sent.edition.id
    signer = Signer({1: get_settings().secret("tokens")})
    opens = [f"/o/{signer.sign(Purpose.OPEN, message, edition)}.gif" for message in messages]
    clicks = [f"/c/{signer.sign(Purpose.CLICK, message, edition)}/1" for message in messages]
    return [path for pair in zip(opens, clicks, strict=True) for path in pair]


if __name__ == "__main__":
    main()
