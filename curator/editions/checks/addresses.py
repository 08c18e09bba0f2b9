"""Checks of links by their looks alone: not followable, with a login in them, texts that say nothing. Pure.

Whether an address answers is asked in the background, see `curator.issues.link_checks`.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from curator.editions.checks.findings import Finding
from curator.editions.render import Rendered
from curator.editions.slots import Marks, Slot
from curator.issues.content import IssueContent

_GENERIC = re.compile(
    r"\W*(click here|here|read more|more|link|this|klik hier|hier|lees meer|lees verder|meer|deze link|"
    r"mehr|hier klicken|weiterlesen|ici|cliquez ici|lire la suite)\W*",
    re.IGNORECASE,
)


def address_errors(rendered: Rendered) -> Iterator[Finding]:
    """Links that no reader could follow: relative ones, and those with another scheme."""
    for address in dict.fromkeys(rendered.refused):
        message = f"“{address[:80]}” is not a web address readers can follow. Write it in full, with https://."
        yield Finding("unusable_link", message, address[:80])


def address_warnings(content: IssueContent, rendered: Rendered) -> Iterator[Finding]:
    """Link texts that do not say where they lead, plain http, and links that only the HTML part has."""
    marks = Marks(content.content_hash)
    in_text = {part.argument for part in marks.split(rendered.text) if isinstance(part, Slot) and part.name == "link"}
    for link in rendered.links:
        if _GENERIC.fullmatch(link.label):
            message = f"The link text “{link.label}” does not say where it leads. Name what is behind it."
            yield Finding("generic_link_text", message, link.address, link.item_id)
        elif not link.label.strip() and not link.item_id:
            message = "A link has no text, so that a screen reader cannot say where it leads."
            yield Finding("link_without_text", message, link.address, link.item_id)
        if str(link.number) not in in_text:
            message = "This link is in the HTML only: readers of the plain text do not get it."
            yield Finding("link_not_in_text", message, link.address, link.item_id)
        if urlsplit(link.address).username is not None:
            message = "This link carries a name or password that everybody will see. Remove it from the address."
            yield Finding("link_with_login", message, link.address[:80], link.item_id)
