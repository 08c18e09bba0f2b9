"""One person's week in the browser, from a pasted article to the next send that leaves a reader out.

Everything is real: the desk, workers, deliveries, the mailbox that receives the mails, and the reader who opens one.
"""

import csv
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from curator.events.machines import AT_ACCEPTANCE
from tests.browser.whole_demo import Demo, sign_in

TITLE = "Sluiswachter leest het water met een oude modem"
ARTICLE = f"""\
{TITLE}

11 februari 2025, 14:56

Tags: water, modems

In een sluiskolk bij Dorpermond hangt sinds deze winter een modem uit 1994 die nog elke nacht naar de wal belt. De \
sluiswachter hoort aan de ruis of er ijs op komst is: bij vorst verandert de toon van de draaggolf een kwartier \
eerder dan de thermometer het merkt.

Waarom het werkt

De koperdraad loopt dertig meter onder water en krimpt als het afkoelt. Wat voor de telefonie een storing was, is \
voor de sluis een meetinstrument geworden dat niemand hoefde te kopen.
"""
BLURB = "Een modem uit 1994 voorspelt **ijs op de kolk** en hoeft daar niets voor te weten."
SHOWN_BLURB = "voorspelt ijs op de kolk"


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
    sign_in(page, demo)
    article = _capture(page)
    _triage(page, article)
    _place(page, article)
    item = _arrange(page, demo)
    _write(page, item)
    _look(page)
    _test(page, demo)
    mailed = _send(page, demo, 42)
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


def _capture(page: Page) -> Locator:
    """Paste the text of an article; what is read out of it stands at the top of the candidates."""
    assert page.locator("#find-list > .find").count() > 15
    page.keyboard.press("c")
    expect(page.locator("#words")).to_be_focused()
    page.keyboard.insert_text(ARTICLE)
    page.keyboard.press("Control+Enter")
    found = page.locator("#find-list > .find", has_text=TITLE)
    expect(found).to_have_count(1)
    published = found.locator("time").get_attribute("datetime")
    assert datetime.fromisoformat(str(published)) == datetime(2025, 2, 11, 14, 56, tzinfo=ZoneInfo("Europe/Amsterdam"))
    expect(found.locator(".tag")).to_have_text(["water", "modems"])
    expect(found.locator(".language")).to_have_text("NL")
    expect(page.locator("#words")).to_have_value("")
    return found


def _triage(page: Page, article: Locator) -> None:
    """Walk with j and k, star, dismiss and take back, without the mouse."""
    page.keyboard.press("Escape")
    _walk_to(page, article)
    page.keyboard.press("s")
    expect(article).to_have_attribute("data-triage", "starred")
    page.keyboard.press("j")
    current = page.locator("#find-list > .find.is-current")
    other = page.locator(f"#{current.get_attribute('id')}")
    assert "find" in str(other.get_attribute("class"))
    dismissed = _count(page, "dismissed")
    page.keyboard.press("x")
    expect(other).to_have_count(0)
    expect(page.locator('[data-count="dismissed"]')).to_have_text(str(dismissed + 1))
    page.keyboard.press("u")
    expect(other).to_have_count(1)
    expect(page.locator('[data-count="dismissed"]')).to_have_text(str(dismissed))
    page.reload()
    expect(article).to_have_attribute("data-triage", "starred")
    expect(other).to_have_attribute("data-triage", "candidate")


def _place(page: Page, article: Locator) -> None:
    """The number of a section puts the article in it."""
    _walk_to(page, article)
    with page.expect_response(re.compile("/acts$")) as answer:
        page.keyboard.press("4")
    assert answer.value.ok
    expect(article.locator(".badge.good")).to_have_count(1)


def _arrange(page: Page, demo: Demo) -> Locator:
    """Open the draft and move the new item up, out of its section, by keyboard. The server keeps it."""
    page.keyboard.press("g")
    page.wait_for_url(f"{demo.desk}/issues/42")
    sections = page.locator(".part")
    expect(sections.nth(3).locator(".item")).to_have_count(1)
    item = page.locator(f"#{sections.nth(3).locator('.item').get_attribute('id')}")
    expect(item.locator(".item-title")).to_have_value(TITLE)
    others = sections.nth(2).locator(".item").count()
    item.locator(".item-title").focus()
    for _ in range(2):
        with page.expect_response(re.compile("/move$")) as answer:
            page.keyboard.press("Alt+ArrowUp")
        assert answer.value.ok
    page.reload()
    order = sections.nth(2).locator(".item")
    expect(order).to_have_count(others + 1)
    assert order.nth(others - 1).get_attribute("id") == item.get_attribute("id")
    expect(sections.nth(3).locator(".item")).to_have_count(0)
    return item


def _write(page: Page, item: Locator) -> None:
    """Type a blurb; the preview follows and the words are kept."""
    preview = page.frame_locator(".look-frame.is-shown").locator("body")
    expect(preview).to_contain_text(TITLE)
    expect(preview).not_to_contain_text(SHOWN_BLURB)
    with page.expect_response(re.compile("/save$")) as saved:
        item.locator(".item-blurb").fill(BLURB)
    assert saved.value.ok
    expect(preview).to_contain_text(SHOWN_BLURB)
    expect(preview.locator("strong", has_text="ijs op de kolk")).to_have_count(1)


def _look(page: Page) -> None:
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
    expect(inside).to_contain_text(TITLE)
    expect(inside.locator("img, table")).to_have_count(0)


def _test(page: Page, demo: Demo) -> None:
    """A test mail to oneself arrives in the mailbox, and changes nothing about the issue."""
    page.locator(".test-menu summary").click()
    address = page.locator("#test-address").input_value()
    page.locator(".test-menu form button").click()
    expect(page.locator("#notices .notice.good")).to_contain_text(address)
    page.goto(f"{demo.address}/mailbox?q={address}")
    mail = page.locator("#mails a")
    expect(mail).to_have_count(1)  # the list looks again by itself
    mail.click()
    expect(page.frame_locator(".mail-frame").locator("body")).to_contain_text(SHOWN_BLURB)


def _send(page: Page, demo: Demo, number: int) -> int:
    """Press Send, weigh the warnings, and send. Returns how many the dialog said would get it."""
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


def _is_left_out(page: Page, demo: Demo, reader: str) -> None:
    """Named among the excluded, with the reason, and no second mail in the mailbox."""
    page.goto(f"{demo.desk}/deliveries/43?term=excluded&reason=unsubscribed")
    expect(page.locator("#names tbody th", has_text=reader)).to_have_count(1)
    page.goto(f"{demo.address}/mailbox?q={reader}")
    expect(page.locator("#mails a")).to_have_count(1)


def _walk_to(page: Page, article: Locator) -> None:
    """Press k to the top, then j until the article is the current one."""
    rows = page.locator("#find-list > .find").count()
    for key in ["k"] * rows + ["j"] * rows:
        if "is-current" in str(article.get_attribute("class")):
            return
        page.keyboard.press(key)
    raise AssertionError("j and k do not reach the article")


def _count(page: Page, name: str) -> int:
    return int(page.locator(f'[data-count="{name}"]').inner_text())
