"""The bookmark button in a real browser: two presses to the issue, from a page whose policy forbids everything."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from curator.accounts.users import set_password
from curator.web.access import cookie_name
from tests.sources.site import Site, running_site
from tests.web.conftest import Scene

pytestmark = pytest.mark.browser

PAGE = "<title>Een lang verhaal</title><p id=first>Eerst dit.</p><p id=marked>Dit is gemarkeerd.</p>"
STRICT = "default-src 'none'; script-src 'none'; connect-src 'none'; form-action 'none'; base-uri 'none'"
PASSWORD = "a long enough sentence"


@pytest.fixture
def strict(scene: Scene) -> Iterator[Page]:
    """Another site's page that allows no script, no form and no connection, with a sentence marked on it."""
    with running_site() as site:
        _serve(site)
        page = scene.page.context.new_page()
        page.goto(site.at("/verhaal").replace("127.0.0.1", "localhost"))
        page.evaluate("getSelection().selectAllChildren(document.getElementById('marked'))")
        yield page
        page.close()


def _serve(site: Site) -> None:
    site.page(
        "/verhaal",
        PAGE,
        Content_Security_Policy=STRICT,
        Cross_Origin_Opener_Policy="same-origin",
        Referrer_Policy="no-referrer",
    )


def _script(scene: Scene) -> str:
    scene.page.goto(f"{scene.address}/n/tech/bookmarklet")
    href = scene.page.locator("[data-bookmarklet]").get_attribute("href")
    assert href == scene.page.locator("#bookmarklet-text").input_value()
    return str(href).removeprefix("javascript:")


def _press(page: Page, script: str) -> Page:
    """What a browser does with a pressed bookmark: run it in the page, as something the person did."""
    with page.context.expect_page() as opened:
        page.evaluate(script)
    opened.value.wait_for_load_state()
    return opened.value


def test_two_presses_from_a_strict_page_to_the_next_issue(scene: Scene, strict: Page, artifacts: Path) -> None:
    window = _press(strict, _script(scene))
    expect(window.get_by_role("heading", level=1)).to_have_text("Een lang verhaal")
    expect(window.locator(".add-quote")).to_have_text("Dit is gemarkeerd.")
    window.screenshot(path=artifacts / "add.png")
    first = window.locator(".add-section.is-first")
    expect(first).to_be_focused()
    name = first.locator(".add-name").inner_text()
    first.click()
    expect(window.locator(".add-done")).to_contain_text(f"In {name} of issue")
    expect(window.locator("[data-close]")).to_be_focused()
    window.screenshot(path=artifacts / "add-done.png")
    titles = [item.title for section in scene.fresh_issue().sections for item in section.items if section.name == name]
    assert "Een lang verhaal" in titles
    with window.expect_event("close"), suppress(Error):  # it may be gone before the key is up
        window.keyboard.press("Enter")


def test_pressed_again_it_says_so(scene: Scene, strict: Page) -> None:
    script = _script(scene)
    window = _press(strict, script)
    window.get_by_role("button", name="Only keep it").click()
    expect(window.locator(".add-done")).to_contain_text("Kept among the candidates")
    again = _press(strict, script)
    expect(again.locator(".notice")).to_contain_text("You have it already")
    expect(again.get_by_role("button", name="Only keep it")).to_have_count(0)


def test_a_stranger_signs_in_and_goes_on(scene: Scene, strict: Page) -> None:
    script = _script(scene)
    set_password(scene.session, scene.editor, PASSWORD)
    scene.session.commit()
    scene.page.context.clear_cookies(name=cookie_name())
    window = _press(strict, script)
    window.get_by_label("E-mail address").fill("editor@example.org")
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Sign in").click()
    expect(window.get_by_role("heading", level=1)).to_have_text("Een lang verhaal")
    assert re.search(r"/n/tech/add\?url=http", window.url)


def test_the_button_cannot_be_pressed_where_it_is_explained(scene: Scene, artifacts: Path) -> None:
    _script(scene)
    scene.page.locator("[data-bookmarklet]").click()
    expect(scene.page.locator("#drag-hint")).to_be_visible()
    scene.page.locator("[data-copy]").click()
    expect(scene.page.locator("#copied")).not_to_be_empty()
    scene.page.screenshot(path=artifacts / "bookmarklet.png", full_page=True)
