"""Repairs of an issue that need one tap: each an ordinary change, in the history, that Undo reverses.

A fix is made by a check for what it saw. When the words are others by now, it changes nothing and says so.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.errors import Conflict
from curator.issues.compose import get_item, lock_draft, remove_item
from curator.issues.edit import edit_issue, edit_item
from curator.issues.models import Issue, Item, Section
from curator.issues.revisions import FIELD_NAMES
from curator.issues.sections import change_section, remove_section


class Change(StrEnum):
    """What a fix does: `write` a field anew, `replace` a part of it, `label` or drop a section, drop an item."""

    WRITE = "write"
    REPLACE = "replace"
    LABEL = "label"
    DROP_SECTION = "drop_section"
    DROP_ITEM = "drop_item"


@dataclass(frozen=True)
class Fix:
    """One repair. `label` is what its button says; `old` must still be there for `write` and `replace`."""

    change: Change
    label: str
    field: str = ""
    item_id: int | None = None
    section: str = ""
    old: str = ""
    new: str = ""


def apply_fix(session: Session, issue_id: int, fix: Fix, by: str) -> None:
    """Change the issue as the fix says; `Conflict` when what it was made for is not there any more."""
    issue = lock_draft(session, issue_id)
    if fix.change is Change.LABEL:
        change_section(session, _section(session, issue, fix.section).id, by, label=fix.new)
    elif fix.change is Change.DROP_SECTION:
        remove_section(session, _section(session, issue, fix.section).id, by)
    elif fix.change is Change.DROP_ITEM:
        remove_item(session, _item(session, issue, fix.item_id).id, by)
    elif fix.item_id is None:
        edit_issue(session, issue.id, fix.field, _new_words(getattr(issue, fix.field), fix), issue.version, by)
    else:
        item = _item(session, issue, fix.item_id)
        words = _new_words(getattr(item, fix.field) or "", fix)
        edit_item(session, item.id, fix.field, words, item.version, by)


def part(old: str) -> re.Pattern[str]:
    """Where `old` stands whole. An address that goes on is another address."""
    goes_on = r"(?![\w/?#&=%~+@$*-]|[.,:;!]\w)" if re.match(r"https?://", old, re.IGNORECASE) else ""
    return re.compile(re.escape(old) + goes_on)


def _new_words(now: str, fix: Fix) -> str:
    if fix.change is Change.REPLACE and part(fix.old).search(now):
        return part(fix.old).sub(lambda _: fix.new, now)
    if fix.change is Change.WRITE and now.strip() == fix.old.strip():
        return fix.new
    raise Conflict(f"The {FIELD_NAMES[fix.field]} was changed in the meantime. Look at the checks again.")


def _section(session: Session, issue: Issue, name: str) -> Section:
    found = session.scalar(select(Section).where(Section.issue_id == issue.id, Section.name == name))
    if found is None:
        raise Conflict(f"There is no section “{name}” any more. Look at the checks again.")
    return found


def _item(session: Session, issue: Issue, item_id: int | None) -> Item:
    item = get_item(session, item_id or 0)
    session.refresh(item)
    if item.issue_id != issue.id:
        raise Conflict("That item is not in this issue any more. Look at the checks again.")
    return item
