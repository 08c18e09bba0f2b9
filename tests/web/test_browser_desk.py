"""The desk in a real browser: triage without a mouse, arranging by drag and by key, words that follow and survive."""

import re

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from curator.accounts.models import Role
from curator.accounts.users import add_user
from curator.issues.edit import edit_issue
from curator.issues.models import Newsletter
from curator.sources.models import Article, FetchState, Triage
from tests.issues.rows import an_article
from tests.web.conftest import Scene

pytestmark = pytest.mark.browser


def _triage(scene: Scene, article: Article) -> Triage:
    scene.session.rollback()
    scene.session.refresh(article)
    return article.triage


def _titles(page: Page) -> list[str]:
    return [field.input_value() for field in page.locator(".item .item-title").all()]


def _saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")


def test_triage_by_keyboard_and_undo(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/")
    rows = page.locator("#find-list > .find")
    expect(rows).to_have_count(3)
    first = page.locator(".find.is-current").get_attribute("id")
    page.keyboard.press("s")
    expect(page.locator(".find.is-current .star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("j")
    second = page.locator(".find.is-current").get_attribute("id")
    assert first != second
    page.keyboard.press("x")
    expect(rows).to_have_count(2)
    expect(page.locator("#toast")).to_contain_text("Dismissed")
    expect(page.locator('[data-count="dismissed"]')).to_have_text("1")
    page.keyboard.press("u")
    expect(rows).to_have_count(3)
    expect(page.locator('[data-count="dismissed"]')).to_have_text("0")
    page.keyboard.press("l")
    expect(page.locator('[data-count="later"]')).to_have_text("4")
    states = sorted(_triage(scene, article) for article in scene.articles)
    assert states == [Triage.CANDIDATE, Triage.LATER, Triage.STARRED]


def test_a_number_puts_the_article_in_that_section(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/")
    title = page.locator(".find.is-current .find-title").inner_text()
    page.keyboard.press("1")
    expect(page.locator("#draft [data-section]").first).to_contain_text("1 of 1")
    assert [item.title for item in scene.fresh_issue().sections[0].items] == [title]
    page.keyboard.press("u")
    expect(page.locator("#draft [data-section]").first).to_contain_text("0 of 1")
    assert scene.fresh_issue().sections[0].items == []


def test_keys_are_where_they_are_printed_on_other_keyboards(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/")
    star = page.locator(".find.is-current .star")
    for key, code, is_starred in (("\u044b", "KeyS", "true"), ("S", "KeyS", "false")):  # Russian; Caps Lock
        page.locator("body").dispatch_event("keydown", {"key": key, "code": code, "modifierCapsLock": key == "S"})
        expect(star).to_have_attribute("aria-pressed", is_starred)
    page.locator("body").dispatch_event("keydown", {"key": "&", "code": "Digit1"})  # French
    expect(page.locator("#draft [data-section]").first).to_contain_text("1 of 1")


def test_keys_are_letters_while_typing(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/")
    page.keyboard.press("c")
    page.keyboard.type("xsl1")
    expect(page.locator("#words")).to_have_value("xsl1")
    expect(page.locator("#find-list > .find")).to_have_count(3)


def test_searching_and_other_lists_keep_the_keys(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/")
    page.keyboard.press("/")
    page.keyboard.type("cables")
    expect(page.locator("#find-list > .find")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_have_value("cables")
    page.keyboard.press("s")
    expect(page.locator('[data-count="starred"]')).to_have_text("1")
    page.get_by_role("link", name="Newest").click()  # the words are kept in another order, another list, a reload
    expect(page.get_by_role("link", name="Newest")).to_have_attribute("aria-current", "page")
    page.reload()
    expect(page.locator("#q")).to_have_value("cables")
    page.get_by_role("link", name="Later").click()
    expect(page.locator(".finds-empty")).to_contain_text("Nothing here matches “cables”")
    page.go_back()
    expect(page.locator("#find-list > .find")).to_have_count(1)
    page.locator("#words").fill("https://news.example.org/after-going-back")
    page.keyboard.press("Enter")
    expect(page.locator("#words")).to_have_value("")
    page.goto(f"{scene.address}/n/tech/?show=later")
    page.keyboard.press("x")
    expect(page.locator('[data-count="later"]')).to_have_text("2")


def test_a_key_pressed_as_a_list_appears_is_not_lost(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/")
    page.evaluate(
        """document.addEventListener("htmx:afterSwap", () => document.body.dispatchEvent(
            new KeyboardEvent("keydown", {key: "x", bubbles: true})), {once: true})"""
    )
    page.get_by_role("link", name="Later").click()
    expect(page.locator('[data-count="later"]')).to_have_text("2")
    expect(page.locator("#find-list > .find.is-current")).to_have_count(1)


def test_an_address_fills_itself_when_a_worker_has_read_it(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/")
    page.locator("#words").fill("https://news.example.org/late")
    page.keyboard.press("Enter")
    row = page.locator("#find-list > .find").first
    expect(row).to_contain_text("Reading the page")
    scene.session.rollback()
    article = scene.session.scalars(select(Article).where(Article.fetch_state == FetchState.WAITING)).one()
    article.title, article.fetch_state = "Read at last", FetchState.DONE
    scene.session.commit()
    expect(row).to_contain_text("Read at last")
    expect(row).not_to_contain_text("Reading the page")


def test_hundreds_that_wait_are_not_all_asked_for(scene: Scene) -> None:
    page = scene.page
    asked: list[str] = []
    newsletter = scene.session.scalars(select(Newsletter).where(Newsletter.slug == "tech")).one()
    for number in range(60):
        row = an_article(scene.session, newsletter, f"wait-{number}")
        row.fetch_state = FetchState.WAITING
    scene.session.commit()
    page.on("request", lambda request: asked.append(request.url) if re.search(r"/articles/\d+$", request.url) else None)
    page.goto(f"{scene.address}/n/tech/?order=newest")
    expect(page.locator("#find-list > .find[aria-busy]")).to_have_count(60)
    page.wait_for_timeout(2_500)
    assert 6 <= len(asked) <= 24
    first = page.locator("#find-list > .find[aria-busy]").first.get_attribute("data-article")
    assert any(url.endswith(f"/articles/{first}") for url in asked), "what is seen is asked for"


def test_text_is_captured_into_the_list(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/")
    page.locator("#words").fill("A pasted title\n\n" + "Some sentences that make an article. " * 20)
    page.get_by_role("button", name="Capture").click()
    expect(page.locator("#find-list > .find").first).to_contain_text("A pasted title")
    expect(page.locator("#words")).to_have_value("")


def test_what_is_typed_while_a_capture_is_under_way_stays_and_what_failed_comes_back(scene: Scene) -> None:
    page = scene.open_to_cut("/n/tech/", "**/capture")
    underway: list[Route] = []
    page.route("**/capture", lambda route: underway.append(route))
    page.locator("#words").fill("A title for it\n\n" + "Words enough to be taken for an article. " * 6)
    page.keyboard.press("Control+Enter")
    page.wait_for_function("document.querySelector('#capture-busy').checkVisibility()")
    expect(page.locator("#words")).to_have_value("")
    before = int(page.locator("[data-count=candidates]").inner_text())
    page.locator("#words").fill("https://news.example.org/the-next-one")
    underway[0].continue_()
    expect(page.locator("#find-list > .find", has_text="A title for it")).to_have_count(1)
    expect(page.locator("#words")).to_have_value("https://news.example.org/the-next-one")
    expect(page.locator("[data-count=candidates]")).to_have_text(str(before + 1))
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#words').value === ''")
    underway[1].abort()
    expect(page.locator("#words")).to_have_value("https://news.example.org/the-next-one")


def test_items_are_reordered_by_keyboard_and_announced(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    assert _titles(page) == ["Over one", "Over two", "Over three"]
    page.locator(".item-blurb").first.focus()
    with page.expect_response("**/move"):
        page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#announce")).to_have_text("Over one: place 2 of 3 in Nieuws.")
    assert page.evaluate("document.activeElement.className") == "item-blurb"
    assert _titles(page) == ["Over two", "Over one", "Over three"]
    assert [item.title for item in scene.fresh_issue().sections[1].items] == ["Over two", "Over one", "Over three"]
    with page.expect_response("**/composer"):
        page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator(".item .item-title").first).to_have_value("Over one")
    assert [item.title for item in scene.fresh_issue().sections[1].items][:2] == ["Over one", "Over two"]


def test_the_keys_of_an_issue_are_listed(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    keys = page.get_by_role("dialog", name="Keys")
    page.locator("#preheader").press("?")
    expect(page.locator("#preheader")).to_have_value("?")
    expect(keys).to_be_hidden()
    page.locator(".item").first.press("?")
    expect(keys).to_contain_text("to the next blurb")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(page.locator(".item").first).to_be_focused()
    page.get_by_role("button", name="Keys").click()
    expect(keys).to_be_visible()


def test_what_the_server_never_heard_of_goes_back_where_it_stood(scene: Scene) -> None:
    """A list that shows another order than the mail will have, or leaves out what is in it, says something untrue."""
    page = scene.open_to_cut("/n/tech/issues/1", "**/issues/1/**")
    with page.expect_response("**/move"):
        page.locator(".item").first.press("Alt+ArrowDown")
    page.route("**/issues/1/**", lambda route: route.abort())
    page.locator(".item").nth(0).press("Alt+ArrowDown")
    page.locator(".item").nth(2).press("Alt+ArrowUp")
    expect(page.locator("#notices")).to_contain_text("everything stands where it stood")
    assert _titles(page) == ["Over two", "Over one", "Over three"]
    expect(page.locator(".item").nth(2)).to_be_focused()
    page.locator(".item").nth(2).get_by_role("button", name="Remove").click()
    expect(page.locator("#announce")).to_have_text("Not moved.")
    assert _titles(page) == ["Over two", "Over one", "Over three"]
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("The server does not answer. Nothing is lost")
    page.unroute("**/issues/1/**")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator(".item .item-title").first).to_have_value("Over one")


def test_items_are_reordered_by_drag(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    page.set_viewport_size({"width": 1440, "height": 1700})
    items = page.locator(".item")
    grip, last = items.nth(0).locator(".item-grip").bounding_box(), items.nth(2).bounding_box()
    assert grip is not None
    assert last is not None
    page.mouse.move(grip["x"] + 8, grip["y"] + 14)
    page.mouse.down()
    page.mouse.move(grip["x"] + 8, last["y"] + last["height"] / 2, steps=8)
    page.mouse.move(grip["x"] + 8, last["y"] + last["height"] - 6, steps=8)
    with page.expect_response("**/move"):
        page.mouse.up()
    assert _titles(page) == ["Over two", "Over three", "Over one"]
    assert [item.title for item in scene.fresh_issue().sections[1].items] == ["Over two", "Over three", "Over one"]


def test_the_preview_follows_what_is_typed(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    page.locator("#intro").fill("Words that were *just* typed")
    preview = page.frame_locator(".look-frame.is-shown")
    expect(preview.get_by_text("Words that were just typed")).to_be_visible()
    _saved(page)
    assert scene.fresh_issue().intro == "Words that were *just* typed"
    page.get_by_role("button", name="375 pixels wide").click()
    assert page.locator(".look-frame.is-shown").bounding_box()["width"] == 375  # type: ignore[index]
    page.get_by_role("button", name="Plain text").click()
    expect(preview.locator("pre")).to_contain_text("Words that were just typed")


def test_a_title_with_a_script_does_not_run(scene: Scene) -> None:
    page = scene.page
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(f"{scene.address}/n/tech/issues/1")
    page.locator(".item-title").first.fill('"><img src=x onerror=alert(1)><script>alert(2)</script>')
    _saved(page)
    expect(page.frame_locator(".look-frame.is-shown").get_by_text("<script>alert(2)").first).to_be_visible()
    page.reload()
    expect(page.locator(".item-title").first).to_have_value('"><img src=x onerror=alert(1)><script>alert(2)</script>')


def test_two_editors_see_both_versions_and_lose_nothing(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    current = scene.fresh_issue()
    edit_issue(scene.session, current.id, "intro", "Words of Ben", current.version, "ben@example.org")
    scene.session.commit()
    page.locator("#intro").fill("Words of mine")
    conflict = page.locator(".conflict")
    expect(conflict).to_be_visible()
    expect(conflict.get_by_label("Your words")).to_have_value("Words of mine")
    expect(conflict.get_by_label("Their words")).to_have_value("Words of Ben")
    assert scene.fresh_issue().intro == "Words of Ben"
    with page.expect_response("**/save"):
        page.locator("#outro").fill("Something else")
    page.wait_for_timeout(100)
    expect(page.locator("#saved")).to_have_text("Two versions")
    conflict.get_by_role("button", name="Put both in the field").click()
    expect(page.locator("#intro")).to_have_value("Words of mine\n\nWords of Ben")
    _saved(page)
    assert scene.fresh_issue().intro == "Words of mine\n\nWords of Ben"


def test_words_survive_a_lost_connection_and_a_closed_tab(scene: Scene) -> None:
    page = scene.open_to_cut("/n/tech/issues/1", "**/save")
    page.route("**/save", lambda route: route.abort())
    page.locator("#intro").fill("Typed on a train")
    expect(page.locator("#saved")).to_contain_text("trying again")
    page.on("dialog", lambda dialog: dialog.accept())
    page.unroute("**/save")
    page.reload()
    expect(page.locator("#intro")).to_have_value("Typed on a train")
    _saved(page)
    assert scene.fresh_issue().intro == "Typed on a train"


def test_what_could_not_be_saved_and_is_taken_back_is_no_problem_any_more(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    title = page.locator(".item-title").first
    title.fill("")
    expect(page.locator(".error")).to_have_text("An item needs a title.")
    title.fill("Over one")
    expect(page.locator(".error")).to_have_count(0)
    _saved(page)


def test_the_keyboard_goes_on_where_a_section_was_changed(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    menu = page.get_by_label("Change section Achtergrond")
    for name in ("Up", "Change"):
        menu.press("Enter")
        page.locator(".part-menu[open]").get_by_role("button", name=name, exact=True).press("Enter")
        expect(page.locator(".part-menu[open]")).to_have_count(0)
        expect(menu).to_be_focused()
    page.get_by_label("Name of a new section").fill("Agenda")
    page.get_by_role("button", name="Add section").press("Enter")
    expect(page.locator(".part")).to_have_count(5)
    expect(page.get_by_label("Name of a new section")).to_be_focused()


def test_a_comment_being_written_survives_a_closed_page(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    page.locator(".item-talk summary").first.click()
    comment = page.get_by_label("Comment on Over one")
    comment.fill("Is this number")
    page.reload()
    expect(comment).to_have_value("Is this number")
    comment.press_sequentially(" right?")
    page.get_by_role("button", name="Comment", exact=True).first.click()
    expect(page.locator(".comment-words")).to_have_text("Is this number right?")
    page.reload()
    expect(comment).to_have_value("")


def test_an_article_is_added_from_the_issue(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/n/tech/issues/1")
    page.get_by_role("link", name="Add an article").first.click()
    page.get_by_role("searchbox", name="Search articles").fill("chips")
    expect(page.locator(".offer-list li")).to_have_count(1)
    page.get_by_role("button", name="Add: Over chips").click()
    expect(page.locator("#offer")).not_to_be_visible()
    expect(page.locator(".part").first.locator(".item-title")).to_have_value("Over chips")
    assert [item.title for item in scene.fresh_issue().sections[0].items] == ["Over chips"]


@pytest.mark.parametrize("path", ["/n/tech/", "/n/tech/issues", "/n/tech/issues/1", "/n/tech/settings/sections"])
def test_pages_fit_a_small_screen(scene: Scene, path: str) -> None:
    page = scene.page
    page.set_viewport_size({"width": 375, "height": 740})
    page.goto(scene.address + path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_short_name_follows_the_name_until_it_is_written(scene: Scene) -> None:
    page = scene.page
    add_user(scene.session, "editor@example.org", Role.OWNER)
    scene.session.commit()
    page.goto(f"{scene.address}/newsletters")
    name, short = page.get_by_label("Name", exact=True), page.get_by_label("Short name")
    name.fill("De Këlder – één!")
    expect(short).to_have_value("kelder-een")
    expect(page.locator("[data-short-name]")).to_have_text("kelder-een")
    short.fill("mine")
    name.fill("Another")
    expect(short).to_have_value("mine")
