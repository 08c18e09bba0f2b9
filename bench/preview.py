"""The preview beside the words: from the end of the pause in typing until the frame shows the new words, in Chromium.

Run with `python -m bench.preview` from the checkout; half a minute, everything in a folder that is removed. An issue of
ten items on a web process of its own; words are typed key by key into a blurb, another one each time.
"""

import argparse
import statistics

from playwright.sync_api import Locator, Page

from bench.desk import Desk, add_articles, open_to_an_owner, running_desk
from bench.stack import Stack
from curator.db.session import transaction
from curator.issues.compose import add_item, create_issue
from curator.issues.newsletters import create_newsletter
from curator.sources.models import Article

PAUSE = 250
"""Milliseconds without a key after which the page saves what was typed (autosave.js)."""

BETWEEN_KEYS = 60
WARM_UP = 2
BLURB = "Wie rekent met stroom, rekent met *water*: koeling vraagt in een droge zomer meer dan een stad."

# Notes when the last key came, and tells how long after it the preview that is shown first has the words.
WATCH = """(words) => {
  let lastKey = 0;
  const note = () => (lastKey = performance.now());
  addEventListener("input", note, true);
  window.shown = new Promise((done) => {
    const look = () => {
      const frame = document.querySelector(".look-frame.is-shown");
      if (!frame?.contentDocument?.body?.textContent.includes(words)) return void requestAnimationFrame(look);
      removeEventListener("input", note, true);
      done(performance.now() - lastKey);
    };
    look();
  });
}"""


def main() -> None:
    """Print the median and the worst of so many pauses."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=10)
    options.add_argument("--pauses", type=int, default=21)
    asked = options.parse_args()
    with Stack() as stack, running_desk(stack, _fill(asked.items)) as desk:
        _measure(desk, asked.items, asked.pauses)


def _measure(desk: Desk, items: int, pauses: int) -> None:
    desk.page.goto(f"{desk.address}/n/tech/issues/1", wait_until="networkidle")
    blurbs = desk.page.locator(".item-blurb")
    assert blurbs.count() == items
    waits = [_wait(desk.page, blurbs.nth(n % items), f" woord{n}x") for n in range(WARM_UP + pauses)][WARM_UP:]
    size = len(desk.page.request.get(f"{desk.address}/n/tech/issues/1/preview").body())
    print(f"{items} items, a mail of {size / 1024:.0f} KB, {pauses} pauses, milliseconds     best  median   worst")
    print(f"{'after the pause':62s} {_three(waits)}")
    print(f"{f'after the last key (a pause of {PAUSE})':62s} {_three([wait + PAUSE for wait in waits])}")


def _wait(page: Page, blurb: Locator, words: str) -> float:
    blurb.focus()
    page.keyboard.press("Control+End")
    page.evaluate(WATCH, words.strip())
    page.keyboard.type(words, delay=BETWEEN_KEYS)
    wait = float(page.evaluate("() => window.shown"))
    page.wait_for_timeout(900)  # the checks that follow a change are over
    return wait - PAUSE


def _three(numbers: list[float]) -> str:
    return " ".join(f"{number:7.0f}" for number in (min(numbers), statistics.median(numbers), max(numbers)))


def _fill(count: int) -> str:
    """A draft of so many items, each with a blurb; the cookie of who is signed in."""
    with transaction() as session:
        newsletter = create_newsletter(session, "tech", name="Tech", from_address="desk@example.org")
        issue = create_issue(session, newsletter.id, "Wat rekenkracht kost")
        add_articles(session, newsletter, count)
        sections = [section.name for section in issue.sections]
        for number, article in enumerate(session.query(Article).order_by(Article.id)):
            add_item(session, issue.id, article.id, sections[number % len(sections)], blurb=BLURB)
        return open_to_an_owner(session)


if __name__ == "__main__":
    main()
