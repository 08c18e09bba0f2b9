"""Checks, calendar and approval in a real browser: they follow the words, one tap mends, Undo takes it back."""

import time
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from curator.accounts.models import Role
from curator.accounts.users import add_user
from curator.issues.approval import standing
from curator.issues.calendar import Intent, meant
from curator.issues.edit import edit_issue
from tests.web.conftest import Scene
from tests.web.test_approval import links

pytestmark = pytest.mark.browser

LAST_SUNDAY = date(2026, 11, 29)
PATIENCE = 15_000
"""Milliseconds, for a busy machine; on an idle one the checks follow within two seconds."""


def _open(scene: Scene) -> None:
    scene.page.goto(f"{scene.address}/n/tech/issues/{scene.issue.number}")
    expect(scene.page.locator("#check-count")).not_to_be_empty(timeout=PATIENCE)


def test_checks_follow_the_words_and_a_tap_mends_them(scene: Scene) -> None:
    page = scene.page
    _open(scene)
    page.locator("#tab-checks").click()
    finding = page.locator('[data-code="name_without_fallback"]')
    expect(finding).to_have_count(0)
    blurb = page.locator(".item-blurb").first
    blurb.fill("Dag {name}, dit is het nieuws.")
    began = time.monotonic()
    expect(finding).to_have_count(1, timeout=PATIENCE)
    print(f"the checks followed within {time.monotonic() - began:.2f} s")
    finding.locator("[data-there]").click()
    expect(blurb).to_be_focused()
    finding.locator("button").focus()
    page.keyboard.press("Enter")
    expect(blurb).to_have_value("Dag {name|lezer}, dit is het nieuws.", timeout=PATIENCE)
    expect(finding).to_have_count(0, timeout=PATIENCE)
    assert scene.fresh_issue().sections[1].items[0].blurb == "Dag {name|lezer}, dit is het nieuws."
    page.locator("#undo").click()
    expect(blurb).to_have_value("Dag {name}, dit is het nieuws.", timeout=PATIENCE)
    expect(finding).to_have_count(1, timeout=PATIENCE)


def test_a_fix_of_the_subject_shows_in_its_field_and_typing_goes_on(scene: Scene) -> None:
    page = scene.page
    edit_issue(scene.session, scene.issue.id, "subject", "Re: Het nieuws", scene.issue.version, "x")
    scene.session.commit()
    _open(scene)
    page.locator("#tab-checks").click()
    page.locator('[data-code="subject_like_reply"] button').click()
    subject = page.locator("#subject")
    expect(subject).to_have_value("Het nieuws", timeout=PATIENCE)
    subject.press("End")
    subject.type(" van nu")
    expect(page.locator("#saved")).to_have_text("Saved", timeout=PATIENCE)
    page.wait_for_timeout(500)
    assert scene.fresh_issue().subject == "Het nieuws van nu"
    page.locator("#undo").click()
    expect(page.locator(".conflict")).to_have_count(0)


def test_days_are_walked_by_arrow_keys_and_planned(scene: Scene) -> None:
    page = scene.page
    page.set_viewport_size({"width": 1200, "height": 800})
    page.goto(f"{scene.address}/n/tech/calendar?month=2026-11&day=2026-11-18")
    page.locator('[data-day="2026-11-18"]').focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "Home", "End"):
        page.keyboard.press(key)
    expect(page.locator('[data-day="2026-11-29"]')).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/calendar?month=2026-11&day=2026-11-29#day-form")
    page.locator("#issue").select_option("1")
    page.locator("#note").fill("Kerst")
    page.locator("#note").press("Enter")  # the first button of the form: Plan
    expect(page.locator(".calendar-entry")).to_contain_text("planned", timeout=PATIENCE)
    scene.session.rollback()
    (day,) = meant(scene.session, scene.issue.newsletter_id, LAST_SUNDAY, LAST_SUNDAY)
    assert (day.intent, day.issue_id, day.note) == (Intent.PLANNED, scene.issue.id, "Kerst")


def test_on_a_phone_only_days_with_something_stand_in_the_list(scene: Scene) -> None:
    page = scene.page
    page.set_viewport_size({"width": 375, "height": 740})
    page.goto(f"{scene.address}/n/tech/calendar?month=2025-03&day=2025-03-18")
    expect(page.locator("[data-day]:visible")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_an_approval_is_asked_for_and_given_by_keyboard_alone(scene: Scene) -> None:
    scene.issue.newsletter.needs_approval = True
    add_user(scene.session, "colleague@example.org", Role.EDITOR, scene.issue.newsletter_id)
    scene.session.commit()
    page = scene.page
    _open(scene)
    _press(page, "Approval")
    expect(page.locator("h1")).to_have_text("Approval", timeout=PATIENCE)
    _press(page, "Submit for approval")
    expect(page.locator(".notice")).to_contain_text("somebody else has to approve it", timeout=PATIENCE)
    page.goto(scene.address + links(scene.session)["colleague@example.org"])
    _press(page, "Past the mail, to the decision")
    expect(page.locator("#word")).to_be_focused()
    page.keyboard.type("Fine by me")
    _press(page, "Approve this issue", most=1)
    expect(page.locator("h1")).to_have_text("Approved", timeout=PATIENCE)
    assert standing(scene.session, scene.fresh_issue().id).is_approved


def _press(page: Page, words: str, most: int = 30) -> None:
    """Go on by Tab, from where the keyboard is, to what bears these words, and press it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == words:
            return page.keyboard.press("Enter")
    raise AssertionError(f"{words} was not reached")
