"""Triage in a real browser: acts at once, a lost connection, a reload, a colleague who was first, stories, muting."""

import re
import time

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import func, select

from curator.issues.acts import ActKind, Wanted, perform
from curator.issues.models import Act
from curator.sources.likeness import compare_due
from curator.sources.models import Article, Likeness, Source, SourceState, Triage
from curator.web.desk.this_week import AT_ONCE
from tests.issues.rows import an_article
from tests.web.conftest import Scene

pytestmark = pytest.mark.browser

QUEUE = """() => JSON.parse(localStorage.getItem(
    Object.keys(localStorage).find((name) => name.startsWith("curator-acts:")) || "") || "[]").length"""


def _open(scene: Scene, query: str = "?order=newest") -> Page:
    scene.page.goto(f"{scene.address}/n/tech/{query}")
    return scene.page


def _open_to_cut(scene: Scene) -> Page:
    return scene.open_to_cut("/n/tech/?order=newest", "**/acts")


def _row(scene: Scene, name: str) -> Article:
    return next(article for article in scene.articles if article.title == f"Over {name}")


def _state(scene: Scene, article: Article) -> Triage:
    scene.session.rollback()
    scene.session.refresh(article)
    return article.triage


def _saved(page: Page) -> None:
    _waits(page, 0)


def _waits(page: Page, count: int) -> None:
    """Until so many acts wait in the browser. The content policy forbids Playwright's own way of waiting."""
    deadline = time.monotonic() + 15
    while page.evaluate(QUEUE) != count:
        assert time.monotonic() < deadline, f"{page.evaluate(QUEUE)} acts wait, not {count}"
        page.wait_for_timeout(20)


def _cut(page: Page) -> None:
    page.route("**/acts", lambda route: route.abort())


def test_a_lost_connection_costs_nothing_and_is_said_calmly(scene: Scene) -> None:
    page = _open_to_cut(scene)
    _cut(page)
    titles = page.locator("#find-list .find-title").all_inner_texts()
    page.keyboard.press("s")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("1")
    expect(page.locator("#find-list > .find")).to_have_count(2)
    expect(page.locator("#queue-state")).to_have_text("3 changes waiting for the connection")
    expect(page.locator("#notices")).to_be_empty()
    assert {_state(scene, article) for article in scene.articles} == {Triage.CANDIDATE}
    page.unroute("**/acts")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#queue-state")).to_have_text("Everything is saved")
    expect(page.locator("#draft [data-section]").first).to_contain_text("1 of 1")
    states = {article.title: _state(scene, article) for article in scene.articles}
    assert [states[title] for title in titles] == [Triage.STARRED, Triage.DISMISSED, Triage.CANDIDATE]
    assert [item.title for item in scene.fresh_issue().sections[0].items] == [titles[2]]


def test_what_waits_survives_a_reload_and_is_done_once(scene: Scene) -> None:
    page = _open_to_cut(scene)
    lost: list[Route] = []

    def lose_the_answer(route: Route) -> None:
        route.fetch()  # the server does it, the page never hears
        lost.append(route)
        route.abort()

    page.route("**/acts", lose_the_answer)
    title = page.locator(".find.is-current .find-title").inner_text()
    page.keyboard.press("x")
    while not lost:
        page.wait_for_timeout(20)
    _waits(page, 1)
    _cut(page)
    page.keyboard.press("l")
    page.reload()
    expect(page.locator("#find-list > .find")).to_have_count(1)
    page.unroute("**/acts", lose_the_answer)
    page.unroute("**/acts")
    page.reload()
    _saved(page)
    expect(page.locator("#find-list > .find")).to_have_count(1)
    scene.session.rollback()
    assert scene.session.scalar(select(func.count()).select_from(Act)) == 2
    dismissed = scene.session.scalars(select(Article).where(Article.triage == Triage.DISMISSED)).one()
    assert dismissed.title == title


def test_a_slow_server_is_waited_for_without_a_word_too_many(scene: Scene) -> None:
    page = _open_to_cut(scene)
    held: list[Route] = []
    page.route("**/acts", lambda route: held.append(route))
    page.keyboard.press("s")
    expect(page.locator("#queue-state")).to_be_hidden()
    expect(page.locator("#queue-state")).to_have_text("Saving 1 change…")
    held[0].continue_()
    expect(page.locator("#queue-state")).to_have_text("Everything is saved")
    expect(page.locator("#queue-state")).to_be_hidden()


def _with_an_old_token(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'("X-CSRF-Token": ")[^"]+', r"\1old", answer.text()))


