"""Arranging an issue: placing, moving and removing items, and its sections. Every change can be undone."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.errors import NotFound
from curator.issues.assemble import Assembly, assemble
from curator.issues.compose import add_item, move_item, remove_item
from curator.issues.models import Issue
from curator.issues.revisions import latest_revision, revisions_since
from curator.issues.sections import add_section, change_section, move_section, remove_section
from curator.web.access import Db, Desk, Editor
from curator.web.desk.asked import wants_json
from curator.web.desk.composer import issue_of, item_of, section_of

router = APIRouter()


@router.post("/n/{slug}/issues/{number}/items")
def place(
    request: Request,
    desk: Editor,
    db: Db,
    number: int,
    article_id: Annotated[int, Form()],
    section_id: Annotated[int, Form()],
) -> Response:
    """Put an article in a section of this issue."""
    issue, before = _opened(desk, db, number)
    item = add_item(db, issue.id, article_id, section_of(issue, section_id).name, by=desk.by)
    return _done(request, desk, db, issue, before, f"item-{item.id}", item=item.id)


@router.post("/n/{slug}/issues/{number}/assemble")
def place_stars(request: Request, desk: Editor, db: Db, number: int) -> Response:
    """Put the starred articles in the sections; what is still wanted is named."""
    issue, before = _opened(desk, db, number)
    done = assemble(db, issue.id, desk.by)
    if not wants_json(request):
        return _done(request, desk, db, issue, before, "sections")
    revisions = revisions_since(db, issue.id, before, desk.by)
    return JSONResponse({"revisions": revisions, "issue": issue.version, "said": words_for(done), "focus": "undo"})


def words_for(done: Assembly) -> str:
    """What assembling did, in a sentence or three."""
    said = [f"{len(done.placed)} starred article{'' if len(done.placed) == 1 else 's'} placed."]
    if done.gaps:
        said.append(f"Still to fill: {', '.join(map(str, done.gaps))}.")
    if done.left_over:
        said.append(f"No room for {len(done.left_over)}: {'; '.join(done.left_over[:3])}.")
    return " ".join(said)


@router.post("/n/{slug}/issues/{number}/items/{item_id}/move")
def move(
    request: Request,
    desk: Editor,
    db: Db,
    number: int,
    item_id: int,
    section_id: Annotated[int | None, Form()] = None,
    position: Annotated[int | None, Form(ge=0, le=999)] = None,
    step: Annotated[int, Form(ge=-1, le=1)] = 0,
) -> Response:
    """To a place in a section, or one `step` up (-1) or down (1), into the neighbouring section at the ends."""
    issue, before = _opened(desk, db, number)
    item = item_of(db, issue, item_id)
    if step:
        section_id, position = _one_step(issue, item.id, step)
    target = section_of(issue, section_id if section_id is not None else item.section_id)
    move_item(db, item.id, target.id, position, desk.by)
    return _done(request, desk, db, issue, before, f"item-{item.id}")


@router.post("/n/{slug}/issues/{number}/items/{item_id}/remove")
def remove(request: Request, desk: Editor, db: Db, number: int, item_id: int) -> Response:
    """Take an item out; undo and the history put it back with its words."""
    issue, before = _opened(desk, db, number)
    remove_item(db, item_of(db, issue, item_id).id, desk.by)
    return _done(request, desk, db, issue, before, "sections")


@router.post("/n/{slug}/issues/{number}/sections")
def new_section(request: Request, desk: Editor, db: Db, number: int, name: Annotated[str, Form()] = "") -> Response:
    """A section at the end of this issue."""
    issue, before = _opened(desk, db, number)
    section = add_section(db, issue.id, name, desk.by)
    return _done(request, desk, db, issue, before, f"section-{section.id}", focus="new-section")


@router.post("/n/{slug}/issues/{number}/sections/{section_id}")
def edit_section(
    request: Request,
    desk: Editor,
    db: Db,
    number: int,
    section_id: int,
    name: Annotated[str, Form()],
    minimum: Annotated[str, Form()] = "0",
    maximum: Annotated[str, Form()] = "",
    label: Annotated[str, Form()] = "",
    sponsored: Annotated[bool, Form()] = False,
) -> Response:
    """Name, bounds and label of one section of this issue, and whether it is sponsored."""
    issue, before = _opened(desk, db, number)
    section = section_of(issue, section_id)
    fields = {"name": name, "minimum": minimum or 0, "maximum": maximum, "label": label}
    change_section(db, section.id, desk.by, **fields, is_sponsored=sponsored)
    return _done(request, desk, db, issue, before, f"section-{section.id}", focus=f"section-menu-{section.id}")


@router.post("/n/{slug}/issues/{number}/sections/{section_id}/move")
def shift_section(
    request: Request, desk: Editor, db: Db, number: int, section_id: int, step: Annotated[int, Form(ge=-1, le=1)]
) -> Response:
    """One place up or down."""
    issue, before = _opened(desk, db, number)
    section = section_of(issue, section_id)
    move_section(db, section.id, max(0, section.position + step), desk.by)
    return _done(request, desk, db, issue, before, f"section-{section.id}", focus=f"section-menu-{section.id}")


@router.post("/n/{slug}/issues/{number}/sections/{section_id}/remove")
def drop_section(request: Request, desk: Editor, db: Db, number: int, section_id: int) -> Response:
    """Remove a section without items."""
    issue, before = _opened(desk, db, number)
    remove_section(db, section_of(issue, section_id).id, desk.by)
    return _done(request, desk, db, issue, before, "sections", focus="new-section")


def _opened(desk: Desk, db: Session, number: int) -> tuple[Issue, int | None]:
    """The issue, and its newest change before this one."""
    issue = issue_of(db, desk, number)
    return issue, latest_revision(db, issue.id)


def _one_step(issue: Issue, item_id: int, step: int) -> tuple[int, int | None]:
    """Where an item goes that moves one up or down through the whole issue; where it is at either end."""
    for index, section in enumerate(issue.sections):
        ids = [item.id for item in section.items]
        if item_id not in ids:
            continue
        place = ids.index(item_id) + step
        if 0 <= place < len(ids):
            return section.id, place
        if step < 0 and index > 0:
            return issue.sections[index - 1].id, None
        if step > 0 and index + 1 < len(issue.sections):
            return issue.sections[index + 1].id, 0
        return section.id, ids.index(item_id)
    raise NotFound("That item is not in the issue any more. The history can put it back.")


def _done(
    request: Request, desk: Desk, db: Session, issue: Issue, before: int | None, anchor: str, **facts: int | str
) -> Response:
    """What can be undone is what was changed now. `focus`: where a keyboard goes on, when the button is made anew."""
    if wants_json(request):
        revisions = revisions_since(db, issue.id, before, desk.by)
        return JSONResponse({"revisions": revisions, "issue": issue.version, **facts})
    return RedirectResponse(f"/n/{desk.newsletter.slug}/issues/{issue.number}#{anchor}", status_code=303)
