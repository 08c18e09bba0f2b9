"""Checks of sections and items: too few, too many, sponsored without a label, pictures without words. Pure."""

import re
from collections import Counter
from collections.abc import Iterator

from curator.editions.checks.findings import Finding, items_of
from curator.issues.content import IssueContent, ItemContent, SectionContent
from curator.issues.fixes import Change, Fix

SAME_SITE = 3

_SPONSORED = re.compile(
    r"sponsor|advert|\bpartners?\b|\bpartner-?(bericht|inhalt|inhoud|content)|gesponsord|betaald|reclame|"
    r"anzeige|werbung|annonce|publicit|\bpaid\b|promoted",
    re.IGNORECASE,
)
_LABELS = {"nl": "Gesponsord", "de": "Anzeige", "fr": "Sponsorisé"}


def block_errors(content: IssueContent) -> Iterator[Finding]:
    """An issue with nothing in it."""
    if not items_of(content):
        yield Finding("empty_issue", "The issue has no items. Put at least one article in a section.", "issue")


def block_warnings(content: IssueContent) -> Iterator[Finding]:
    """Sections first, then items, then what only shows over all items."""
    for section in content.sections:
        yield from _section(section, content)
    for item in items_of(content):
        yield from _item(item)
    yield from _together(items_of(content))


def _section(section: SectionContent, content: IssueContent) -> Iterator[Finding]:
    count, name = len(section.items), section.name
    if count == 0 and section.minimum:
        fix = Fix(Change.DROP_SECTION, "Remove the section", section=name) if len(content.sections) > 1 else None
        yield Finding("empty_section", f"“{name}” is empty and will be left out.", name, fix=fix)
    elif count < section.minimum:
        yield Finding("below_minimum", f"“{name}” has {count} of at least {section.minimum} items.", name)
    if section.maximum is not None and count > section.maximum:
        yield Finding("above_maximum", f"“{name}” has {count} items; {section.maximum} is its maximum.", name)
    if count and _SPONSORED.search(name) and not section.label.strip():
        label = _LABELS.get(content.newsletter.language, "Sponsored")
        fix = Fix(Change.LABEL, f"Label it “{label}”", section=name, new=label)
        message = f"“{name}” looks sponsored but has no label that says so."
        yield Finding("no_sponsored_label", message, name, fix=fix)


def _item(item: ItemContent) -> Iterator[Finding]:
    if not item.title.strip():
        message = f"The item of {item.site or 'nowhere'} has no title: readers see an empty line. Write one."
        yield Finding("no_title", message, item.address or "", item.id, "title")
    if item.picture and not item.picture.alt.strip():
        fix = Fix(Change.WRITE, "Use the title", "picture_alt", item.id, new=item.title)
        message = "The picture has no description: say what it shows."
        yield Finding("no_alt", message, item.title, item.id, "picture_alt", fix)
    if not item.blurb_text.strip():
        yield Finding("no_blurb", "The item has no text under its title. Write a blurb.", item.title, item.id, "blurb")
    if not item.address:
        yield Finding("no_address", "The item links nowhere. Give its address.", item.title, item.id, "address")


def _together(items: list[ItemContent]) -> Iterator[Finding]:
    addresses = Counter(item.address for item in items if item.address)
    for address, count in addresses.items():
        if count > 1:
            last = [item for item in items if item.address == address][-1]
            fix = Fix(Change.DROP_ITEM, f"Remove “{last.title[:40]}”", item_id=last.id)
            message = f"{count} items lead to the same address."
            yield Finding("same_address_twice", message, str(address), last.id, "address", fix)
    for site, count in Counter(item.site for item in items if item.site).items():
        if count >= SAME_SITE and count < len(items):
            yield Finding("one_site", f"{count} items come from {site}.", site)
