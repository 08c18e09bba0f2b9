"""What a check finds: a stable code, a sentence that says what to do, the place, and the fix where there is one. Pure.

Errors stop a Send: readers would get something broken. Warnings are acknowledged by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from curator.issues.content import IssueContent, ItemContent
from curator.issues.fixes import Fix


@dataclass(frozen=True)
class Finding:
    """One thing found. `where` names the place for a person; `item_id` and `field` are where the cursor goes."""

    code: str
    message: str
    where: str = ""
    item_id: int | None = None
    field: str = ""
    fix: Fix | None = None

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
    """A text of the issue an editor can change: the field, whose it is, and the words as they read."""

    field: str
    text: str
    where: str
    item_id: int | None = None


def items_of(content: IssueContent) -> list[ItemContent]:
    """Every item, in the order of the mail."""
    return [item for section in content.sections for item in section.items]


def words_of(content: IssueContent) -> Iterator[Words]:
    """Every text an editor wrote, in the order of the mail."""
    yield Words("subject", content.subject, "subject")
    yield Words("preheader", content.preheader, "preheader")
    yield Words("intro", content.intro_text, "intro")
    for item in items_of(content):
        yield Words("title", item.title, item.title, item.id)
        yield Words("blurb", item.blurb_text, item.title, item.id)
    yield Words("outro", content.outro_text, "outro")
