"""Two editors on one issue, each in a browser of their own: every word typed stands somewhere to be read."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from curator.accounts.models import Role
from curator.accounts.sign_ins import open_sign_in
from curator.accounts.users import add_user
from curator.settings import get_settings
from curator.web.access import cookie_name
from tests.web.conftest import Scene

pytestmark = pytest.mark.browser

TOOK_IN = 15_000
"""Longest wait, in milliseconds, for what somebody else did."""


@pytest.fixture
def ben(scene: Scene, chrome: Browser) -> Iterator[Page]:
    """The page of a second editor, Ben, on the same issue."""
    user = add_user(scene.session, "ben@example.org", Role.EDITOR, scene.issue.newsletter_id)
    secret = open_sign_in(scene.session, user, agent="test", settings=get_settings())
    scene.session.commit()
    with chrome.new_context(viewport={"width": 1440, "height": 900}) as context:
        context.add_cookies([{"name": cookie_name(), "value": secret, "url": scene.address}])
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{scene.address}/n/tech/issues/1")
        yield page
        assert problems == []


@pytest.fixture
def ada(scene: Scene) -> Page:
    """The page of the first editor."""
    scene.page.goto(f"{scene.address}/n/tech/issues/1")
    return scene.page


def _saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")


def _hurry(page: Page) -> None:
    """Have a page ask what others did at once, and often: not every few seconds, as it does by itself."""
    page.evaluate("setInterval(() => document.dispatchEvent(new Event('visibilitychange')), 300)")


def _stored(scene: Scene, *blurbs: str) -> None:
    """The server has these blurbs, within a while."""
    for _ in range(60):
        if [item.blurb for item in scene.fresh_issue().sections[1].items][: len(blurbs)] == list(blurbs):
            return
        scene.page.wait_for_timeout(250)
    assert [item.blurb for item in scene.fresh_issue().sections[1].items][: len(blurbs)] == list(blurbs)


def test_the_same_blurb_written_by_two_is_shown_as_two_texts(scene: Scene, ada: Page, ben: Page) -> None:
    ada.locator(".item-blurb").first.fill("Ada writes this.")
    _saved(ada)
    ben.locator(".item-blurb").first.fill("Ben writes that.")
    conflict = ben.locator(".conflict")
    expect(conflict.get_by_label("Your words")).to_have_value("Ben writes that.")
    expect(conflict.get_by_label("Their words")).to_have_value("Ada writes this.")
    expect(conflict).to_contain_text("editor@example.org")
    ben.locator(".item-blurb").first.press_sequentially(" And more.")
    expect(ben.locator(".item-blurb").first).to_have_value("Ben writes that. And more.")
    conflict.get_by_role("button", name="Put both in the field").click()
    both = "Ben writes that. And more.\n\nAda writes this."
    _stored(scene, both)
    _hurry(ada)
    expect(ada.locator(".item-blurb").first).to_have_value(both, timeout=TOOK_IN)


def test_a_conflict_outlives_a_rearrangement_and_a_reload(scene: Scene, ada: Page, ben: Page) -> None:
    ada.locator(".item-blurb").first.fill("Ada")
    _saved(ada)
    ben.locator(".item-blurb").first.fill("Ben")
    expect(ben.locator(".conflict")).to_be_visible()
    ada.locator(".item-blurb").first.press("Alt+ArrowDown")
    _hurry(ben)
    expect(ben.locator(".item .item-title").first).to_have_value("Over two", timeout=TOOK_IN)
    conflict = ben.locator(".item", has=ben.locator(".conflict"))
    expect(conflict.get_by_label("Your words")).to_have_value("Ben")
    ben.reload()
    expect(ben.locator(".conflict").get_by_label("Your words")).to_have_value("Ben")
    ben.get_by_role("button", name="Take theirs").click()
    expect(ben.locator(".conflict")).to_have_count(0)
    assert scene.fresh_issue().sections[1].items[1].blurb == "Ada"


def test_different_fields_never_conflict_and_arrive_while_typing(scene: Scene, ada: Page, ben: Page) -> None:
    ben.locator(".item-blurb").nth(1).fill("A beginning ")
    _saved(ben)
    ada.locator("#intro").fill("From Ada")
    ada.locator(".item-blurb").first.fill("Also from Ada")
    _saved(ada)
    ben.locator(".item-blurb").nth(1).press("End")
    typed = ""
    while ben.locator(".item-blurb").first.input_value() != "Also from Ada" and len(typed) < 200:
        ben.keyboard.type("word ", delay=40)
        typed += "word "
    expect(ben.locator("#intro")).to_have_value("From Ada")
    expect(ben.locator(".item-blurb").nth(1)).to_have_value(f"A beginning {typed}")
    expect(ben.locator(".item-blurb").nth(1)).to_be_focused()
    _stored(scene, "Also from Ada", f"A beginning {typed}")


def test_words_for_an_item_that_was_removed_stay_to_be_read(scene: Scene, ada: Page, ben: Page) -> None:
    ben.locator(".item-talk summary").first.click()
    ben.get_by_label("Comment on Over one").fill("Half a comment")
    ben.locator(".item-blurb").first.focus()
    ada.get_by_role("button", name="Remove from the issue").first.click()
    expect(ada.locator(".item")).to_have_count(2)
    ben.keyboard.press("Control+a")
    ben.keyboard.type("Too late, but written")
    _hurry(ben)
    expect(ben.get_by_label("Your words for Over one").last).to_have_value("Too late, but written", timeout=TOOK_IN)
    expect(ben.get_by_label("Your words for Over one").first).to_have_value("Half a comment")
    with ada.expect_response("**/composer"):
        ada.locator("h1").click()
        ada.keyboard.press("Control+z")
    expect(ada.locator(".item")).to_have_count(3)
    expect(ben.locator(".item-blurb").first).to_have_value("Too late, but written", timeout=TOOK_IN)


def test_a_comment_being_written_survives_what_others_do_and_is_heard(scene: Scene, ada: Page, ben: Page) -> None:
    ada.locator(".item-talk summary").first.click()
    ada.get_by_label("Comment on Over one").fill("Is this ")
    ben.locator(".item-blurb").nth(1).fill("From Ben")
    _hurry(ada)
    expect(ada.locator(".item-blurb").nth(1)).to_have_value("From Ben", timeout=TOOK_IN)
    expect(ada.get_by_label("Comment on Over one")).to_be_focused()
    ada.keyboard.type("true?")
    ada.get_by_role("button", name="Comment", exact=True).first.click()
    expect(ada.locator(".comment")).to_contain_text("Is this true?")
    expect(ada.get_by_label("Comment on Over one")).to_have_value("")
    _hurry(ben)
    expect(ben.locator(".comment")).to_contain_text("editor@example.org", timeout=TOOK_IN)
    ben.get_by_role("button", name="Resolve: Is this true?").click()
    expect(ben.locator(".comment")).to_contain_text("resolved by ben@example.org")
