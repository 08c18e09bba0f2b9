"""Checks of links by their looks alone: not followable, with a login in them, texts that say nothing. Pure.

Whether an address answers is asked in the background, see `curator.issues.link_checks`.
"""

import html
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml import etree

from curator.editions.checks.findings import Finding, items_of
from curator.editions.links import RenderedLink
from curator.editions.render import Rendered
from curator.editions.slots import Marks, Slot
from curator.issues.content import IssueContent
from curator.issues.fixes import Change, Fix

_GENERIC = re.compile(
    r"\W*(click|click here|here|read more|more|more info|learn more|link|this|this link|this article|"
    r"klik|klik hier|hier|lees meer|lees verder|meer|meer lezen|meer info|deze link|dit artikel|"
    r"mehr|mehr erfahren|mehr lesen|klick hier|klicken sie hier|hier klicken|weiterlesen|dieser link|"
    r"ici|cliquez ici|lire|lire plus|lire la suite|en savoir plus|plus|ce lien)\W*",
    re.IGNORECASE,
)


_WITHOUT_SCHEME = re.compile(r"(www\.|[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}/)\S+", re.IGNORECASE)


def address_errors(content: IssueContent, rendered: Rendered) -> Iterator[Finding]:
    """Links that no reader could follow: relative ones, and those with another scheme."""
    for address in dict.fromkeys(rendered.refused):
        field, item_id = _place_of(address, content)
        fix = None
        if field and _WITHOUT_SCHEME.fullmatch(address):
            fix = _prefixed(address, field, item_id)
        message = f"“{address[:80]}” is not a web address readers can follow. Write it in full, with https://."
        yield Finding("unusable_link", message, address[:80], item_id, field, fix)


def address_warnings(content: IssueContent, rendered: Rendered) -> Iterator[Finding]:
    """Link texts that do not say where they lead, links that only the HTML part has, and logins everybody sees."""
    marks = Marks(content.content_hash)
    in_text = {part.argument for part in marks.split(rendered.text) if isinstance(part, Slot) and part.name == "link"}
    texts = _texts(rendered, marks)
    for link in rendered.links:
        field, item_id = _place_of(link.address, content)
        field = field if item_id == link.item_id else ""
        yield from _label(link, texts.get(str(link.number), []), field)
        if str(link.number) not in in_text:
            message = "This link is in the HTML only: readers of the plain text do not get it."
            yield Finding("link_not_in_text", message, link.address, link.item_id)
        if urlsplit(link.address).username is not None:
            message = "This link carries a name or password that everybody will see. Remove it from the address."
            yield Finding("link_with_login", message, link.address[:80], link.item_id, field)


def _label(link: RenderedLink, texts: list[str], field: str) -> Iterator[Finding]:
    """Every text the link stands under counts: one that says where it leads does not mend another that does not."""
    if generic := next((text for text in texts if _GENERIC.fullmatch(text)), None):
        message = f"The link text “{generic}” does not say where it leads. Name what is behind it."
        yield Finding("generic_link_text", message, link.address, link.item_id, field)
    if "" in texts:
        message = "A link has no text, so that a screen reader cannot say where it leads."
        yield Finding("link_without_text", message, link.address, link.item_id, field)


def _texts(rendered: Rendered, marks: Marks) -> dict[str, list[str]]:
    """By the number of a link, what a screen reader reads at each place it stands: its words and its pictures'."""
    page = etree.fromstring(rendered.html.encode(), etree.HTMLParser(encoding="utf-8"))
    texts: dict[str, list[str]] = {}
    for anchor in page.iter("a") if page is not None else ():
        for part in marks.split(anchor.attrib.get("href", "")):
            if isinstance(part, Slot) and part.name == "link":
                words = [str(text) for text in anchor.itertext()]
                words += [image.attrib.get("alt", "") for image in anchor.iter("img")]
                texts.setdefault(part.argument, []).append(" ".join(" ".join(words).split()))
    return texts


def _place_of(address: str, content: IssueContent) -> tuple[str, int | None]:
    """The field and the item in whose words a link to `address` stands; nothing when it is of the design."""
    link = f'href="{html.escape(address)}"'
    for field, words in (("intro", content.intro_html), ("outro", content.outro_html)):
        if link in words:
            return field, None
    for item in items_of(content):
        if link in item.blurb_html:
            return "blurb", item.id
        if item.address == address:
            return "address", item.id
    return "", None


def _prefixed(address: str, field: str, item_id: int | None) -> Fix:
    full = f"https://{address}"
    if field == "address":
        return Fix(Change.WRITE, f"Write {full[:60]}", field, item_id, old=address, new=full)
    # In Markdown an address that is not in full stands only in brackets behind its words.
    return Fix(Change.REPLACE, f"Write {full[:60]}", field, item_id, old=f"]({address}", new=f"]({full}")
