"""Words by a model in a real browser: asked for, amber beside their sentences, used, not amber once edited."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from curator.settings import get_settings
from curator.sources.models import Article
from tests.issues.model_server import ModelServer, running_model, says
from tests.web.conftest import Scene
from workers import issues

pytestmark = pytest.mark.browser

PATIENCE = 15_000
BLURB = {"blurb": "Een fabriek bouwt <b>chips</b> voor 99 euro. {{ 7*7 }}", "sentences": [1]}
SUBJECTS = {"subjects": [{"subject": f"Chips uit fabriek {n}", "sentences": [n]} for n in (1, 2)]}

TRANSLATION = {"translations": [{"sentence": n, "text": f"Vertaling {n}."} for n in (1, 2, 3)]}


@pytest.fixture
def model(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with running_model() as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        yield running


def test_words_are_amber_until_a_person_edits_them(scene: Scene, model: ModelServer) -> None:
    page = scene.page
    thinks = threading.Event()

    def after_a_while(request: object, body: object) -> None:
        thinks.wait(10)
        says(BLURB)(request, body)  # type: ignore[arg-type]

    model.replies = [after_a_while, says(SUBJECTS), says(TRANSLATION)]
    scene.session.execute(update(Article).where(Article.address_key.endswith("/two")).values(language="en"))
    scene.session.commit()
    page.goto(f"{scene.address}/n/tech/issues/{scene.issue.number}")
    item = page.locator(".item").first
    blurb = item.locator(".item-blurb")
    blurb.press("Alt+KeyS")
    expect(item.locator("[data-waiting]")).to_contain_text("Asking for a blurb", timeout=PATIENCE)
    expect(blurb).to_be_focused()
    worker = threading.Thread(target=issues.propose)
    worker.start()
    expect(item.locator("[data-waiting]")).to_contain_text("writing", timeout=PATIENCE)
    thinks.set()
    offer = item.locator("section.by-model")
    expect(offer).to_contain_text("Words by a model", timeout=PATIENCE)
    expect(offer.locator(".offer-text")).to_have_text("Een fabriek bouwt chips voor 99 euro.")
    expect(offer.locator(".offer-sources")).to_contain_text("Eerste zin over one.")
    expect(offer.locator(".offer-doubt")).to_contain_text("99")
    worker.join()
    blurb.press("Alt+KeyS")
    expect(offer.locator("button").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(blurb).to_have_value("Een fabriek bouwt chips voor 99 euro.", timeout=PATIENCE)
    mark = item.locator('[data-by-model="blurb"]')
    expect(mark).to_contain_text("not yet edited", timeout=PATIENCE)
    expect(page.locator('[data-code="model_blurb"]')).to_have_count(1, timeout=PATIENCE)
    blurb.press("End")
    blurb.type(" Knap.")
    expect(mark).to_have_count(0, timeout=PATIENCE)
    expect(page.locator('[data-code="model_blurb"]')).to_have_count(0, timeout=PATIENCE)
    page.locator("#undo").click()
    expect(blurb).to_have_value("Eerste zin over one. Tweede zin.", timeout=PATIENCE)
    _choose_a_subject(scene)
    _translate_and_undo(scene)


def _choose_a_subject(scene: Scene) -> None:
    page = scene.page
    page.locator("#ask-subject-0").click()
    cancel = page.locator("#proposed-0 [data-waiting] button")
    cancel.click(timeout=PATIENCE)
    expect(page.locator("#ask-subject-0")).to_be_focused(timeout=PATIENCE)
    page.keyboard.press("Enter")
    expect(cancel).to_be_visible(timeout=PATIENCE)
    issues.propose()
    offers = page.locator("#proposed-0 .offer-words")
    expect(offers).to_have_count(2, timeout=PATIENCE)
    offers.nth(1).locator("button").click()
    expect(page.locator("#subject")).to_have_value("Chips uit fabriek 2", timeout=PATIENCE)
    expect(page.locator("#heading")).to_have_text("Chips uit fabriek 2")
    expect(page.locator('[data-by-model="subject"]')).to_be_visible(timeout=PATIENCE)


def _translate_and_undo(scene: Scene) -> None:
    page = scene.page
    item = page.locator(".item").nth(1)
    item.get_by_role("button", name="Translate to Dutch").click()
    expect(item.locator("[data-waiting]")).to_be_visible(timeout=PATIENCE)
    issues.propose()
    item.get_by_role("button", name="Use it").click(timeout=PATIENCE)
    title, blurb = item.locator(".item-title"), item.locator(".item-blurb")
    expect(blurb).to_have_value("Vertaling 2. Vertaling 3.", timeout=PATIENCE)
    expect(title).to_have_value("Vertaling 1")
    expect(item.locator("[data-by-model]")).to_have_count(2, timeout=PATIENCE)
    page.locator("#undo").click()
    expect(title).to_have_value("Over two", timeout=PATIENCE)
    expect(blurb).to_have_value("Eerste zin over two. Tweede zin.")
