"""This week with 500 candidates in Chromium, in turns with an empty list: from the request to the first paint.

Run with `python -m bench.triage` from the checkout; half a minute, everything in a folder that is removed. The web
process is one of its own; the browser loads the page anew each time, with static files kept as a browser keeps them.
"""

import argparse
import statistics
from functools import partial

from playwright.sync_api import Page

from bench.desk import Desk, add_articles, open_to_an_owner, running_desk
from bench.stack import Stack
from curator.db.session import transaction
from curator.issues.compose import create_issue
from curator.issues.newsletters import create_newsletter
from curator.reports.picks import learn_tastes
from curator.sources.likeness import compare_due

WARM_UP = 3
"""Loads that are not counted: the browser has nothing yet, and Python has compiled no template."""

PAINT = """() => new Promise((done) => {
  const found = performance.getEntriesByName("first-contentful-paint")[0];
  if (found) return done(found.startTime);
  new PerformanceObserver((list) => list.getEntriesByName("first-contentful-paint").forEach((e) => done(e.startTime)))
    .observe({type: "paint", buffered: true});
})"""
TIMES = """() => { const t = performance.getEntriesByType("navigation")[0];
  const bytes = [t.responseStart - t.requestStart, t.responseEnd - t.requestStart];
  return [...bytes, t.domInteractive, t.domContentLoadedEventEnd]; }"""
ALL = """() => new Promise((done) => {
  const look = () => document.getElementById("find-rest") ? setTimeout(look, 5) : done(performance.now());
  look();
})"""
NAMES = ("first byte", "last byte", "DOM built", "DOM ready", "first paint", "all rows")


def main() -> None:
    """Print the medians and the worst of so many loads."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--candidates", type=int, default=500)
    options.add_argument("--loads", type=int, default=21)
    asked = options.parse_args()
    with Stack() as stack, running_desk(stack, _fill(asked.candidates)) as desk:
        _measure(desk, asked.loads)


def _measure(desk: Desk, loads: int) -> None:
    paths = (f"{desk.address}/n/tech/", f"{desk.address}/n/tech/?show=dismissed")
    for _ in range(WARM_UP):
        list(map(partial(_load, desk.page), paths))
    before = desk.work()
    full, empty = zip(*([_load(desk.page, path) for path in paths] for _ in range(loads)), strict=True)
    work = (desk.work() - before) / loads * 1000
    _load(desk.page, paths[0])
    shown = desk.page.locator("#find-list > .find").count()
    print(f"{shown} rows, {loads} loads, milliseconds         best  median   worst    an empty list, best and median")
    for name, column, without in zip(NAMES, zip(*full, strict=True), zip(*empty, strict=True), strict=True):
        median = statistics.median
        numbers = (min(column), median(column), max(column))
        print(f"{name:35s}", *(f"{n:7.0f}" for n in numbers), f"{min(without):16.0f} {median(without):7.0f}")
    print(f"{'work of the web process, both':35s} {work:7.0f}")


def _load(page: Page, address: str) -> tuple[float, ...]:
    page.goto(address, wait_until="load")
    painted = page.evaluate(PAINT)
    everything = page.evaluate(ALL)
    return (*page.evaluate(TIMES), painted, everything)


def _fill(count: int) -> str:
    """A newsletter with so many candidates and a draft; the cookie of who is signed in."""
    with transaction() as session:
        newsletter = create_newsletter(session, "tech", name="Tech", from_address="desk@example.org")
        create_issue(session, newsletter.id, "This week")
        add_articles(session, newsletter, count)
        compare_due(session, count)
        learn_tastes(session)
        return open_to_an_owner(session)


if __name__ == "__main__":
    main()
