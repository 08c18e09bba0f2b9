"""Settings of the contributors' door: opening it, thanking, and listening again to who was muted; muting itself."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.accounts.audit import record
from curator.accounts.roles import may
from curator.issues.newsletters import change_newsletter
from curator.settings import get_settings
from curator.sources.suggestions import find_suggestion, list_muted, mute, unmute
from curator.web.access import Db, Editor, Owner, Viewer
from curator.web.pages import page

router = APIRouter()


@router.get("/n/{slug}/settings/contributors")
def contributors(request: Request, desk: Viewer, db: Db, saved: bool = False) -> HTMLResponse:
    """Whether readers may suggest articles, where, and who is not listened to."""
    return page(
        request,
        "web/desk/settings_contributors.html",
        desk=desk,
        current="settings",
        part="contributors",
        editable=may(desk.role, "own"),
        saved=saved,
        muted=list_muted(db, desk.newsletter.id),
        days=get_settings().contributor_days,
    )


@router.post("/n/{slug}/settings/contributors")
def save_contributors(
    desk: Owner,
    db: Db,
    takes_suggestions: Annotated[bool, Form()] = False,
    thanks_contributors: Annotated[bool, Form()] = False,
) -> Response:
    """Open or close the door; thank or do not."""
    changes = {"takes_suggestions": takes_suggestions, "thanks_contributors": thanks_contributors}
    change_newsletter(db, desk.newsletter, desk.by, **changes)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/contributors?saved=true", status_code=303)


@router.post("/n/{slug}/suggestions/{suggestion_id}/mute")
def mute_contributor(
    desk: Editor, db: Db, suggestion_id: int, who: Annotated[Literal["reader", "network"], Form()] = "reader"
) -> Response:
    """Do not listen to whoever suggested this any more, or for a while to their network."""
    suggestion = find_suggestion(db, desk.newsletter.id, suggestion_id)
    mute(db, suggestion, get_settings(), desk.by, network=who == "network")
    record(db, desk.by, "contributor.muted", "suggestion", suggestion.id, who=who)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/#article-{suggestion.article_id}", status_code=303)


@router.post("/n/{slug}/settings/contributors/{muted_id}/unmute")
def listen_again(desk: Editor, db: Db, muted_id: int) -> Response:
    """Listen to them again."""
    unmute(db, desk.newsletter.id, muted_id)
    record(db, desk.by, "contributor.unmuted", "newsletter", desk.newsletter.id, muted=muted_id)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/contributors?saved=true", status_code=303)
