"""An owner writes a design: the look follows the typing, an error is shown where it is, a version comes back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.camera import CONTRAST, FAULTS, OVERFLOW
from tests.browser.whole_demo import Demo, sign_in


@pytest.fixture
def page(window: Browser) -> Iterator[Page]:
    with window.new_context(locale="nl-NL", reduced_motion="reduce") as context:
        context.set_default_timeout(20_000)
        yield context.new_page()


@pytest.mark.browser
@pytest.mark.timeout(240)
@pytest.mark.long
def test_a_design_from_copy_to_restored(demo: Demo, page: Page) -> None:
    expect.set_options(timeout=30_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, demo)
    page.goto(f"{demo.desk}/settings/design")
    page.get_by_role("textbox", name="Name").fill("Nachtblauw")
    page.get_by_label("A copy of").select_option("magazine")
    page.get_by_role("button", name="Make it and open it").click()
    look = page.frame_locator("iframe[name=try]")
    expect(look.locator("h1")).to_have_text("Laagland", timeout=20_000)

    page.get_by_role("tab", name="issue.html").press("ArrowRight")
    words = page.get_by_role("textbox", name="parts.html")
    written = words.input_value()
    words.fill(written.replace("item.facts }}", "item.fakts }}"))
    line = 1 + words.input_value()[: words.input_value().index("fakts")].count("\n")
    expect(look.locator("body")).to_contain_text(f"parts.html, line {line}")
    expect(page.locator("#editor-state")).to_have_text(f"Error in parts.html, line {line}")
    expect(page.locator(".editor-numbers .is-wrong:visible")).to_have_text(str(line))

    words.fill(written.replace('<h2 class="kicker"', '<h2 class="kicker" title="Bewerkt"'))
    expect(look.locator("h2[title=Bewerkt]")).to_be_attached()
    expect(page.locator(".editor-numbers .is-wrong")).to_have_count(0)
    page.get_by_role("button", name="Dark").click()
    expect(look.locator("meta[name=color-scheme]")).to_have_attribute("content", "dark")
    page.get_by_label("What changed").fill("Grotere kop")
    words.press("Control+s")
    expect(page.locator(".notice.good")).to_contain_text("Saved as version 2")
    expect(look.locator("h2[title=Bewerkt]")).to_be_attached()

    page.get_by_role("button", name="Restore version 1").click()
    expect(page.locator(".notice.good")).to_contain_text("Saved as version 3")
    expect(page.locator(".version-row").first).to_contain_text("As in 1")
    expect(look.locator("h1")).to_have_text("Laagland")
    expect(look.locator("h2[title=Bewerkt]")).to_have_count(0)

    assert page.evaluate(FAULTS) == []
    for width in (375, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(OVERFLOW) == ""
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert page.evaluate(CONTRAST) == []
    assert wrong == []

    page.goto(f"{demo.desk}/settings/design")
    page.get_by_role("radio", name=re.compile("Nachtblauw")).check()
    page.get_by_role("button", name="Use this design").click()
    expect(page.locator(".notice.good")).to_contain_text("Saved")
    assert demo.run("newsletters", "list")[0]["design"] == "Nachtblauw"
