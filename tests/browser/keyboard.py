"""Hands on the keyboard and nowhere else. After every press something has the focus, and it can be seen that it has."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.camera import script

# What is wrong with how the focus is shown.
RING = script("ring.js")


class Keyboard:
    """Presses keys on a page; complains of a focus that is lost, unseen or caught."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, keys: str, *, leaves: bool = False) -> None:
        """Press `keys`. `leaves` when the page goes with it, and with the page the focus."""
        self._page.keyboard.press(keys)
        if not leaves:
            self.check()

    def write(self, text: str) -> None:
        """Put `text` in place of what is in the field."""
        self.press("Control+a")
        self._page.keyboard.insert_text(text)
        self.check()

    def tab_to(self, wanted: Locator, *, back: bool = False, most: int = 160) -> None:
        """Tab until `wanted` has the focus, forwards or `back`."""
        key = "Shift+Tab" if back else "Tab"
        for _ in range(most):
            self._page.keyboard.press(key)
            if wanted.evaluate("element => element === document.activeElement"):
                return self.check()
            self.check(may_be_nothing=True)
        raise AssertionError(f"{key} does not reach {wanted}; the focus is at {self._where()}")

    def check(self, *, may_be_nothing: bool = False) -> None:
        """Whether the focus can be seen. Past the last element of a page it is with the browser for one press."""
        wrong = self._page.evaluate(RING)
        assert not wrong or (may_be_nothing and wrong.startswith("nothing")), wrong

    def _where(self) -> str:
        return str(self._page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))


def hears(page: Page, region: str, words: str) -> None:
    """A live region, which screen readers follow, says `words`."""
    expect(page.locator(f":is([role=status], [role=alert], [aria-live])#{region}")).to_contain_text(words)
