"""The sections of one issue: adding, changing, moving and removing them. A section with items is never removed."""

import json
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound
from curator.issues.compose import items_of, lock_draft
from curator.issues.models import Issue, Section
from curator.issues.revisions import SECTION_ADDED, SECTION_CHANGED, SECTION_MOVED, SECTION_REMOVED, add_revision
from curator.issues.section_template import MOST_SECTIONS, check_bounds, check_sponsored, section_name
from curator.issues.text import clean_line


def add_section(
    session: Session,
    issue_id: int,
    name: str,
    by: str = "",
    *,
    minimum: int = 0,
    maximum: int | None = None,
    label: str = "",
    is_sponsored: bool = False,
) -> Section:
    """A new section at the end; `Invalid` when the name stands in the issue already."""
    issue = lock_draft(session, issue_id)
    sections = sections_of(session, issue.id)
    if len(sections) >= MOST_SECTIONS:
        raise Invalid(f"An issue has at most {MOST_SECTIONS} sections.")
    facts = {
        "name": _free_name(sections, name, None),
        "minimum": minimum,
        "maximum": maximum,
        "label": label,
        "is_sponsored": is_sponsored,
        "position": len(sections),
    }
    return _insert(session, issue, facts, by)


def change_section(session: Session, section_id: int, by: str = "", **fields: Any) -> Section:
    """Set any of `name`, `minimum`, `maximum`, `label`, `is_sponsored`; a sponsored one has a label and a maximum."""
    unknown = set(fields) - {"name", "minimum", "maximum", "label", "is_sponsored"}
    if unknown:
        raise Invalid(f"A section has no field {', '.join(sorted(unknown))}.")
    section, issue = _locked(session, section_id)
    before = _facts(section)
    name = _free_name(sections_of(session, issue.id), fields["name"], section.id) if "name" in fields else section.name
    minimum, maximum = check_bounds(
        name, fields.get("minimum", section.minimum), fields.get("maximum", section.maximum)
    )
    label = clean_line(str(fields.get("label", section.label) or ""), limit=60, what="The label")
    is_sponsored = bool(fields.get("is_sponsored", section.is_sponsored))
    check_sponsored(name, label, maximum, is_sponsored=is_sponsored)
    section.name, section.minimum, section.maximum = name, minimum, maximum
    section.label, section.is_sponsored = label, is_sponsored
    if _facts(section) != before:
        add_revision(session, issue, by, SECTION_CHANGED, before, _facts(section))
    return section


def rename_section(session: Session, section_id: int, name: str, by: str = "") -> Section:
    """Give a section another name."""
    return change_section(session, section_id, by, name=name)


def move_section(session: Session, section_id: int, position: int, by: str = "") -> Section:
    """Put a section at `position`, 0 first."""
    section, issue = _locked(session, section_id)
    before = _facts(section)
    others = [other for other in sections_of(session, issue.id) if other.id != section.id]
    place = max(0, min(position, len(others)))
    if place != section.position:
        _renumber([*others[:place], section, *others[place:]])
        session.flush()
        add_revision(session, issue, by, SECTION_MOVED, before, _facts(section))
    return section


def remove_section(session: Session, section_id: int, by: str = "") -> None:
    """Remove an empty section; `Conflict` while it has items, or when it is the only one."""
    section, issue = _locked(session, section_id)
    count = len(items_of(session, section.id))
    if count:
        raise Conflict(f"“{section.name}” still has {count} item{'s' if count > 1 else ''}. Move or remove them first.")
    others = [other for other in sections_of(session, issue.id) if other.id != section.id]
    if not others:
        raise Conflict("An issue needs at least one section.")
    add_revision(session, issue, by, SECTION_REMOVED, _facts(section), "")
    session.delete(section)
    session.flush()
    _renumber(others)
    session.flush()


def put_back_section(session: Session, issue: Issue, facts: dict[str, Any], by: str) -> Section:
    """Insert a section that was removed, under its own id and at its old position."""
    if session.get(Section, facts["id"]) is not None:
        raise Conflict("The section is in the issue already.")
    _free_name(sections_of(session, issue.id), facts["name"], None)
    section = _insert(session, issue, facts, by)
    return move_section(session, section.id, facts["position"], by)


def sections_of(session: Session, issue_id: int) -> list[Section]:
    """The sections of an issue in order."""
    return list(session.scalars(select(Section).where(Section.issue_id == issue_id).order_by(Section.position)))


def _insert(session: Session, issue: Issue, facts: dict[str, Any], by: str) -> Section:
    minimum, maximum = check_bounds(facts["name"], facts["minimum"], facts["maximum"])
    label = clean_line(facts["label"], limit=60, what="The label")
    is_sponsored = bool(facts.get("is_sponsored"))
    check_sponsored(facts["name"], label, maximum, is_sponsored=is_sponsored)
    last = session.scalar(select(func.count()).select_from(Section).where(Section.issue_id == issue.id)) or 0
    section = Section(
        issue_id=issue.id,
        name=facts["name"],
        minimum=minimum,
        maximum=maximum,
        label=label,
        is_sponsored=is_sponsored,
        position=last,
    )
    if "id" in facts:
        section.id = facts["id"]
    session.add(section)
    session.flush()
    add_revision(session, issue, by, SECTION_ADDED, "", _facts(section))
    return section


def _locked(session: Session, section_id: int) -> tuple[Section, Issue]:
    section = session.get(Section, section_id)
    if section is None:
        raise NotFound("That section is not in the issue any more.", section=section_id)
    issue = lock_draft(session, section.issue_id)
    session.refresh(section)
    return section, issue


def _free_name(sections: list[Section], name: str, own_id: int | None) -> str:
    cleaned = section_name(name)
    if any(other.name.casefold() == cleaned.casefold() and other.id != own_id for other in sections):
        raise Invalid(f"There is already a section “{cleaned}” in this issue.", field="name")
    return cleaned


def _facts(section: Section) -> str:
    keys = ("id", "name", "position", "minimum", "maximum", "label", "is_sponsored")
    return json.dumps({key: getattr(section, key) for key in keys})


def _renumber(sections: list[Section]) -> None:
    for position, section in enumerate(sections):
        section.position = position
