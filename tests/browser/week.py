"""The week of an editor by keyboard alone: sign in, triage, arrange, write, check, send a test, and Send.

No click, no field filled or focused from outside. Where an address is opened, a person types it into the browser.
"""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from tests.browser.keyboard import Keyboard, hears
from tests.browser.whole_demo import Demo

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
SUBJECT = "De kolk weet het een kwartier eerder"
INTRO = "Deze week: water, koper en een toon die verandert."
SHOWN_BLURB = "voorspelt ijs op de kolk"


def send_by_keyboard(page: Page, demo: Demo) -> int:
    """From the link that signs in to the delivery of issue 42. Returns how many the Send dialog said would get it."""
    hands = Keyboard(page)
    _sign_in(page, hands, demo)
    _learn(page, hands)
    article = _capture(page, hands)
    _triage(page, hands, article)
    _place(page, hands, article)
    item = _arrange(page, hands, demo)
    _write(page, hands, item)
    _remove_and_undo(page, hands, item)
    _check(page, hands)
    _test(page, hands, demo)
    return _send(page, hands, demo)


def _sign_in(page: Page, hands: Keyboard, demo: Demo) -> None:
    """The link of the mail, and the button behind it."""
    page.goto(demo.link)
    hands.tab_to(page.get_by_role("button"))
    hands.press("Enter", leaves=True)
    page.wait_for_url(f"{demo.desk}/")
    page.context.storage_state(path=demo.home / "signed-in.json")


def _learn(page: Page, hands: Keyboard) -> None:
    """The list of keys opens over the page, holds the focus without a trap, and gives it back."""
    hands.press("Tab")
    first = page.evaluate("document.activeElement.outerHTML")
    hands.press("?")
    keys = page.locator("#help")
    expect(keys).to_be_visible()
    assert keys.locator("dt").count() > 10
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    hands.press("Escape")
    expect(keys).to_be_hidden()
    assert page.evaluate("document.activeElement.outerHTML") == first


def _capture(page: Page, hands: Keyboard) -> Locator:
    """Paste the text of an article; what is read out of it stands at the top of the candidates."""
    assert page.locator("#find-list > .find").count() > 15
    hands.press("c")
    expect(page.locator("#words")).to_be_focused()
    page.keyboard.insert_text(ARTICLE)
    hands.press("Control+Enter")
    found = page.locator("#find-list > .find", has_text=TITLE)
    expect(found).to_have_count(1)
    published = found.locator("time").get_attribute("datetime")
    assert datetime.fromisoformat(str(published)) == datetime(2025, 2, 11, 14, 56, tzinfo=ZoneInfo("Europe/Amsterdam"))
    expect(found.locator(".tag")).to_have_text(["water", "modems"])
    expect(found.locator(".language")).to_have_text("NL")
    expect(page.locator("#words")).to_have_value("")
    return found


def _triage(page: Page, hands: Keyboard, article: Locator) -> None:
    """Walk with j and k, star, dismiss, keep for later and take back; all shown, said, and the focus is kept."""
    hands.press("Escape")
    _walk_to(page, hands, article)
    hands.press("s")
    expect(article).to_have_attribute("data-triage", "starred")
    for key, done in (("x", "Dismissed"), ("l", "Kept for later")):
        hands.press("j")
        current = page.locator("#find-list > .find.is-current")
        other = page.locator(f"#{current.get_attribute('id')}")
        title = other.locator(".find-title").inner_text()
        gone = _count(page, done.split()[-1].lower())
        hands.press(key)
        expect(other).to_have_count(0)
        hears(page, "toast", f"{done}: {title}")
        expect(page.locator(f'[data-count="{done.split()[-1].lower()}"]')).to_have_text(str(gone + 1))
        expect(current).to_be_focused()
        hands.press("u")
        hears(page, "toast", f"Undone: {title}")
        expect(other).to_be_focused()
        expect(page.locator(f'[data-count="{done.split()[-1].lower()}"]')).to_have_text(str(gone))
    page.reload()
    expect(article).to_have_attribute("data-triage", "starred")
    expect(other).to_have_attribute("data-triage", "candidate")


def _place(page: Page, hands: Keyboard, article: Locator) -> None:
    """The number of a section puts the article in it."""
    _walk_to(page, hands, article)
    with page.expect_response(re.compile("/acts$")) as answer:
        hands.press("4")
    assert answer.value.ok
    expect(article.locator(".badge.good")).to_have_count(1)
    hears(page, "toast", TITLE)


def _arrange(page: Page, hands: Keyboard, demo: Demo) -> Locator:
    """Open the draft and move the new item up, out of its section. The server keeps it."""
    hands.press("g", leaves=True)
    page.wait_for_url(f"{demo.desk}/issues/42")
    sections = page.locator(".part")
    expect(sections.nth(3).locator(".item")).to_have_count(1)
    item = page.locator(f"#{sections.nth(3).locator('.item').get_attribute('id')}")
    title = item.locator(".item-title")
    expect(title).to_have_value(TITLE)
    others = sections.nth(2).locator(".item").count()
    hands.tab_to(title)
    for _ in range(2):
        with page.expect_response(re.compile("/move$")) as answer:
            hands.press("Alt+ArrowUp")
        assert answer.value.ok
        hears(page, "announce", f"{TITLE}: place {others + 1 if _ == 0 else others} of {others + 1}")
        expect(title).to_be_focused()
    page.reload()
    order = sections.nth(2).locator(".item")
    expect(order).to_have_count(others + 1)
    assert order.nth(others - 1).get_attribute("id") == item.get_attribute("id")
    expect(sections.nth(3).locator(".item")).to_have_count(0)
    return item


