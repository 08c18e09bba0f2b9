"""What is wrong with an issue before it is sent, judged on what was really built. Pure.

Errors stop a Send: readers would get something broken. Warnings are for an editor to weigh.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curator.editions.design_rules import faults_of
from curator.editions.render import Rendered
from curator.editions.slots import Marks
from curator.editions.wording import written_language
from curator.issues.content import IssueContent, ItemContent

CLIPPED_AT = 102 * 1024
LARGE_AT = 90 * 1024
SUBJECT_LIMIT = 150
SUBJECT_SHOWN = 70
PREHEADER_SHOWN = 140
SAME_SITE = 3

_REPLY = re.compile(r"\s*(re|fwd?|tr)\s*:", re.IGNORECASE)
_UNFINISHED = re.compile(r"\bTK(TK)*\b|\bTODO\b|\bXXX\b|lorem ipsum")
_GENERIC = re.compile(
    r"\W*(click here|here|read more|more|link|this|klik hier|hier|lees meer|lees verder|meer|deze link)\W*",
    re.IGNORECASE,
)
_BARE_NAME = re.compile(r"\{name(\|\s*)?\}")
_SPONSORED = re.compile(r"sponsor|partner|advert|gesponsord|anzeige|annonce", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """One thing found. `code` is a stable word; `where` names the place: a field, a section or an item's title."""

    code: str
    message: str
    where: str = ""


@dataclass(frozen=True)
class Checks:
    """Everything found, worst first within each list's order of the mail."""

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def check_content(content: IssueContent, rendered: Rendered, facts: Mapping[str, Any]) -> Checks:
    """Judge an issue by its content, its rendering and the facts of its segments (see compile)."""
    return Checks(
        errors=tuple(_errors(content, rendered, facts)),
        warnings=tuple(_warnings(content, rendered, facts)),
    )


def _errors(content: IssueContent, rendered: Rendered, facts: Mapping[str, Any]) -> Iterator[Finding]:
    if not any(section.items for section in content.sections):
        yield Finding("empty_issue", "The issue has no items. Put at least one article in a section.", "issue")
    yield from _subject_errors(content.subject)
    if facts["html_bytes"] >= CLIPPED_AT:
        size = facts["html_bytes"] // 1024
        yield Finding("too_large", f"The mail is {size} KB; above 102 KB it is cut off. Remove items.", "issue")
    if content.newsletter.own_design is not None:
        for fault in faults_of(rendered.html, Marks(content.content_hash).names(rendered.html)):
            yield Finding("no_unsubscribe" if "unsubscribe" in fault else "design", fault, "design")
    for address in rendered.refused:
        yield Finding(
            "unusable_link",
            f"“{address[:80]}” is not a web address readers can follow. Write it in full, with https://.",
            address[:80],
        )


def _subject_errors(subject: str) -> Iterator[Finding]:
    if not subject.strip():
        yield Finding("no_subject", "The issue has no subject. Write one.", "subject")
    if len(subject) > SUBJECT_LIMIT:
        yield Finding(
            "subject_too_long", f"The subject has {len(subject)} characters; at most {SUBJECT_LIMIT}.", "subject"
        )
    if _REPLY.match(subject):
        yield Finding("subject_like_reply", "The subject looks like a reply or forward. Start it otherwise.", "subject")


