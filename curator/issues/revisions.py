"""The history of an issue: one row per change, never altered, read as a list of what people did.

A text field's revision holds the words before and after; an arrangement's holds the facts to reverse it as JSON.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.issues.difference import Difference, difference
from curator.issues.models import Issue, Item, Revision

ITEM_PLACED = "item placed"
ITEM_MOVED = "item moved"
ITEM_REMOVED = "item removed"
SECTION_ADDED = "section added"
SECTION_CHANGED = "section changed"
SECTION_MOVED = "section moved"
SECTION_REMOVED = "section removed"

FIELD_NAMES = {
    "subject": "subject",
    "preheader": "preview text",
    "intro": "introduction",
    "outro": "closing",
    "title": "title",
    "blurb": "blurb",
    "site": "site",
    "author": "author",
    "address": "address",
    "picture_alt": "description of the picture",
    "credit": "credit",
}
"""What people call the fields that hold words."""

_ONE_SITTING = timedelta(minutes=5)


@dataclass(frozen=True)
class Change:
    """What somebody did, for the history list. Restoring `revision_id` brings `before` back."""

    revision_id: int
    item_id: int | None
    item_title: str
    field: str
    before: str
    after: str
    by: str
    at: datetime

    @property
    def name(self) -> str:
        """What was changed or done, for a person."""
        return FIELD_NAMES.get(self.field, self.field)

    @property
    def is_text(self) -> bool:
        """Whether `before` and `after` are words, not facts of an arrangement."""
        return " " not in self.field

    @property
    def difference(self) -> Difference:
        """Where `before` and `after` differ."""
        return difference(self.before, self.after)


def add_revision(
    session: Session, issue: Issue, by: str, field: str, before: str, after: str, item: Item | None = None
) -> Revision:
    """Write what changed and raise the versions of the issue and, for an item's words, of the item."""
    issue.version += 1
    issue.changed_at = func.now()
    if issue.opened_at is None:
        issue.opened_at = func.now()
    is_text = " " not in field
    if item is not None and is_text:
        item.version += 1
    revision = Revision(
        issue_id=issue.id,
        item_id=None if item is None else item.id,
        field=field,
        version=item.version if item is not None and is_text else issue.version,
        before=before,
        after=after,
        by=by,
    )
    session.add(revision)
    session.flush()
    return revision


def history(session: Session, issue_id: int, limit: int = 200) -> list[Change]:
    """What was done, newest first. Typing in one field within five minutes by one person is one change."""
    statement = select(Revision).where(Revision.issue_id == issue_id).order_by(Revision.id.desc()).limit(limit * 5)
    rows = session.execute(select(Item.id, Item.title).where(Item.issue_id == issue_id))
    titles = {item_id: title for item_id, title in rows}  # noqa: C416 - rows are not pairs to a type checker
    changes: list[Change] = []
    for revision in session.scalars(statement):
        last = changes[-1] if changes else None
        if last is not None and _continues(revision, last):
            changes[-1] = _change(revision, titles, after=last.after, at=last.at)
            continue
        if len(changes) == limit:
            break
        changes.append(_change(revision, titles, after=revision.after, at=revision.at))
    return changes


def _continues(earlier: Revision, later: Change) -> bool:
    return (
        later.is_text
        and (earlier.field, earlier.item_id, earlier.by) == (later.field, later.item_id, later.by)
        and later.at - earlier.at <= _ONE_SITTING
    )


def _change(revision: Revision, titles: dict[int, str], *, after: str, at: datetime) -> Change:
    title = titles.get(revision.item_id, "") if revision.item_id else ""
    return Change(
        revision_id=revision.id,
        item_id=revision.item_id,
        item_title=title or _facts(revision).get("title", ""),
        field=revision.field,
        before=revision.before,
        after=after,
        by=revision.by,
        at=at,
    )


def _facts(revision: Revision) -> dict[str, Any]:
    """The facts of an arrangement's revision; for words an empty dictionary."""
    if " " not in revision.field:
        return {}
    facts: dict[str, Any] = json.loads(revision.before or revision.after or "{}")
    return facts


def latest_revision(session: Session, issue_id: int) -> int | None:
    """The id of the newest change of an issue: what an undo would reverse."""
    return session.scalar(select(func.max(Revision.id)).where(Revision.issue_id == issue_id))


def revisions_since(session: Session, issue_id: int, before: int | None, by: str) -> list[int]:
    """The changes of one person after revision `before` (None: all), the first one first: what she would undo."""
    statement = select(Revision.id).where(Revision.issue_id == issue_id, Revision.id > (before or 0), Revision.by == by)
    return list(session.scalars(statement.order_by(Revision.id)))


def latest_change_by(session: Session, issue_id: int) -> str:
    """Who changed an issue last; empty when nobody has."""
    statement = select(Revision.by).where(Revision.issue_id == issue_id).order_by(Revision.id.desc()).limit(1)
    return session.scalar(statement) or ""
