"""One person's week in the browser, from a pasted article to the next send that leaves a reader out.

The first issue is made and sent by keyboard alone; the mouse comes in afterwards.

Everything is real: the desk, workers, deliveries, the mailbox that receives the mails, and the reader who opens one.
"""

import csv
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from curator.events.machines import AT_ACCEPTANCE
from tests.browser.week import send_by_keyboard
from tests.browser.whole_demo import Demo


class Numbers(NamedTuple):
    """What a report says of people, and how many left."""

    opens: int
    clicks: int
    unsubscribes: int


@pytest.fixture
def page(window: Browser) -> Iterator[Page]:
    # A browser without a window says so, and the report rightly takes it for a machine.
    agent = (
        f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{window.version} Safari/537.36"
    )
    with window.new_context(viewport={"width": 1280, "height": 900}, user_agent=agent) as context:
        context.set_default_timeout(20_000)
        yield context.new_page()


@pytest.mark.browser
@pytest.mark.timeout(240)
def test_a_week_from_the_pasted_article_to_the_reader_who_leaves(demo: Demo, page: Page) -> None:
    expect.set_options(timeout=20_000)
    mailed = send_by_keyboard(page, demo)
    _watch(page, mailed)
    reader = _reader_who_is_measured(page, demo)
    report = page.context.new_page()
    before = _numbers(report, demo)
    page.bring_to_front()  # browsers are slow in tabs that nobody sees
    _read(page, demo, reader)
    _leave(page)
    _wait_for(report, Numbers(before.opens + 1, before.clicks + 1, before.unsubscribes + 1))
    page.bring_to_front()
    _next_issue(page, demo)
    assert _send(page, demo, 43) == mailed - 1
    _watch(page, mailed - 1)
    _is_left_out(page, demo, reader)


def _look(page: Page, title: str) -> None:
    """The same mail on a phone, in the dark, and as plain text."""
    stage = page.locator(".look-stage")
    frame = page.locator(".look-frame.is-shown")
    inside = page.frame_locator(".look-frame.is-shown").locator("body")
    assert frame.bounding_box()["width"] > 560  # type: ignore[index]
    page.locator('button[data-look="width"][value="375"]').click()
    expect(stage).to_have_attribute("data-width", "375")
    assert frame.bounding_box()["width"] <= 377  # type: ignore[index]
    lightness = "body => getComputedStyle(body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    assert inside.evaluate(lightness) > 600
    page.locator('button[data-look="theme"][value="dark"]').click()
    expect(stage).to_have_attribute("data-theme", "dark")
    expect(frame).to_have_attribute("src", re.compile("theme=dark"))
    assert inside.evaluate(lightness) < 200
    page.locator('button[data-look="kind"][value="text"]').click()
    expect(frame).to_have_attribute("src", re.compile("kind=text"))
    expect(inside).to_contain_text(title)
    expect(inside.locator("img, table")).to_have_count(0)


def _send(page: Page, demo: Demo, number: int) -> int:
    """Press Send, weigh the warnings, and send, by mouse. Returns how many the dialog said would get it."""
    page.goto(f"{demo.desk}/issues/{number}")
    page.locator("#open-send").click()
    dialog = page.locator("#send-dialog")
    mailed = int(dialog.locator(".send-count strong").inner_text())
    for warning in dialog.locator('input[name="acknowledged"]').all():
        warning.check()
    dialog.locator("button.primary").click()
    page.wait_for_url(f"{demo.desk}/deliveries/{number}")
    return mailed


def _watch(page: Page, mailed: int) -> None:
    """The page fills in by itself until everyone is accounted for."""
    page.evaluate("window.sameDocument = true")
    bar = page.locator('[data-part="progress"] progress')
    expect(bar).to_have_js_property("value", mailed, timeout=60_000)
    expect(page.locator('[data-part="state"] .badge.good')).to_have_count(1)
    assert page.evaluate("window.sameDocument") is True
    total = int(page.locator(".sum-total .sum-number").inner_text())
    terms = {
        term: int(page.locator(f".sum-term.{term} .sum-number").inner_text())
        for term in ("accepted", "excluded", "failed", "unknown", "waiting")
    }
    assert total == 200
    assert total == sum(terms.values())
    assert terms["accepted"] == mailed


