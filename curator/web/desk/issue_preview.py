"""How the mail will look, while it is written: as HTML in either theme and as plain text.

A preview is somebody else's page as far as the desk is concerned: its own strict policy, nothing in it can run.
"""

from html import escape
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from curator.delivery.plan import edition_sent
from curator.editions.browser import browser_text
from curator.editions.preview import Theme, preview_html, preview_text, sent_html
from curator.errors import TemplateFailed, Unavailable
from curator.issues.content import load_content
from curator.issues.models import IssueState
from curator.settings import get_settings
from curator.web.access import Db, Viewer
from curator.web.desk.composer import issue_of

router = APIRouter()

Kind = Literal["html", "text"]

# Same-origin so that the desk's script can keep the place while words change; without allow-scripts nothing runs.
PREVIEW_POLICY = (
    "default-src 'none'; img-src 'self' data: http: https:; style-src 'unsafe-inline'; font-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
)


@router.get("/n/{slug}/issues/{number}/preview")
def preview(
    desk: Viewer,
    db: Db,
    number: int,
    theme: Theme = "light",
    kind: Kind = "html",
) -> HTMLResponse:
    """The mail as a page of its own, once sent as it was sent. A design with an error shows the error and its line."""
    issue = issue_of(db, desk, number)
    sent = edition_sent(db, issue.id) if issue.state != IssueState.DRAFT else None
    try:
        body = _sent(db, sent, kind, theme) if sent else _draft(db, issue.id, kind, theme)
    except Unavailable as error:
        body = _as_page(error.message, theme)
    except TemplateFailed as error:
        line = error.facts.get("line")
        body = _as_page(f"The design has an error{f' in line {line}' if line else ''}.\n\n{error.message}", theme)
    return HTMLResponse(body, headers={"Content-Security-Policy": PREVIEW_POLICY, "Cache-Control": "no-store"})


def _sent(db: Db, edition_id: int, kind: Kind, theme: Theme) -> str:
    if kind == "text":
        return _as_page(browser_text(db, edition_id), theme)
    return sent_html(db, edition_id, public_url=get_settings().public_url, theme=theme)


def _draft(db: Db, issue_id: int, kind: Kind, theme: Theme) -> str:
    content, public_url = load_content(db, issue_id), get_settings().public_url
    if kind == "text":
        return _as_page(preview_text(content, public_url=public_url), theme)
    return preview_html(content, public_url=public_url, theme=theme)


def _as_page(text: str, theme: str) -> str:
    schemes = {"light": "light", "dark": "dark", "auto": "light dark"}
    style = (
        f":root{{color-scheme:{schemes[theme]}}}body{{margin:0;padding:20px}}"
        "pre{font:12px/1.6 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:0}"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Plain text</title><style>{style}</style>'
        f'</head><body><pre dir="auto">{escape(text)}</pre></body></html>'
    )
