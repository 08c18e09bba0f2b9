"""Every page, in every width and both colour schemes: it answers, fits, speaks, and leaves a screenshot to look at."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.browser.whole_demo import Demo, sign_in

WIDTHS = {375: 740, 768: 1000, 1440: 900}
SCHEMES = ("light", "dark")
TALLEST = 2400
"""Pixels of a page that are pictured: a list says nothing new further down."""

# Fonts and pictures are there, also those further down that wait to be scrolled to.
SETTLE = """async () => {
  const pictures = [...document.images];
  for (const picture of pictures) picture.loading = "eager";
  await Promise.all([document.fonts.ready, ...pictures.map((picture) => picture.decode().catch(() => {}))]);
}"""
# What holds for every page, told in one look: what is wrong with it, in words.
FAULTS = (Path(__file__).parent / "faults.js").read_text()
# Texts that are too faint to read, in the colours of the moment.
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
# The widest thing that sticks out of the page; nothing when all of it fits.
OVERFLOW = (Path(__file__).parent / "overflow.js").read_text()


class Camera:
    """Visits pages, notes what is wrong with them and takes their pictures."""

    def __init__(self, page: Page, folder: Path) -> None:
        self._page, self._folder = page, folder
        self.faults: list[str] = []
        self.taken = 0
        self._name = ""
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"{self._name}: script failed: {error}"))

    def visit(self, name: str, address: str, status: int = 200) -> None:
        """Open `address` and look at it from all sides."""
        self._name = name
        answer = self._page.goto(address, wait_until="load")
        if answer is None or answer.status != status:
            self.faults.append(f"{name}: {address} answered {answer and answer.status}, not {status}")
            return
        self._page.evaluate(SETTLE)
        self.faults += [f"{name}: {fault}" for fault in self._page.evaluate(FAULTS)]
        for width, height in WIDTHS.items():
            self._page.set_viewport_size({"width": width, "height": height})
            if wide := self._page.evaluate(OVERFLOW):
                self.faults.append(f"{name} at {width}: sticks out: {wide}")
            for scheme in SCHEMES:
                self._shoot(width, scheme)

    def _shoot(self, width: int, scheme: str) -> None:
        self._page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        self.faults += [f"{self._name} at {width}, {scheme}: faint: {text}" for text in self._page.evaluate(CONTRAST)]
        file = self._folder / f"{self._name}-{width}-{scheme}.jpg"
        height = min(int(self._page.evaluate("document.documentElement.scrollHeight")), TALLEST)
        part = {"x": 0, "y": 0, "width": width, "height": height}
        self._page.screenshot(path=file, type="jpeg", quality=88, full_page=True, clip=part)  # type: ignore[arg-type]
        self.taken += 1

    def _heard(self, message: ConsoleMessage) -> None:
        is_the_problem_page = self._name == "problem" and "404" in message.text
        if message.type == "error" and not is_the_problem_page:
            self.faults.append(f"{self._name}: console: {message.text}")


@pytest.fixture
def page(window: Browser) -> Iterator[Page]:
    with window.new_context(locale="nl-NL", timezone_id="Europe/Amsterdam") as context:
        context.set_default_timeout(20_000)
        yield context.new_page()


@pytest.mark.browser
@pytest.mark.timeout(240)
def test_every_page_holds_at_every_width_in_both_schemes(demo: Demo, page: Page, artifacts: Path) -> None:
    folder = artifacts / "screens"
    folder.mkdir(exist_ok=True)
    camera = Camera(page, folder)
    _for_anybody(camera, demo)
    sign_in(page, demo)
    _bring_feeds(demo)
    _on_the_desk(camera, demo)
    _from_a_mail(camera, demo, page)
    assert not camera.faults, "\n".join(camera.faults)
    assert camera.taken == 26 * len(WIDTHS) * len(SCHEMES)


def _for_anybody(camera: Camera, demo: Demo) -> None:
    camera.visit("sign-in", f"{demo.address}/sign-in")
    camera.visit("subscribe", f"{demo.address}/subscribe/laagland")
    camera.visit("archive", f"{demo.address}/archive/laagland")
    camera.visit("archived-issue", f"{demo.address}/archive/laagland/41")
    camera.visit("problem", f"{demo.address}/no-such-page", status=404)


def _bring_feeds(demo: Demo) -> None:
    """Sources that cannot be reached, so that there is trouble to show."""
    feeds = "".join(f'<outline text="Bron {n}" xmlUrl="http://127.0.0.1:9/{n}"/>' for n in range(3))
    (demo.home / "feeds.opml").write_text(
        f'<opml version="2.0"><body><outline text="Map">{feeds}</outline></body></opml>'
    )
    demo.run("sources", "import", "laagland", str(demo.home / "feeds.opml"))


def _on_the_desk(camera: Camera, demo: Demo) -> None:
    camera.visit("this-week", f"{demo.desk}/")
    camera.visit("sources", f"{demo.desk}/sources")
    camera.visit("bring-in", f"{demo.desk}/import")
    camera.visit("by-mail", f"{demo.desk}/mail")
    camera.visit("bookmarklet", f"{demo.desk}/bookmarklet")
    camera.visit("add", f"{demo.desk}/add?url=https%3A%2F%2Fx.example%2Fa&title=Een%20verhaal&selection=Een%20zin.")
    camera.visit("issues", f"{demo.desk}/issues")
    camera.visit("issue", f"{demo.desk}/issues/42")
    camera.visit("audience", f"{demo.desk}/audience")
    camera.visit("import", f"{demo.desk}/audience/import")
    camera.visit("deliveries", f"{demo.desk}/deliveries")
    camera.visit("delivery", f"{demo.desk}/deliveries/41")
    camera.visit("report", f"{demo.desk}/reports/41")
    camera.visit("settings", f"{demo.desk}/settings")
    camera.visit("settings-design", f"{demo.desk}/settings/design")
    camera.visit("settings-brand", f"{demo.desk}/settings/brand")


def _from_a_mail(camera: Camera, demo: Demo, page: Page) -> None:
    """The mailbox after a send, and the pages its links lead to. Looking at them changes nothing."""
    demo.run("issues", "send", "laagland#42", "--now", "--yes")
    mail = _first_mail(demo, page)
    camera.visit("mailbox", f"{demo.address}/mailbox")
    camera.visit("mail", f"{demo.address}{mail}")
    camera.visit("subscriber", f"{demo.desk}/audience/1")
    source = message_from_bytes(page.request.get(f"{demo.address}{mail}/message.eml").body(), policy=default)
    camera.visit("unsubscribe", source["List-Unsubscribe"].split(">")[0].strip("<"))
    html = source.get_body(("html",)).get_content()
    camera.visit("preferences", re.search(r'href="(http[^"]+/p/[^"]+)"', html)[1])  # type: ignore[index]


def _first_mail(demo: Demo, page: Page) -> str:
    """The path of a mail in the mailbox, as soon as there is one."""
    page.goto(f"{demo.address}/mailbox")
    row = page.locator("#mails a").first
    row.wait_for(timeout=60_000)  # the list looks again by itself
    return str(row.get_attribute("href"))
