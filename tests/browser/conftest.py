"""A demo and a browser for each file of browser tests: files may run side by side, Playwright's loop ends with them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.whole_demo import Demo, running_chromium, running_demo


@pytest.fixture(scope="module")
def demo(chromium: str) -> Iterator[Demo]:
    """A fresh demo in which Send cannot be undone, so that nobody waits for it."""
    with running_demo(CURATOR_UNDO_SECONDS="0") as running:
        yield running


@pytest.fixture(scope="module")
def window(chromium: str) -> Iterator[Browser]:
    """Chromium, without a window."""
    with running_chromium(chromium) as browser:
        yield browser