def test_a_page_of_another_session_keeps_what_was_done(scene: Scene) -> None:
    """The token is out of date: nothing is sent again and again, nothing is lost, and loading the page saves it."""
    here = re.compile(r"/n/tech/\?")
    scene.page.route(here, _with_an_old_token)
    page = _open(scene)
    page.unroute(here)
    page.keyboard.press("x")
    expect(page.locator("#queue-state")).to_have_text("1 change kept: load the page again to save them")
    page.reload()
    _saved(page)
    expect(page.locator('[data-count="dismissed"]')).to_have_text("1")


def test_what_the_server_cannot_take_is_said_and_the_rest_is_done(scene: Scene) -> None:
    page = _open_to_cut(scene)
    _cut(page)
    page.keyboard.press("s")
    page.keyboard.press("j")
    page.keyboard.press("1")
    page.keyboard.press("x")
    section = scene.issue.sections[0]
    scene.session.delete(scene.session.get(type(section), section.id))
    scene.session.commit()
    page.unroute("**/acts")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#notices")).to_contain_text("not in the draft any more")
    _saved(page)
    states = sorted(_state(scene, article) for article in scene.articles)
    assert states == [Triage.CANDIDATE, Triage.DISMISSED, Triage.STARRED]


def test_an_undo_waits_in_its_place(scene: Scene) -> None:
    page = _open_to_cut(scene)
    _cut(page)
    for key in ("s", "x", "u", "u"):
        page.keyboard.press(key)
    expect(page.locator("#find-list > .find")).to_have_count(3)
    expect(page.locator(".star[aria-pressed=true]")).to_have_count(0)
    expect(page.locator("#queue-state")).to_have_text("4 changes waiting for the connection")
    page.unroute("**/acts")
    page.evaluate("dispatchEvent(new Event('online'))")
    _saved(page)
    assert {_state(scene, article) for article in scene.articles} == {Triage.CANDIDATE}
    scene.session.rollback()
    assert scene.session.scalar(select(func.count()).select_from(Act)) == 4


def test_several_steps_are_undone_also_after_a_reload(scene: Scene) -> None:
    page = _open(scene)
    for _ in range(3):
        page.keyboard.press("x")
    expect(page.locator("#find-list > .find")).to_have_count(0)
    expect(page.locator(".finds-empty")).to_be_visible()
    _saved(page)
    page.keyboard.press("u")
    expect(page.locator("#find-list > .find")).to_have_count(1)
    _saved(page)
    page.reload()
    page.keyboard.press("u")
    expect(page.locator("#find-list > .find")).to_have_count(2)
    page.keyboard.press("u")
    expect(page.locator("#find-list > .find")).to_have_count(3)
    page.keyboard.press("u")
    expect(page.locator("#toast")).to_contain_text("nothing to undo")
    expect(page.locator('[data-count="dismissed"]')).to_have_text("0")


def test_a_colleague_who_was_first_is_named_and_can_be_overruled(scene: Scene) -> None:
    page = _open(scene)
    title = page.locator(".find.is-current .find-title").inner_text()
    article = next(one for one in scene.articles if one.title == title)
    wanted = Wanted("from-ben", ActKind.TRIAGE, article.id, "dismissed")
    perform(scene.session, article.newsletter_id, wanted, "ben@example.org")
    scene.session.commit()
    page.keyboard.press("s")
    expect(page.locator("#notices")).to_contain_text("ben@example.org dismissed it at")
    expect(page.locator("#find-list > .find")).to_have_count(2)
    assert _state(scene, article) == Triage.DISMISSED
    page.get_by_role("button", name="Starred all the same").click()
    expect(page.locator("#find-list > .find")).to_have_count(3)
    _saved(page)
    assert _state(scene, article) == Triage.STARRED


def test_a_story_goes_as_one_and_comes_apart(scene: Scene) -> None:
    chips, cables = _row(scene, "chips"), _row(scene, "cables")
    pair = sorted((chips.id, cables.id))
    chips.is_free = True
    scene.session.add(Likeness(article_id=pair[0], other_id=pair[1], shared=40))
    scene.session.commit()
    page = _open(scene)
    rows = page.locator("#find-list > .find")
    expect(rows).to_have_count(2)
    row = page.locator(f"#article-{chips.id}")
    expect(row.locator(".others summary")).to_contain_text("no paywall here")
    row.locator(".find-facts").click()
    page.keyboard.press("x")
    expect(page.locator("#toast")).to_contain_text("and 1 of the same story")
    _saved(page)
    assert _state(scene, cables) == Triage.DISMISSED
    page.keyboard.press("u")
    _saved(page)
    assert _state(scene, cables) == Triage.CANDIDATE
    page.keyboard.press("e")
    row.get_by_role("button", name="Show this one").click()
    expect(page.locator(f"#article-{cables.id}")).to_be_visible()
    expect(row).to_have_count(0)
    page.keyboard.press("u")
    expect(row).to_be_visible()
    expect(rows).to_have_count(2)
    expect(row.locator(".others")).to_have_attribute("open", "")
    row.get_by_role("button", name="Not the same story").click()
    expect(rows).to_have_count(3)
    page.keyboard.press("u")
    expect(rows).to_have_count(2)
    _saved(page)
    scene.session.rollback()
    assert scene.session.scalars(select(Likeness.apart_at)).one() is None


