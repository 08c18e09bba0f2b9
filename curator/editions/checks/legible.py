"""Checks of what eyes need: contrast in light and in dark, links that are more than a colour (WCAG 2.2). Pure."""

from collections.abc import Iterator

from lxml import etree

from curator.editions.checks.findings import Finding
from curator.editions.checks.painted import painted, style_of
from curator.editions.colours import contrast
from curator.editions.render import Rendered

READABLE = 4.5
READABLE_LARGE = 3.0


def legible_warnings(rendered: Rendered) -> Iterator[Finding]:
    """The faintest text in each theme, and links in running text that only a colour tells from it."""
    page = etree.fromstring(rendered.html.encode(), etree.HTMLParser(encoding="utf-8"))
    if page is None:
        return
    for theme in ("light", "dark"):
        yield from _faint(page, theme)
    if link := next(_coloured_links(page), None):
        message = f"The link “{link[:60]}” differs from its text by colour alone. Let the design underline it."
        yield Finding("colour_alone", message, "design")


def _faint(page: etree._Element, theme: str) -> Iterator[Finding]:
    """One finding a theme: the design is mended once, however many texts it paints."""
    ratios = [
        (contrast(text.colour, text.background), text)
        for text in painted(page, is_dark=theme == "dark")
        if text.colour and text.background
    ]
    faint = [(ratio, text) for ratio, text in ratios if ratio < (READABLE_LARGE if text.is_large else READABLE) - 0.005]
    if faint:
        ratio, text = min(faint, key=lambda pair: pair[0])
        more = f" and {len(faint) - 1} more" if len(faint) > 1 else ""
        message = (
            f"“{text.text[:50]}”{more} can hardly be read in the {theme}: {text.colour} on {text.background} has a "
            f"contrast of {ratio:.1f}. Change the design's colours."
        )
        yield Finding(f"contrast_{theme}", message, "design")


def _coloured_links(page: etree._Element) -> Iterator[str]:
    """WCAG 2.2, 1.4.1 (F73)."""
    for anchor in page.iter("a"):
        words = "".join(str(text) for text in anchor.itertext()).strip()
        parent, style = anchor.getparent(), style_of(anchor)
        if not words or parent is None or parent.tag not in ("p", "li", "blockquote"):
            continue
        is_marked = "none" not in style.get("text-decoration", style.get("text-decoration-line", "underline")) or any(
            style.get(name, "none") not in ("none", "0")
            for name in ("border-bottom", "background-color", "font-weight")
        )
        beside = "".join(text or "" for text in [parent.text, *(child.tail for child in parent)]).strip(" \xa0·|–-\n")
        if beside and not is_marked:
            yield words
