"""What the accessibility engine axe-core finds on a page, as sentences, by how much it hinders somebody.

The engine comes with the package axe-playwright-python and is evaluated in the page over the browser's own protocol,
which our Content-Security-Policy neither sees nor has to allow for. Mails in frames are looked at by themselves.
"""

from importlib.resources import files
from typing import NamedTuple

from playwright.sync_api import Page

ENGINE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
GRAVE = ("serious", "critical")

# WCAG 2.0 to 2.2 at A and AA, and what axe calls best practice. The size of targets is off unless it is asked for.
LOOK = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document.querySelector("dialog:modal") || document, { // what is behind a dialog is inert
    runOnly: tags, rules: { "target-size": { enabled: true } }, resultTypes: ["violations"], iframes: false,
    selectors: false, preload: false,
  });
  return found.violations.flatMap(({ id, impact, help, nodes }) => nodes.map((node) => ({
    rule: id, impact: node.impact || impact, help, element: node.html.replace(/\\s+/g, " ").slice(0, 140),
    why: [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; ").slice(0, 200),
  })));
}"""


class Violation(NamedTuple):
    """One element that breaks one rule."""

    rule: str
    impact: str
    help: str
    element: str
    why: str

    @property
    def is_grave(self) -> bool:
        """Whether it keeps somebody from reading or using the page."""
        return self.impact in GRAVE

    def __str__(self) -> str:
        return f"{self.impact}: {self.help} ({self.rule}): {self.element}: {self.why}"


def violations(page: Page) -> list[Violation]:
    """What is wrong with the page as it is shown now, in the colours of the moment."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(ENGINE + ";0")
    return [Violation(**one) for one in page.evaluate(LOOK)]
