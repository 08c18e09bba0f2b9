"""Adding to an issue in a real browser: from the shelf, from the stars, and not into what a sponsor has filled."""

import pytest
from playwright.sync_api import expect

from curator.issues.sections import change_section
from curator.sources.models import Triage
from tests.web.conftest import Scene

pytestmark = pytest.mark.browser


def test_a_find_goes_on_the_shelf_and_from_there_into_the_issue(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    page.get_by_role("link", name="Add an article").first.click()
    page.get_by_label("Keep for later: Over chips").click()
    page.get_by_role("button", name="12 weeks").click()
    expect(page.locator(".offer-list li", has_text="Over chips")).to_contain_text("on the shelf until")
    page.get_by_role("link", name="Shelf").click()
    expect(page.locator(".offer-list li")).to_have_count(1)
    page.get_by_role("button", name="Add: Over chips").click()
    expect(page.locator(".part").first.locator(".item-title")).to_have_value("Over chips")


def test_stars_are_placed_with_the_gaps_named_and_a_full_sponsor_refuses(scene: Scene) -> None:
    first = scene.issue.sections[0]
    change_section(scene.session, first.id, is_sponsored=True, label="Advertentie", maximum=1)
    scene.articles[0].triage = Triage.STARRED
    scene.session.commit()
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    page.get_by_role("button", name="Place 1 starred article").click()
    expect(page.locator("#notices")).to_contain_text("1 starred article placed. Still to fill: Hoofdverhaal: 0 of 1.")
    expect(page.locator(".part").nth(2).locator(".item-title")).to_have_value("Over chips")
    one = page.locator(".item").first
    one.locator(".item-title").press("Alt+ArrowUp")
    expect(page.locator(".part").first.locator(".item-title")).to_have_value("Over one")
    page.locator(".part").nth(1).locator(".item-title").first.press("Alt+ArrowUp")
    expect(page.locator("#notices")).to_contain_text("holds 1 at most")
    expect(page.locator(".part").nth(1).locator(".item-title").first).to_have_value("Over two")
