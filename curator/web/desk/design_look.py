"""How the newsletter's latest issue looks in a design: a page of its own, for the small frames and the large one.

Nothing in it can run, whoever wrote the design: see PREVIEW_POLICY.
"""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from curator.editions.preview import Theme, preview_html
from curator.issues.brand import check_design
from curator.issues.specimen import issue_to_show, with_newsletter
from curator.settings import get_settings
from curator.web.access import Db, Viewer
from curator.web.desk.issue_preview import PREVIEW_POLICY

router = APIRouter()


@router.get("/n/{slug}/settings/design/look")
def look(desk: Viewer, db: Db, design: str = "", theme: Theme = "light") -> HTMLResponse:
    """The latest issue in one of our designs; the newsletter's own choice when none is named."""
    chosen = check_design(design or desk.newsletter.design)
    content = with_newsletter(issue_to_show(db, desk.newsletter), design=chosen, design_source=None)
    body = preview_html(content, public_url=get_settings().public_url, theme=theme)
    return HTMLResponse(body, headers={"Content-Security-Policy": PREVIEW_POLICY, "Cache-Control": "no-store"})
