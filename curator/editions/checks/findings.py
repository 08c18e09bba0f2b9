"""What a check finds: a stable code, a sentence that says what to do, the place, and the fix where there is one. Pure.

Errors stop a Send: readers would get something broken. Warnings are acknowledged by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from curator.issues.content import IssueContent, ItemContent
from curator.issues.fixes import Fix
from curator.issues.revisions import FIELD_NAMES


@dataclass(frozen=True)
class Finding:
    """One thing found. `where` names the place for a person; `item_id` and `field` are where the cursor goes."""

    code: str
    message: str
    where: str = ""
    item_id: int | None = None
    field: str = ""
    fix: Fix | None = None

    @property
    def place(self) -> str:
        """The place as people call it: a field by its name on the page, everything else as it is."""
        return self.where if self.item_id else FIELD_NAMES.get(self.where, self.where)

    def facts(self) -> dict[str, Any]:
        """The finding for JSON."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "item": self.item_id,
            "field": self.field or None,
            "fix": self.fix.label if self.fix else None,
        }


@dataclass(frozen=True)
class Checks:
    """Everything found, in the order of the mail within each list. `html_bytes` is the size after inlining."""

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    links: "LinkProgress | None" = None
    html_bytes: int = 0


@dataclass(frozen=True)
class LinkProgress:
    """How many of the links that readers can follow were asked, and when the oldest of the answers came."""

    total: int
    asked: int
    oldest: datetime | None


@dataclass(frozen=True)
class Words:
    """A text of the mail people wrote: the words as they read, and the field they stand in, empty outside the issue.

    `is_filled`: a merge field in it becomes the reader's name; elsewhere it stands there as it was written.
    """

    field: str
    text: str
    where: str
    item_id: int | None = None
    is_filled: bool = False


def items_of(content: IssueContent) -> list[ItemContent]:
    """Every item, in the order of the mail."""
    return [item for section in content.sections for item in section.items]


def words_of(content: IssueContent) -> Iterator[Words]:
    """Every text people wrote, in the order of the mail."""
    newsletter = content.newsletter
    yield Words("subject", content.subject, "subject")
    yield Words("preheader", content.preheader, "preheader")
    yield Words("", newsletter.header_text, "the header, in Settings", is_filled=True)
    yield Words("intro", content.intro_text, "intro", is_filled=True)
    for section in content.sections:
        if section.items:
            yield Words("", f"{section.name}\n{section.label}", section.name)
        for item in section.items:
            yield from _words_of_item(item)
    yield Words("outro", content.outro_text, "outro", is_filled=True)
    yield Words("", newsletter.footer_text, "the footer, in Settings", is_filled=True)


def _words_of_item(item: ItemContent) -> Iterator[Words]:
    yield Words("title", item.title, item.title, item.id)
    yield Words("author", item.author, item.title, item.id)
    yield Words("blurb", item.blurb_text, item.title, item.id, is_filled=True)
    if item.picture:
        yield Words("picture_alt", item.picture.alt, item.title, item.id)
    yield Words("credit", item.credit, item.title, item.id)
