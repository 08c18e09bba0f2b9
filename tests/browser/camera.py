"""Looks at one page after the other from all sides: what is wrong with it in words, and a picture of it to look at."""

import base64
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Response

from tests.browser.axe import Violation, violations

WIDTHS = {375: 740, 768: 1000, 1440: 900}
SIDES = ((768, "light"), (1440, "light"), (375, "dark"))
"""From where a page is looked at: every width, and both schemes. A page's layout depends on the width alone."""

HEARD_AT = ((1440, "light"), (375, "dark"))
"""Where the accessibility engine looks, at contrast too: both layouts and both schemes. Elsewhere our own look does."""

TALLEST = 2400
"""Pixels of a page that are pictured: a list says nothing new further down."""

# Fonts and pictures are there, also those further down that wait to be scrolled to.
SETTLE = """async () => {
  const pictures = [...document.images];
  for (const picture of pictures) picture.loading = "eager";
  await Promise.all([document.fonts.ready, ...pictures.map((picture) => picture.decode().catch(() => {}))]);
}"""


# How large the page is, and whether a dialog lies over the part of it that is in the window.
SIZE = """() => {
  const { scrollHeight, clientWidth } = document.documentElement;
  return [clientWidth, scrollHeight, Boolean(document.querySelector("dialog:modal"))];
}"""


def script(name: str) -> str:
    """A function of JavaScript that lies beside this file."""
    return (Path(__file__).parent / name).read_text()


# What holds for every page, told in one look: what is wrong with it, in words.
FAULTS = script("faults.js")
# Texts that are too faint to read, in the colours of the moment.
CONTRAST = script("contrast.js")
# The widest thing that sticks out of the page; nothing when all of it fits.
OVERFLOW = script("overflow.js")


class Camera:
    """Visits pages, notes what is wrong with them and takes their pictures."""

    def __init__(self, page: Page, folder: Path) -> None:
        self._page, self._folder = page, folder
        self._browser = page.context.new_cdp_session(page)
        self.faults: list[str] = []
        self.advice: set[str] = set()
        self.visited: set[str] = set()
        self.taken: set[str] = set()
        self.expected: tuple[str, ...] = ()
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
        self.visited.add(urlsplit(address).path)
        self._page.evaluate(SETTLE)
        self.faults += [f"{name}: {fault}" for fault in self._page.evaluate(FAULTS)]
        self._look_from_all_sides(is_heard=not is_mute(answer))
        if is_mute(answer):
            self._listen_to_a_copy(answer.text())

    def look(self, name: str) -> None:
        """The page that is open already, with what has been opened on it: a dialog, a menu, two versions of a text."""
        self._name = name
        for width, scheme in HEARD_AT:
            self._look_at(width, scheme, is_heard=True)
            self._shoot(width, scheme)

    def _look_from_all_sides(self, *, is_heard: bool) -> None:
        for width, scheme in SIDES:
            self._look_at(width, scheme, is_heard=is_heard and (width, scheme) in HEARD_AT)
            self._shoot(width, scheme)

    def _turn(self, width: int, scheme: str) -> None:
        self._page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        self._page.set_viewport_size({"width": width, "height": WIDTHS[width]})

    def _look_at(self, width: int, scheme: str, *, is_heard: bool) -> None:
        self._turn(width, scheme)
        where = f"{self._name} at {width}, {scheme}"
        if wide := self._page.evaluate(OVERFLOW):
            self.faults.append(f"{where}: sticks out: {wide}")
        if is_heard:
            self._listen(where, violations(self._page))
        else:
            self.faults += [f"{where}: faint: {text}" for text in self._page.evaluate(CONTRAST)]

    def _listen_to_a_copy(self, mail: str) -> None:
        """No script runs in a mail, the engine's no more than others: it gets a copy, without pictures."""
        self._page.goto("about:blank")
        self._page.set_content(re.sub(r'src="http[^"]*"', 'src="data:,"', mail), wait_until="load")
        for width, scheme in HEARD_AT:
            self._turn(width, scheme)
            self._listen(f"{self._name} at {width}, {scheme}", violations(self._page))

    def _listen(self, where: str, found: list[Violation]) -> None:
        self.faults += [f"{where}: {one}" for one in found if one.is_grave]
        self.advice |= {f"{self._name}: {one}" for one in found if not one.is_grave}

    def _shoot(self, width: int, scheme: str) -> None:
        """By the browser's own protocol: everything has settled, nothing needs to be waited for again."""
        file = self._folder / f"{self._name}-{width}-{scheme}.jpg"
        wide, height, has_dialog = self._page.evaluate(SIZE)
        part = {"x": 0, "y": 0, "width": wide, "height": min(height, TALLEST), "scale": 1}
        whole: dict[str, Any] = {} if has_dialog else {"clip": part, "captureBeyondViewport": True}
        shot = self._browser.send("Page.captureScreenshot", {"format": "jpeg", "quality": 88, **whole})
        file.write_bytes(base64.b64decode(shot["data"]))
        self.taken.add(file.name)

    def _heard(self, message: ConsoleMessage) -> None:
        is_expected = any(status in message.text for status in self.expected)
        if message.type == "error" and not is_expected:
            self.faults.append(f"{self._name}: console: {message.text}")


def is_mute(answer: Response) -> bool:
    """Whether the page is shown in a sandbox without scripts, as every mail is."""
    policy = answer.headers.get("content-security-policy", "")
    return "sandbox" in policy and "allow-scripts" not in policy