def _write(page: Page, hands: Keyboard, item: Locator) -> None:
    """Subject and introduction, then from blurb to blurb; the preview follows and the words are kept."""
    preview = page.frame_locator(".look-frame.is-shown").locator("body")
    expect(preview).to_contain_text(TITLE)
    expect(preview).not_to_contain_text(SHOWN_BLURB)
    for field, words in (("#subject", SUBJECT), ("#intro", INTRO)):
        hands.tab_to(page.locator(field))
        with page.expect_response(re.compile("/save$")) as saved:
            hands.write(words)
        assert saved.value.ok
    blurb = item.locator(".item-blurb")
    for _ in range(page.locator(".item").count()):
        hands.press("Control+Enter")
        if blurb.evaluate("element => element === document.activeElement"):
            break
    expect(blurb).to_be_focused()
    with page.expect_response(re.compile("/save$")) as saved:
        hands.write(BLURB)
    assert saved.value.ok
    expect(preview).to_contain_text(SHOWN_BLURB)
    expect(preview.locator("strong", has_text="ijs op de kolk")).to_have_count(1)


def _remove_and_undo(page: Page, hands: Keyboard, item: Locator) -> None:
    """An item leaves and comes back; the focus goes on to the next thing, and what happened is said."""
    count = page.locator(".item").count()
    hands.tab_to(item.locator("[data-remove] button"))
    with page.expect_response(re.compile("/remove$")):
        hands.press("Enter")
    expect(page.locator(".item")).to_have_count(count - 1)
    hears(page, "announce", f"{TITLE} is removed")
    expect(page.locator("#undo")).to_have_attribute("aria-disabled", "false")
    hands.tab_to(page.locator("#undo"), back=True)
    hands.press("Enter")
    expect(page.locator(".item")).to_have_count(count)
    hears(page, "announce", "Undone")
    hands.check()
    expect(item.locator(".item-blurb")).to_have_value(BLURB)


def _check(page: Page, hands: Keyboard) -> None:
    """The tab of the checks by arrow, and from a finding to the words it is about."""
    hands.tab_to(page.locator("#tab-preview"))
    hands.press("ArrowRight")
    there = page.locator("#panel-checks [data-there]").first
    expect(there).to_be_visible()
    hands.tab_to(there)
    about = page.locator(f"#{str(there.get_attribute('href')).partition('#')[2]}")
    hands.press("Enter")
    expect(about).to_be_focused()


def _test(page: Page, hands: Keyboard, demo: Demo) -> None:
    """A test mail to oneself arrives in the mailbox, and changes nothing about the issue."""
    hands.tab_to(page.locator(".test-menu > summary"), back=True)
    hands.press("Enter")
    address = page.locator("#test-address").input_value()
    hands.tab_to(page.locator(".test-menu form button"))
    hands.press("Enter")
    hears(page, "notices", address)
    hands.check()
    hands.press("Escape")
    expect(page.locator(".test-menu > summary")).to_be_focused()
    page.goto(f"{demo.address}/mailbox?q={address}")
    mail = page.locator("#mails a")
    expect(mail).to_have_count(1)  # the list looks again by itself
    hands.tab_to(mail)
    hands.press("Enter", leaves=True)
    expect(page.frame_locator(".mail-frame").locator("body")).to_contain_text(SHOWN_BLURB)


def _send(page: Page, hands: Keyboard, demo: Demo) -> int:
    """Open Send, tick the warnings with the space bar, and send. Returns how many the dialog said would get it."""
    page.goto(f"{demo.desk}/issues/42")
    hands.tab_to(page.locator("#open-send"))
    page.keyboard.press("Enter")
    dialog = page.locator("#send-dialog")
    expect(dialog).to_be_visible()
    hands.check()
    mailed = int(dialog.locator(".send-count strong").inner_text())
    for warning in dialog.locator('input[name="acknowledged"]').all():
        hands.tab_to(warning)
        hands.press("Space")
        expect(warning).to_be_checked()
    hands.tab_to(dialog.locator("button.primary"))
    hands.press("Enter", leaves=True)
    page.wait_for_url(f"{demo.desk}/deliveries/42")
    return mailed


def _walk_to(page: Page, hands: Keyboard, article: Locator) -> None:
    """Press k to the top, then j until the article is the current one."""
    rows = page.locator("#find-list > .find").count()
    for key in ["k"] * rows + ["j"] * rows:
        if "is-current" in str(article.get_attribute("class")):
            return
        hands.press(key)
    raise AssertionError("j and k do not reach the article")


def _count(page: Page, name: str) -> int:
    return int(page.locator(f'[data-count="{name}"]').inner_text())