def _reader_who_is_measured(page: Page, demo: Demo) -> str:
    """A reader who got the issue and agreed to be measured: only they can be told from a machine."""
    page.goto(f"{demo.address}/mailbox?q=example")
    got_it = {words.removeprefix("to ") for words in page.locator(".mail-who .muted").all_inner_texts()}
    answer = page.request.get(f"{demo.desk}/audience/export.csv")
    assert answer.ok
    rows = list(csv.DictReader(answer.text().splitlines()))
    assert len(rows) == 200
    return next(row["email"] for row in rows if row["tracking"] == "yes" and row["email"] in got_it)


def _read(page: Page, demo: Demo, reader: str) -> None:
    """Open the mail, let its pictures in, follow a link; no sooner than a person could."""
    page.goto(f"{demo.address}/mailbox?q={reader}")
    mail = page.locator("#mails a")
    expect(mail).to_have_count(1)
    arrived = datetime.fromisoformat(str(mail.locator("time").get_attribute("datetime")))
    early = arrived + AT_ACCEPTANCE + timedelta(seconds=1) - datetime.now(arrived.tzinfo)
    page.wait_for_timeout(max(0.0, early.total_seconds() * 1000))
    with page.expect_response(re.compile(r"/o/[^/]+\.gif$")) as pixel:
        mail.click()
    assert pixel.value.ok
    inside = page.frame_locator(".mail-frame").locator("body")
    assert inside.locator("img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    link = inside.locator("a", has_text="Wachtlijst voor het stroomnet").first
    with (
        page.context.expect_event("response", lambda answer: "/c/" in answer.url) as followed,
        page.expect_popup() as tab,
    ):
        link.click()
    assert followed.value.status in (302, 303, 307)
    assert ".example/" in followed.value.headers["location"]
    tab.value.close()


def _leave(page: Page) -> None:
    """The mail program's own Unsubscribe: one click, no page in between."""
    page.locator('form[action$="/leave"] button').click()
    expect(page.locator(".notice.good")).to_have_count(1)


def _numbers(report: Page, demo: Demo) -> Numbers:
    report.goto(f"{demo.desk}/reports/42")
    report.evaluate("window.sameDocument = true")
    return _shown(report)


def _wait_for(report: Page, wanted: Numbers) -> None:
    """The report shows it without being loaded again."""
    report.bring_to_front()
    expect(_people(report, "opens")).to_have_text(str(wanted.opens))
    expect(_people(report, "clicks")).to_have_text(str(wanted.clicks))
    expect(_left(report)).to_have_text(re.compile(rf"^{wanted.unsubscribes}\b"))
    assert _shown(report) == wanted
    assert report.evaluate("window.sameDocument") is True


def _shown(report: Page) -> Numbers:
    opens, clicks = (int(_people(report, kind).inner_text()) for kind in ("opens", "clicks"))
    return Numbers(opens, clicks, int(_left(report).inner_text().split()[0]))


def _people(report: Page, kind: str) -> Locator:
    return report.locator(f'[aria-labelledby="{kind}-heading"] .people .figure-number')


def _left(report: Page) -> Locator:
    return report.locator(".totals > div").nth(1).locator("dd")


def _next_issue(page: Page, demo: Demo) -> None:
    """Another issue, with one article out of this week's."""
    page.goto(f"{demo.desk}/issues")
    page.locator(".page-actions form button").click()
    page.wait_for_url(f"{demo.desk}/issues/43")
    with page.expect_response(re.compile("/save$")) as saved:
        page.locator("#subject").fill("Een week later: wat er van het ijs kwam")
    assert saved.value.ok
    page.locator("[data-offer]").first.click()
    page.locator('#offer form[action$="/items"] button').first.click()
    item = page.locator(".item")
    expect(item).to_have_count(1)
    with page.expect_response(re.compile("/save$")) as saved:
        item.locator(".item-blurb").fill("Voor wie vorige week niet klikte.")
    assert saved.value.ok
    preview = page.frame_locator(".look-frame.is-shown").locator("body")
    expect(preview).to_contain_text("Voor wie vorige week niet klikte.")
    _look(page, item.locator(".item-title").input_value())


def _is_left_out(page: Page, demo: Demo, reader: str) -> None:
    """Named among the excluded, with the reason, and no second mail in the mailbox."""
    page.goto(f"{demo.desk}/deliveries/43?term=excluded&reason=unsubscribed")
    expect(page.locator("#names tbody th", has_text=reader)).to_have_count(1)
    page.goto(f"{demo.address}/mailbox?q={reader}")
    expect(page.locator("#mails a")).to_have_count(1)
