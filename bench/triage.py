"""This week with 500 candidates in Chromium, in turns with an empty list: from the request to the first paint.

Run with `python -m bench.triage` from the checkout; half a minute, everything in a folder that is removed. The web
process is one of its own; the browser loads the page anew each time, with static files kept as a browser keeps them.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import which

import httpx2
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import insert
from sqlalchemy.orm import Session

from bench.stack import TICK, Stack
from curator.accounts.models import Role
from curator.accounts.sign_ins import open_sign_in
from curator.accounts.users import add_user
from curator.db.session import transaction
from curator.issues.compose import create_issue
from curator.issues.models import Newsletter
from curator.issues.newsletters import create_newsletter
from curator.reports.picks import learn_tastes
from curator.settings import get_settings
from curator.sources.likeness import compare_due
from curator.sources.models import Article, CapturedBy, Source
from curator.web.access import cookie_name
from tests.services import free_port

WARM_UP = 3
"""Loads that are not counted: the browser has nothing yet, and Python has compiled no template."""

PAINT = """() => new Promise((done) => {
  const found = performance.getEntriesByName("first-contentful-paint")[0];
  if (found) return done(found.startTime);
  new PerformanceObserver((list) => list.getEntriesByName("first-contentful-paint").forEach((e) => done(e.startTime)))
    .observe({type: "paint", buffered: true});
})"""
TIMES = """() => { const t = performance.getEntriesByType("navigation")[0];
  return [t.responseStart - t.requestStart, t.responseEnd - t.requestStart, t.domContentLoadedEventEnd]; }"""


def main() -> None:
    """Print the medians and the worst of so many loads."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--candidates", type=int, default=500)
    options.add_argument("--loads", type=int, default=21)
    asked = options.parse_args()
    with Stack() as stack:
        cookie = _fill(asked.candidates)
        port = free_port()
        os.environ["CURATOR_PORT"] = str(port)
        command = [sys.executable, "-m", "curator.cli.main", "web"]
        with (stack.folder / "web.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as web:
            try:
                _measure(f"http://127.0.0.1:{port}", cookie, asked.loads, web.pid)
            finally:
                web.terminate()


def _measure(address: str, cookie: str, loads: int, pid: int) -> None:
    for _ in range(300):
        try:
            httpx2.get(f"{address}/health", timeout=2)
            break
        except httpx2.TransportError:
            time.sleep(0.1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": cookie_name(), "value": cookie, "url": address}])
        page = context.new_page()
        paths = (f"{address}/n/tech/", f"{address}/n/tech/?show=dismissed")
        for _ in range(WARM_UP):
            list(map(partial(_load, page), paths))
        before = _work(pid)
        full, empty = zip(*([_load(page, path) for path in paths] for _ in range(loads)), strict=True)
        work = (_work(pid) - before) / loads * 1000
        page.goto(paths[0])
        shown = page.locator("#find-list > .find").count()
        browser.close()
    print(f"{shown} rows, {loads} loads, milliseconds         best  median   worst    an empty list, best and median")
    names = ("first byte", "last byte", "DOM ready", "first paint")
    for name, column, without in zip(names, zip(*full, strict=True), zip(*empty, strict=True), strict=True):
        median = statistics.median
        numbers = (min(column), median(column), max(column))
        print(f"{name:35s}", *(f"{n:7.0f}" for n in numbers), f"{min(without):16.0f} {median(without):7.0f}")
    print(f"{'work of the web process, both':35s} {work:7.0f}")


def _work(pid: int) -> float:
    """Seconds of processors a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _load(page: Page, address: str) -> tuple[float, ...]:
    page.goto(address, wait_until="load")
    painted = page.evaluate(PAINT)
    return (*page.evaluate(TIMES), painted)


def _fill(count: int) -> str:
    """A newsletter of six feeds with so many candidates, every eighth a copy of another; the secret of a sign-in."""
    chance = random.Random(7)
    with transaction() as session:
        newsletter = create_newsletter(session, "tech", name="Tech", from_address="desk@example.org")
        create_issue(session, newsletter.id, "This week")
        _add_articles(session, newsletter, count, chance)
        compare_due(session, count)
        learn_tastes(session)
        user = add_user(session, "editor@example.org", Role.OWNER)
        return open_sign_in(session, user, agent="bench", settings=get_settings())


def _add_articles(session: Session, newsletter: Newsletter, count: int, chance: random.Random) -> None:
    sources = [
        Source(
            newsletter_id=newsletter.id, address=f"https://s{n}.example", address_key=f"s{n}.example", title=f"Site {n}"
        )
        for n in range(6)
    ]
    session.add_all(sources)
    session.flush()
    words = [
        f"{a}{b}"
        for a in ("reken", "stroom", "glas", "data", "zonne", "wind")
        for b in ("kracht", "net", "weg", "land")
    ]
    texts = [" ".join(chance.choices(words, k=450)) for _ in range(count)]
    for number in range(0, count, 8):
        texts[number] = texts[number - 1]
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
                "title": f"{texts[n][:60].capitalize()} {n}",
                "site": f"Site {n % 6}",
                "language": "nl",
                "published_at": now - timedelta(minutes=17 * n),
                "tags": ["datacenter", "energie"],
                "summary": texts[n][:300],
                "quote": texts[n][200:420],
                "body_html": f"<p>{texts[n]}</p>",
                "body_text": texts[n],
                "words": 450,
            }
            for n in range(count)
        ],
    )


if __name__ == "__main__":
    main()
