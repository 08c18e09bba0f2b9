"""Makes the README's pictures from a demo of its own: `.venv/bin/python -m docs.pictures.make`, in half a minute.

Needs Chromium on PATH. Overwrites the five PNG files beside this script; touches nothing else.
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.whole_demo import Demo, running_chromium, running_demo, sign_in

FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 1440, 960
SCALE = 1.5
LARGEST = 250_000
"""Bytes a picture may have, so that the README opens quickly."""

TINTS, APART = 64, 8


def make() -> None:
    """All five: this-week, issue, delivery, report and mail."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("There is no Chromium on PATH: install your system's package chromium.")
    with running_demo() as demo, running_chromium(chromium) as browser:
        window = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE)
        page = window.new_page()
        sign_in(page, demo)
        _keep("this-week", _shoot(page, f"{demo.desk}/"))
        _keep("issue", _shoot(page, f"{demo.desk}/issues/42"))
        _keep("delivery", _shoot(page, f"{demo.desk}/deliveries/41"))
        _keep("report", _shoot(page, f"{demo.desk}/reports/41"))
        _keep("mail", _light_and_dark(page, demo))


def _shoot(page: Page, address: str) -> Image.Image:
    """What the window shows of a page once it has come to rest."""
    page.goto(address)
    page.wait_for_load_state("networkidle", timeout=5_000)
    return _image(page.screenshot(animations="disabled"))


def _light_and_dark(page: Page, demo: Demo) -> Image.Image:
    """A mail that was really received, as a light and as a dark mail program show it."""
    demo.run("issues", "send", "laagland#42", "--now", "--yes")
    page.goto(f"{demo.address}/mailbox")
    mail = page.locator("#mails a").first
    mail.wait_for(timeout=60_000)
    address = f"{demo.address}{mail.get_attribute('href')}/html"
    both = Image.new("RGB", (round(WIDTH * SCALE), round(HEIGHT * SCALE)))
    page.set_viewport_size({"width": WIDTH // 2, "height": HEIGHT})
    for place, scheme in enumerate(("light", "dark")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        both.paste(_shoot(page, address), (place * both.width // 2, 0))
    return both


def _image(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def _keep(name: str, image: Image.Image) -> None:
    """Saved with 256 colours: enough for pages, and a third of the bytes."""
    file = FOLDER / f"{name}.png"
    image.quantize(palette=_palette(image), dither=Image.Dither.NONE).save(file, optimize=True)
    if file.stat().st_size > LARGEST:
        sys.exit(f"{file.name} has {file.stat().st_size:,} bytes; {LARGEST:,} is the most.")


def _palette(image: Image.Image) -> Image.Image:
    """The page's own tints exactly, however close to each other, then whatever is common and unlike those before.

    Pillow's own choices lose a star's colour among the photographs, or tint the paper.
    """
    counted = sorted(image.getcolors(image.width * image.height) or [], reverse=True)
    chosen = [colour for _, colour in counted[:TINTS]]
    for count, colour in counted[TINTS:]:
        if len(chosen) == 256 or count < 4:
            break
        if all(max(abs(a - b) for a, b in zip(colour, other, strict=True)) >= APART for other in chosen):
            chosen.append(colour)
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for colour in chosen for channel in colour])
    return palette


if __name__ == "__main__":
    make()
