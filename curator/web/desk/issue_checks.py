"""The checks of an issue as a part of its page, and their one-tap fixes, which Undo and the history reverse."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.delivery.preflight import check_issue
from curator.editions.checks import Checks, Finding
from curator.errors import Conflict, TemplateFailed
from curator.issues.compose import get_issue
from curator.issues.fixes import apply_fix
from curator.issues.models import Issue
from curator.issues.revisions import latest_revision, revisions_since
from curator.reports.item_clicks import clicks_of_items
from curator.settings import get_settings
from curator.web.access import Db, Editor, Viewer
from curator.web.desk.asked import is_htmx, wants_json
from curator.web.desk.composer import is_editable, issue_of
from curator.web.pages import page

router = APIRouter()

_FIELD_IDS = {"picture_alt": "alt"}


@router.get("/n/{slug}/issues/{number}/checks")
def checks(request: Request, desk: Viewer, db: Db, number: int) -> HTMLResponse:
    """What stands in the way of sending, and what to think about."""
    issue = issue_of(db, desk, number)
    template = "web/desk/checks.html" if is_htmx(request) else "web/desk/checks_page.html"
    values: dict[str, Any] = {"issue": issue, "checks": find_problems(db, issue.id), "anchor": anchor_in(issue)}
    return page(request, template, desk=desk, current="issues", editable=is_editable(desk, issue), **values)


@router.post("/n/{slug}/issues/{number}/fix")
def fix(
    request: Request,
    desk: Editor,
    db: Db,
    number: int,
    code: Annotated[str, Form()],
    where: Annotated[str, Form()] = "",
    item: Annotated[str, Form()] = "",
    field: Annotated[str | None, Form()] = None,
) -> Response:
    """Mend one finding as its button said. What is not found any more is not mended."""
    issue = issue_of(db, desk, number)
    found = find_problems(db, issue.id)
    wanted = (code, where, item)
    finding = next(
        (
            one
            for one in (*found.errors, *found.warnings)
            if _name(one) == wanted and one.fix and field in (None, one.field)
        ),
        None,
    )
    if finding is None or finding.fix is None:
        raise Conflict("That is not so any more. Look at the checks again.")
    before = latest_revision(db, issue.id)
    apply_fix(db, issue.id, finding.fix, desk.by)
    if wants_json(request):
        revisions = revisions_since(db, issue.id, before, desk.by)
        return JSONResponse({"revisions": revisions, "words": words_now(db, issue.id)})
    return RedirectResponse(f"/n/{desk.newsletter.slug}/issues/{number}/checks", status_code=303)


def find_problems(db: Session, issue_id: int) -> Checks:
    """The preflight; a design that cannot be rendered is itself an error found."""
    try:
        return check_issue(db, issue_id, settings=get_settings(), clicks_of=clicks_of_items)
    except TemplateFailed as error:
        return Checks(errors=(Finding("design", error.message, "the design"),), warnings=())


def words_now(db: Session, issue_id: int) -> dict[str, Any]:
    """The issue's own words with its version, for a page that shows older ones."""
    issue = get_issue(db, issue_id)
    return {field: getattr(issue, field) for field in ("version", "subject", "preheader", "intro", "outro")}


def anchor_in(issue: Issue) -> Any:
    """A function that names the element of the issue's page a finding is about; empty when it is about none."""
    sections = {section.name: section.id for section in issue.sections}

    def anchor(finding: Finding) -> str:
        if finding.item_id:
            field = _FIELD_IDS.get(finding.field, finding.field)
            return f"{field}-{finding.item_id}" if field else f"item-{finding.item_id}"
        if finding.field:
            return finding.field
        return f"section-{sections[finding.where]}" if finding.where in sections else ""

    return anchor


def _name(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.where, str(finding.item_id or "")
