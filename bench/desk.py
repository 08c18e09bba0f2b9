"""The desk for a benchmark: a newsletter full of articles, one web process of its own, and Chromium signed in to it."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import NamedTuple

import httpx2
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import insert
from sqlalchemy.orm import Session

from bench.stack import TICK, Stack
from curator.accounts.models import Role
from curator.accounts.sign_ins import open_sign_in
from curator.accounts.users import add_user
from curator.issues.models import Newsletter
from curator.settings import get_settings
from curator.sources.models import Article, CapturedBy, Source
from curator.web.access import cookie_name
from tests.services import free_port


class Desk(NamedTuple):
    """Where it is, the process that answers, and a page of a signed-in browser."""

    address: str
    pid: int
    page: Page

    def work(self) -> float:
        """Seconds of processors the web process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK


@contextmanager
def running_desk(stack: Stack, cookie: str) -> Iterator[Desk]:
    """Start the web process and the browser; both end with the block."""
    port = free_port()
    os.environ["CURATOR_PORT"] = str(port)
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "curator.cli.main", "web"]
    with (stack.folder / "web.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as web:
        try:
            _wait_for(address)
            with sync_playwright() as playwright:
                args = ["--no-sandbox", "--disable-gpu"]
                browser = playwright.chromium.launch(executable_path=which("chromium"), args=args)
                context = browser.new_context(viewport={"width": 1440, "height": 900})
                context.add_cookies([{"name": cookie_name(), "value": cookie, "url": address}])
                yield Desk(address, web.pid, context.new_page())
                browser.close()
        finally:
            web.terminate()


def open_to_an_owner(session: Session) -> str:
    """An owner who is signed in: the value of the cookie."""
    user = add_user(session, "editor@example.org", Role.OWNER)
    return open_sign_in(session, user, agent="bench", settings=get_settings())


def add_articles(session: Session, newsletter: Newsletter, count: int) -> None:
    """So many articles of six feeds, every eighth a copy of another."""
    sources = [
        Source(
            newsletter_id=newsletter.id, address=f"https://s{n}.example", address_key=f"s{n}.example", title=f"Site {n}"
        )
        for n in range(6)
    ]
    session.add_all(sources)
    session.flush()
    now = datetime.now(UTC)
    session.execute(
        insert(Article),
        [
            {
                "newsletter_id": newsletter.id,
                "source_id": sources[n % 6].id,
                "captured_by": CapturedBy.FEED,
                "address": f"https://s{n % 6}.example/{n}",
                "address_key": f"s{n % 6}.example/{n}",
                "title": f"{text[:60].capitalize()} {n}",
                "site": f"Site {n % 6}",
                "language": "nl",
                "published_at": now - timedelta(minutes=17 * n),
                "tags": ["datacenter", "energie"],
                "summary": text[:300],
                "quote": text[200:420],
                "body_html": f"<p>{text}</p>",
                "body_text": text,
                "words": 450,
            }
            for n, text in enumerate(_texts(count))
        ],
    )


def _texts(count: int) -> list[str]:
    chance = random.Random(7)
    starts, ends = ("reken", "stroom", "glas", "data", "zonne", "wind"), ("kracht", "net", "weg", "land")
    words = [f"{start}{end}" for start in starts for end in ends]
    texts = [" ".join(chance.choices(words, k=450)) for _ in range(count)]
    for number in range(0, count, 8):
        texts[number] = texts[number - 1]
    return texts


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            httpx2.get(f"{address}/health", timeout=2)
            return
        except httpx2.TransportError:
            time.sleep(0.1)