def test_a_source_is_muted_and_heard_again(scene: Scene) -> None:
    chips = _row(scene, "chips")
    source = Source(newsletter_id=chips.newsletter_id, address="https://f.example/", address_key="f", title="Loud")
    scene.session.add(source)
    scene.session.flush()
    chips.source_id = source.id
    another = an_article(scene.session, scene.issue.newsletter, "louder", source_id=source.id)
    scene.session.commit()
    page = _open(scene)
    expect(page.locator("#find-list > .find")).to_have_count(4)
    page.locator(f"#article-{another.id} .find-facts").click()
    page.keyboard.press("m")
    expect(page.locator("#find-list > .find")).to_have_count(2)
    expect(page.locator("#sources")).to_contain_text("muted")
    assert scene.session.scalars(select(Source.state).execution_options(populate_existing=True)).one()
    page.keyboard.press("u")
    expect(page.locator("#find-list > .find")).to_have_count(4)
    _saved(page)
    scene.session.rollback()
    scene.session.refresh(source)
    assert source.state == SourceState.ACTIVE
    expect(page.locator("#sources")).not_to_contain_text("muted")


def test_buttons_and_the_menu_of_sections_do_the_same(scene: Scene) -> None:
    page = _open(scene)
    row = page.locator("#find-list > .find").nth(1)
    title = row.locator(".find-title").inner_text()
    row.hover()
    row.get_by_role("button", name="Place").click()
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(row.locator(".badge.good")).to_have_text("Nieuws")
    _saved(page)
    assert scene.fresh_issue().sections[1].items[-1].title == title
    row.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#find-list > .find")).to_have_count(2)


def test_a_finger_hits_the_button_though_the_rows_change_their_height(scene: Scene) -> None:
    for article in scene.articles:
        article.quote = "Een lang citaat dat meer dan twee regels vraagt. " * 6
    scene.session.commit()
    chrome = scene.page.context.browser
    assert chrome is not None
    context = chrome.new_context(has_touch=True, is_mobile=True, viewport={"width": 375, "height": 1200})
    context.add_cookies(scene.page.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{scene.address}/n/tech/?order=newest")
    row = page.locator("#find-list > .find").nth(1)
    row.get_by_role("button", name="Place").tap()
    expect(page.get_by_role("menuitem").first).to_be_focused()
    expect(row).to_have_class(re.compile("is-current"))
    context.close()


def test_without_a_script_the_forms_work(scene: Scene) -> None:
    context = scene.page.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    context.add_cookies(scene.page.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{scene.address}/n/tech/?order=newest")
    title = page.locator("#find-list .find-title").first.inner_text()
    row = page.locator("#find-list > .find").first
    row.hover()
    row.get_by_role("button", name="Star").click()
    expect(page.locator(".star[aria-pressed=true]")).to_have_count(1)
    row = page.locator("#find-list > .find", has_text=title)
    row.hover()
    row.get_by_role("button", name="Place").click()
    expect(page.locator("#find-list > .find", has_text=title).locator(".badge.good")).to_be_visible()
    context.close()


def test_the_chosen_filter_is_saved_and_used(scene: Scene) -> None:
    _row(scene, "chips").language = "en"
    scene.session.commit()
    page = _open(scene, "")
    page.locator(".filter-menu summary").click()
    page.get_by_label("Language").select_option("en")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#find-list > .find")).to_have_count(1)
    page.locator(".filter-menu summary").click()
    page.get_by_label("Keep this filter as").fill("English")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="English")).to_have_attribute("aria-current", "page")
    page.goto(f"{scene.address}/n/tech/")
    expect(page.locator("#find-list > .find")).to_have_count(3)
    page.get_by_role("link", name="English").click()
    expect(page.locator("#find-list > .find")).to_have_count(1)
    assert compare_due(scene.session) >= 3


def test_the_rest_of_a_long_list_follows_and_is_found_by_its_address(scene: Scene) -> None:
    newsletter = scene.issue.newsletter
    made = [an_article(scene.session, newsletter, f"long{number}") for number in range(AT_ONCE + 5)]
    scene.session.commit()
    page = scene.page
    page.goto(f"{scene.address}/n/tech/?order=newest")
    rows = page.locator("#find-list > .find")
    expect(rows).to_have_count(len(made) + 3)
    last = rows.last.get_attribute("id")
    page.goto(f"{scene.address}/n/tech/?order=newest#{last}")
    page.reload()
    expect(page.locator(f"#{last}")).to_be_focused()
    page.keyboard.press("x")
    expect(rows).to_have_count(len(made) + 2)
