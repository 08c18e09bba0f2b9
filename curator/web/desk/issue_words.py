"""Saving words of an issue: one field at a time while typing, or a whole form where there is no script.

A save that would overwrite what somebody else wrote is answered with both texts and changes nothing.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from curator.errors import Conflict, CuratorError
from curator.issues.edit import edit_issue, edit_item
from curator.issues.revisions import latest_change_by
from curator.web.access import Db, Editor, Viewer
from curator.web.desk.composer import issue_of, item_of, talk_of, values_of
from curator.web.pages import page

router = APIRouter()


@router.post("/n/{slug}/issues/{number}/save")
def save(
    desk: Editor,
    db: Db,
    number: int,
    field: Annotated[str, Form()],
    version: Annotated[int, Form()],
    value: Annotated[str, Form()] = "",
    item: Annotated[int | None, Form()] = None,
) -> JSONResponse:
    """Save one field; the answer has the version it now stands at, or what stands in the way."""
    issue = issue_of(db, desk, number)
    try:
        with db.begin_nested():
            if item is None:
                saved = edit_issue(db, issue.id, field, value, version, desk.by)
                return JSONResponse({"version": saved.version, "value": getattr(saved, field), "issue": saved.version})
            edited = edit_item(db, item_of(db, issue, item).id, field, value, version, desk.by)
            facts = {"version": edited.version, "value": getattr(edited, field) or "", "issue": issue.version}
            return JSONResponse(facts)
    except Conflict as error:
        return JSONResponse({"message": error.message, **error.facts}, status_code=409)
    except CuratorError as error:
        return JSONResponse({"message": error.message}, status_code=422)


@router.get("/n/{slug}/issues/{number}/now")
def now(desk: Viewer, db: Db, number: int) -> JSONResponse:
    """How far the issue is, with its own words: an open page asks this to follow what others do."""
    issue = issue_of(db, desk, number)
    last = latest_change_by(db, issue.id)
    return JSONResponse(
        {
            "version": issue.version,
            "state": str(issue.state),
            "talk": talk_of(db, issue),
            "by": last if last != desk.by else "",
            "words": {field: getattr(issue, field) for field in ("subject", "preheader", "intro", "outro")},
        }
    )


@router.post("/n/{slug}/issues/{number}/words")
def save_issue_form(
    request: Request,
    desk: Editor,
    db: Db,
    number: int,
    version: Annotated[int, Form()],
    subject: Annotated[str, Form()] = "",
    preheader: Annotated[str, Form()] = "",
    intro: Annotated[str, Form()] = "",
    outro: Annotated[str, Form()] = "",
) -> Response:
    """The issue's own words in one form, for browsers without scripts."""
    fields = {"subject": subject, "preheader": preheader, "intro": intro, "outro": outro}
    return _save_form(request, desk, db, number, None, fields, version)


@router.post("/n/{slug}/issues/{number}/items/{item_id}/words")
def save_item_form(
    request: Request,
    desk: Editor,
    db: Db,
    number: int,
    item_id: int,
    version: Annotated[int, Form()],
    title: Annotated[str, Form()],
    blurb: Annotated[str, Form()] = "",
    address: Annotated[str | None, Form()] = None,
    site: Annotated[str | None, Form()] = None,
    author: Annotated[str | None, Form()] = None,
    picture_alt: Annotated[str | None, Form()] = None,
    credit: Annotated[str | None, Form()] = None,
) -> Response:
    """An item's words in one form, for browsers without scripts."""
    given = {
        "title": title,
        "blurb": blurb,
        "address": address,
        "site": site,
        "author": author,
        "picture_alt": picture_alt,
        "credit": credit,
    }
    fields = {field: value for field, value in given.items() if value is not None}
    return _save_form(request, desk, db, number, item_id, fields, version)


def _save_form(
    request: Request, desk: Editor, db: Db, number: int, item_id: int | None, fields: dict[str, str], version: int
) -> Response:
    issue = issue_of(db, desk, number)
    conflicts = []
    for field, value in fields.items():
        try:
            with db.begin_nested():
                if item_id is None:
                    edit_issue(db, issue.id, field, value, version, desk.by)
                else:
                    edit_item(db, item_of(db, issue, item_id).id, field, value, version, desk.by)
        except Conflict as error:
            conflicts.append({"message": error.message, "field": field, "mine": value, **error.facts})
    if conflicts:
        values = {**values_of(db, issue_of(db, desk, number)), "conflicts": conflicts}
        return page(request, "web/desk/issue.html", desk=desk, current="issues", status=409, **values)
    anchor = "" if item_id is None else f"#item-{item_id}"
    return RedirectResponse(f"/n/{desk.newsletter.slug}/issues/{number}{anchor}", status_code=303)
