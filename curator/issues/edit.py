"""Words of an issue and its items: saved per field, never overwritten unseen, always restorable.

A save names the version its editor started from. If somebody else changed the same field since then, nothing is
written and `Conflict` carries both texts; changes of other fields do not conflict.
"""

import json
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound
from curator.issues.compose import (
    MOST_BLURB_CHARACTERS,
    MOST_CREDIT_CHARACTERS,
    MOST_SUBJECT_CHARACTERS,
    MOST_TITLE_CHARACTERS,
    get_item,
    lock_draft,
    move_item,
    put_back_item,
    remove_item,
)
from curator.issues.models import Issue, Item, Revision
from curator.issues.revisions import (
    FIELD_NAMES,
    ITEM_MOVED,
    ITEM_PLACED,
    ITEM_REMOVED,
    SECTION_ADDED,
    SECTION_CHANGED,
    SECTION_MOVED,
    SECTION_REMOVED,
    add_revision,
    history,
)
from curator.issues.sections import change_section, move_section, put_back_section, remove_section
from curator.issues.text import clean_line, clean_text
from curator.sources.identity import address_key, checked_address

__all__ = ["edit_issue", "edit_item", "history", "restore"]

MOST_INTRO_CHARACTERS = 50_000


def edit_issue(session: Session, issue_id: int, field: str, value: str, version: int, by: str) -> Issue:
    """Set `subject`, `preheader`, `intro` or `outro`; `version` is the issue's version the editor saw."""
    cleaned = _clean(_ISSUE_FIELDS, field, value)
    issue = lock_draft(session, issue_id)
    before = getattr(issue, field)
    if cleaned != before:
        _refuse_if_changed_since(session, issue.id, None, field, version, value, before, issue.version)
        setattr(issue, field, cleaned)
        add_revision(session, issue, by, field, before, cleaned)
    return issue


def edit_item(session: Session, item_id: int, field: str, value: str, version: int, by: str) -> Item:
    """Set one of the item's words, such as `title`, `blurb` or `credit`; `version` is the item's version seen."""
    cleaned = _clean(_ITEM_FIELDS, field, value)
    item = get_item(session, item_id)
    issue = lock_draft(session, item.issue_id)
    session.refresh(item)
    before = getattr(item, field) or ""
    if cleaned != before:
        _refuse_if_changed_since(session, issue.id, item.id, field, version, value, before, item.version)
        setattr(item, field, cleaned)
        if field == "address":
            item.address, item.address_key = cleaned or None, address_key(cleaned) if cleaned else None
        add_revision(session, issue, by, field, before, cleaned, item)
    return item


def restore(session: Session, revision_id: int, by: str) -> Issue:
    """Reverse one change: put the words back, or the item or section where it was. Itself a change in the history."""
    revision = session.get(Revision, revision_id)
    if revision is None:
        raise NotFound("That change is not in the history.", revision=revision_id)
    issue = lock_draft(session, revision.issue_id)
    reverse = _REVERSALS.get(revision.field)
    if reverse is not None:
        reverse(session, issue, revision, by)
    elif revision.item_id is None:
        edit_issue(session, issue.id, revision.field, revision.before, issue.version, by)
    else:
        item = get_item(session, revision.item_id)
        edit_item(session, item.id, revision.field, revision.before, item.version, by)
    return issue


def _refuse_if_changed_since(
    session: Session, issue_id: int, item_id: int | None, field: str, version: int, mine: str, theirs: str, now: int
) -> None:
    statement = (
        select(Revision.by)
        .where(
            Revision.issue_id == issue_id,
            Revision.item_id.is_not_distinct_from(item_id),
            Revision.field == field,
            Revision.version > version,
        )
        .order_by(Revision.id.desc())
        .limit(1)
    )
    editor = session.scalar(statement)
    if editor is not None:
        raise Conflict(
            f"The {FIELD_NAMES[field]} was changed by {editor or 'somebody else'} while you were writing. "
            "Choose which words stay.",
            field=field,
            mine=mine,
            theirs=theirs,
            version=now,
            by=editor,
        )


def _clean(fields: dict[str, Callable[[str], str]], field: str, value: str) -> str:
    if field not in fields:
        raise Invalid(f"There is no field “{field}” to change.", field=field)
    try:
        return fields[field](value)
    except Invalid as error:
        raise Invalid(error.message, **{**error.facts, "field": field}) from None


def _line(what: str, limit: int) -> Callable[[str], str]:
    return lambda value: clean_line(value, limit=limit, what=what)


def _text(what: str, limit: int) -> Callable[[str], str]:
    return lambda value: clean_text(value, limit=limit, what=what)


def _title(value: str) -> str:
    line = clean_line(value, limit=MOST_TITLE_CHARACTERS, what="The title")
    if not line:
        raise Invalid("An item needs a title.")
    return line


def _address(value: str) -> str:
    line = clean_line(value, limit=2_000, what="The address")
    return checked_address(line) if line else ""


_ISSUE_FIELDS: dict[str, Callable[[str], str]] = {
    "subject": _line("The subject", MOST_SUBJECT_CHARACTERS),
    "preheader": _line("The preview text", MOST_SUBJECT_CHARACTERS),
    "intro": _text("The introduction", MOST_INTRO_CHARACTERS),
    "outro": _text("The closing", MOST_INTRO_CHARACTERS),
}
_ITEM_FIELDS: dict[str, Callable[[str], str]] = {
    "title": _title,
    "blurb": _text("The blurb", MOST_BLURB_CHARACTERS),
    "site": _line("The site", 120),
    "author": _line("The author", 200),
    "address": _address,
    "picture_alt": _line("The description of the picture", 500),
    "credit": _line("The credit", MOST_CREDIT_CHARACTERS),
}


def _put_item_back(session: Session, issue: Issue, revision: Revision, by: str) -> None:
    put_back_item(session, issue, json.loads(revision.before), by)


def _take_item_out(session: Session, issue: Issue, revision: Revision, by: str) -> None:
    if revision.item_id is not None:
        remove_item(session, revision.item_id, by)


def _move_item_back(session: Session, issue: Issue, revision: Revision, by: str) -> None:
    place = json.loads(revision.before)
    if revision.item_id is not None:
        move_item(session, revision.item_id, place["section"], place["position"], by)


def _take_section_out(session: Session, issue: Issue, revision: Revision, by: str) -> None:
    remove_section(session, json.loads(revision.after)["id"], by)


def _put_section_back(session: Session, issue: Issue, revision: Revision, by: str) -> None:
    put_back_section(session, issue, json.loads(revision.before), by)


def _change_section_back(session: Session, issue: Issue, revision: Revision, by: str) -> None:
    facts = json.loads(revision.before)
    fields = {key: facts[key] for key in ("name", "minimum", "maximum", "label")}
    change_section(session, facts["id"], by, **fields, is_sponsored=facts.get("is_sponsored", False))


def _move_section_back(session: Session, issue: Issue, revision: Revision, by: str) -> None:
    facts = json.loads(revision.before)
    move_section(session, facts["id"], facts["position"], by)


_REVERSALS: dict[str, Callable[[Session, Issue, Revision, str], None]] = {
    ITEM_PLACED: _take_item_out,
    ITEM_REMOVED: _put_item_back,
    ITEM_MOVED: _move_item_back,
    SECTION_ADDED: _take_section_out,
    SECTION_REMOVED: _put_section_back,
    SECTION_CHANGED: _change_section_back,
    SECTION_MOVED: _move_section_back,
}
