"""How the newsletter's latest issue looks in a design: a page of its own, for the small frames and the large one.

Nothing in it can run, whoever wrote the design: see PREVIEW_POLICY.
"""

from html import escape
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse

from curator.editions.design_rules import faults_of
from curator.editions.preview import Theme, preview_html
from curator.editions.render import render_issue
from curator.editions.slots import Marks
from curator.errors import TemplateFailed, Unavailable
from curator.issues.brand import check_design
from curator.issues.content import IssueContent, OwnDesign, own_design
from curator.issues.own_designs import check_files, get_design
from curator.issues.specimen import issue_to_show, with_newsletter
from curator.settings import get_settings
from curator.web.access import Db, Desk, Owner, Viewer
from curator.web.desk.issue_preview import PREVIEW_POLICY

router = APIRouter()

Text = Annotated[str, Form()]


@router.get("/n/{slug}/settings/design/look")
def look(desk: Viewer, db: Db, design: str = "", theme: Theme = "light") -> HTMLResponse:
    """The latest issue in one of our designs; in the newsletter's own choice when none is named."""
    content = issue_to_show(db, desk.newsletter)
    if design:
        content = with_newsletter(content, design=check_design(design), own_design=None)
    return _shown(content, theme)


@router.get("/n/{slug}/settings/designs/{design_id}/look")
def look_at_own(
    desk: Viewer, db: Db, design_id: int, version: int | None = None, theme: Theme = "light"
) -> HTMLResponse:
    """The latest issue in a version of a design of the newsletter's own; in the newest when none is named."""
    design = get_design(db, desk.newsletter.id, design_id)
    return _shown(in_design(db, desk, own_design(db, design, version)), theme)


@router.post("/n/{slug}/settings/designs/{design_id}/try")
def try_out(
    desk: Owner,
    db: Db,
    design_id: int,
    issue_html: Text = "",
    parts_html: Text = "",
    inline_css: Text = "",
    adaptive_css: Text = "",
    theme: Annotated[Theme, Form()] = "light",
) -> HTMLResponse:
    """The latest issue with the files as they stand in the editor. Nothing is saved."""
    design = get_design(db, desk.newsletter.id, design_id)
    files = files_of(issue_html, parts_html, inline_css, adaptive_css)
    return _shown(in_design(db, desk, OwnDesign(0, 0, design.based_on, files)), theme, is_judged=True)


def files_of(issue_html: str, parts_html: str, inline_css: str, adaptive_css: str) -> dict[str, str]:
    """The files of the editor's form by their names, cleaned; `Invalid` when the page is missing or too long."""
    given = {
        "issue.html": issue_html,
        "parts.html": parts_html,
        "inline.css": inline_css,
        "adaptive.css": adaptive_css,
    }
    return check_files(given)


def in_design(db: Db, desk: Desk, own: OwnDesign) -> IssueContent:
    """The issue that is shown, in this version of a design of the newsletter's own."""
    return with_newsletter(issue_to_show(db, desk.newsletter), design="own", own_design=own)


def judge_design(content: IssueContent) -> list[str]:
    """Render the issue and say why its design may not be used; `TemplateFailed` when it cannot be rendered."""
    rendered = render_issue(content, public_url=get_settings().public_url)
    return faults_of(rendered.html, Marks(content.content_hash))


def _shown(content: IssueContent, theme: Theme, *, is_judged: bool = False) -> HTMLResponse:
    try:
        faults = judge_design(content) if is_judged else []
        body = "" if faults else preview_html(content, public_url=get_settings().public_url, theme=theme)
    except (TemplateFailed, Unavailable) as error:
        return _answer(_said([error.message], str(error.facts.get("template") or ""), error.facts.get("line")))
    return _answer(_said(faults, "", None) if faults else body)


def _said(faults: list[str], file: str, line: object) -> str:
    """A page that says what is wrong; the editor's script reads the place from it."""
    style = (
        ":root{color-scheme:light dark}body{margin:0;padding:24px;font:16px/1.6 system-ui,sans-serif}"
        "h1{font-size:20px;line-height:1.3;margin:0 0 12px}p{margin:0 0 12px;overflow-wrap:anywhere}"
    )
    words = "".join(f"<p>{escape(fault)}</p>" for fault in faults)
    place = f'data-file="{escape(file)}" data-line="{line or ""}"'
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>An error</title><style>{style}</style>'
        f'</head><body {place} role="alert"><h1>This cannot be a mail yet</h1>{words}</body></html>'
    )


def _answer(body: str) -> HTMLResponse:
    return HTMLResponse(body, headers={"Content-Security-Policy": PREVIEW_POLICY, "Cache-Control": "no-store"})
