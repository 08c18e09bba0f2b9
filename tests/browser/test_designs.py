"""Every design in a browser as mail programs show it: both widths, light and dark, pictures off, right to left.

The screenshots in artifacts/designs are there to be looked at by whoever changes a design.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageOps
from playwright.sync_api import Browser, Page, Route

from curator.demo.pictures import draw_picture
from curator.editions.preview import preview_html
from curator.issues.brand import DESIGNS
from tests.browser.camera import CONTRAST, OVERFLOW
from tests.editions import sample
from tests.editions.full_issue import BRAND, PICTURES, full_issue
from tests.editions.test_notice import DATA, notice

WIDTHS = (600, 375)
MOTIFS = dict(zip(PICTURES, ("racks", "sun", "tiles", "orbit", "leaf"), strict=True))
TALLEST = 6000

# A line that is cut off, or a word that stands outside its box.
CLIPPED = """() => [...document.querySelectorAll("h1, h2, h3, p, a, li, td")]
  .filter((one) => one.offsetParent && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
  .map((one) => one.tagName + " " + one.textContent.trim().slice(0, 40))"""


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    """Every picture of the issue by the name its address ends with."""
    drawn = {}
    for seed, name in enumerate(PICTURES):
        image = Image.open(io.BytesIO(draw_picture(MOTIFS[name], seed)))
        out = io.BytesIO()
        ImageOps.fit(image, PICTURES[name]).save(out, "JPEG")
        drawn[f"{sample.picture(name, 1, 1, '').sha256}.jpg"] = out.getvalue()
    logo = Image.new("RGBA", (840, 300))
    ImageDraw.Draw(logo).ellipse((20, 20, 280, 280), fill="#5a1d00")
    ImageDraw.Draw(logo).rectangle((320, 60, 820, 240), fill="#d9480f")
    out = io.BytesIO()
    logo.save(out, "PNG")
    return drawn | {f"{BRAND['logo'].sha256}.png": out.getvalue()}


@pytest.fixture
def page(window: Browser) -> Iterator[Page]:
    with window.new_context(reduced_motion="reduce") as context:
        yield context.new_page()


def show(page: Page, mail: str, pictures: dict[str, bytes]) -> None:
    """The mail, with the pictures given; every other one cannot be had."""

    def answer(route: Route) -> None:
        body = pictures.get(route.request.url.rpartition("/")[2])
        route.abort() if body is None else route.fulfill(
            body=body, content_type="image/png" if body[:1] == b"\x89" else "image/jpeg"
        )

    page.unroute_all()
    page.route("**/*", answer)
    page.set_content(mail, wait_until="load")


def shoot(page: Page, folder: Path, name: str, width: int) -> None:
    height = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST)
    part = {"x": 0, "y": 0, "width": width, "height": height}
    page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=88, full_page=True, clip=part)  # type: ignore[arg-type]


@pytest.mark.browser
@pytest.mark.timeout(240)
@pytest.mark.parametrize("design", DESIGNS)
def test_a_design_holds_in_every_light(page: Page, design: str, pictures: dict[str, bytes], artifacts: Path) -> None:
    folder = artifacts / "designs"
    folder.mkdir(exist_ok=True)
    faults = []
    for language, brand in (("nl", {}), ("ar", {}), ("nl", BRAND)):
        mail = preview_html(full_issue(design, language, **brand), public_url=sample.PUBLIC_URL)
        for is_shown in (True, False):
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                    show(page, mail, pictures if is_shown else {})
                    what = f"{'brand' if brand else language}-{width}-{scheme}"
                    name = f"{design}-{what}{'' if is_shown else '-no-pictures'}"
                    faults += [f"{name}: faint: {text}" for text in page.evaluate(CONTRAST)]
                    faults += [f"{name}: clipped: {text}" for text in page.evaluate(CLIPPED)]
                    if wide := page.evaluate(OVERFLOW):
                        faults.append(f"{name}: sticks out: {wide}")
                    shoot(page, folder, name, width)
    assert faults == []


@pytest.mark.browser
@pytest.mark.parametrize("design", DESIGNS)
def test_a_design_mirrors_where_the_language_does(page: Page, design: str) -> None:
    sides = {}
    for language in ("nl", "ar"):
        page.set_viewport_size({"width": 600, "height": 900})
        show(page, preview_html(full_issue(design, language), public_url=sample.PUBLIC_URL), {})
        box = page.locator("h3").nth(1).bounding_box()
        words = (
            page.locator("h3")
            .nth(1)
            .evaluate(
                "(one) => { const range = document.createRange(); range.selectNodeContents(one);"
                " const at = range.getBoundingClientRect(); return [at.left, at.right]; }"
            )
        )
        assert box is not None
        sides[language] = (words[0] - box["x"], box["x"] + box["width"] - words[1])
    assert sides["nl"][0] <= 1
    assert sides["ar"][1] <= 1


@pytest.mark.browser
@pytest.mark.parametrize("design", DESIGNS)
def test_a_word_longer_than_its_column_is_broken(page: Page, design: str) -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    address = "https://example.org/" + "a-path/without/a-space/" * 6
    blurb = f"<p>{word} {address}</p><ul><li>{address}</li></ul><p><code>{word * 2}</code></p>"
    items = [sample.item(number, word, blurb_html=blurb, site=word.lower(), author=word) for number in range(4)]
    content = sample.issue(
        {"design": design, "name": word, "description": word},
        intro_html=blurb,
        sections=tuple(sample.section(name, *items, label=word) for name in (word, address, "A")),
    )
    show(page, preview_html(content, public_url=sample.PUBLIC_URL), {})
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert [page.evaluate(OVERFLOW), *page.evaluate(CLIPPED)] == [""], width


@pytest.mark.browser
def test_a_long_address_in_a_colleagues_remark_is_broken(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    remark = "See https://example.org/" + "abcdefghij" * 12
    monkeypatch.setitem(DATA["sent-back"], "word", remark)
    page.set_viewport_size({"width": 375, "height": 900})
    show(page, sample.bodies(notice("sent-back"))[1], {})
    assert [page.evaluate(OVERFLOW), *page.evaluate(CLIPPED)] == [""]