def _warnings(content: IssueContent, rendered: Rendered, facts: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _header_warnings(content)
    yield from _section_warnings(content)
    yield from _item_warnings(content)
    yield from _text_warnings(content)
    yield from _link_warnings(rendered)
    yield from _sending_warnings(content, facts)


def _header_warnings(content: IssueContent) -> Iterator[Finding]:
    if SUBJECT_SHOWN < len(content.subject) <= SUBJECT_LIMIT:
        yield Finding("subject_long", f"Phones show about {SUBJECT_SHOWN} characters; the subject has more.", "subject")
    if not content.preheader.strip():
        yield Finding("no_preheader", "Without a preview text inboxes show the first words of the mail.", "preheader")
    if len(content.preheader) > PREHEADER_SHOWN:
        yield Finding(
            "preheader_long", f"Inboxes show about {PREHEADER_SHOWN} characters of the preview text.", "preheader"
        )


def _section_warnings(content: IssueContent) -> Iterator[Finding]:
    for section in content.sections:
        count = len(section.items)
        if count == 0 and section.minimum:
            yield Finding("empty_section", f"“{section.name}” is empty and will be left out.", section.name)
        elif count < section.minimum:
            message = f"“{section.name}” has {count} of at least {section.minimum} items."
            yield Finding("below_minimum", message, section.name)
        if section.maximum is not None and count > section.maximum:
            message = f"“{section.name}” has {count} items; {section.maximum} is its maximum."
            yield Finding("above_maximum", message, section.name)
        if count and _SPONSORED.search(section.name) and not section.label.strip():
            message = f"“{section.name}” looks sponsored but has no label that says so."
            yield Finding("no_sponsored_label", message, section.name)


def _item_warnings(content: IssueContent) -> Iterator[Finding]:
    items = _items(content)
    for item in items:
        if item.picture and not item.picture.alt.strip():
            yield Finding("no_alt", "The picture has no description; the title stands in for it.", item.title)
        if not item.blurb_text.strip():
            yield Finding("no_blurb", "The item has no text under its title.", item.title)
        if not item.address:
            yield Finding("no_address", "The item links nowhere.", item.title)
    addresses = Counter(item.address for item in items if item.address)
    for address, count in addresses.items():
        if count > 1:
            yield Finding("same_address_twice", f"{count} items lead to the same address.", address)
    for site, count in Counter(item.site for item in items if item.site).items():
        if count >= SAME_SITE and count < len(items):
            yield Finding("one_site", f"{count} items come from {site}.", site)


def _text_warnings(content: IssueContent) -> Iterator[Finding]:
    for where, text in _texts(content):
        found = _UNFINISHED.search(text)
        if found:
            yield Finding("unfinished", f"“{found[0]}” is still in the text.", where)
        if _BARE_NAME.search(text):
            message = "A reader's name needs a word for who gave none: write {name|reader}."
            yield Finding("name_without_fallback", message, where)


def _link_warnings(rendered: Rendered) -> Iterator[Finding]:
    for link in rendered.links:
        if _GENERIC.fullmatch(link.label):
            message = f"The link text “{link.label}” does not say where it leads."
            yield Finding("generic_link_text", message, link.address)


def _sending_warnings(content: IssueContent, facts: Mapping[str, Any]) -> Iterator[Finding]:
    newsletter = content.newsletter
    if LARGE_AT <= facts["html_bytes"] < CLIPPED_AT:
        size = facts["html_bytes"] // 1024
        yield Finding("large", f"The mail is {size} KB; above 102 KB mailboxes cut it off.", "issue")
    if not str(facts.get("public_url", "")).startswith("https://"):
        message = "Links and pictures use http. Set CURATOR_BASE_URL to an https address before sending to readers."
        yield Finding("insecure_address", message, "settings")
    if not newsletter.postal_address.strip():
        yield Finding("no_postal_address", "Many countries require a postal address in every mail.", "newsletter")
    if written_language(newsletter.language) != newsletter.language:
        message = f"There is no wording for “{newsletter.language}” yet: the fixed words of the mail are English."
        yield Finding("wording_missing", message, "newsletter")


def _items(content: IssueContent) -> list[ItemContent]:
    return [item for section in content.sections for item in section.items]


def _texts(content: IssueContent) -> Iterator[tuple[str, str]]:
    yield "subject", content.subject
    yield "preheader", content.preheader
    yield "intro", content.intro_text
    yield "outro", content.outro_text
    for item in _items(content):
        yield item.title, f"{item.title}\n{item.blurb_text}"
