"""The page behind the link in a thank-you: whoever suggested nothing, or wants no such mail again, says so here.

Opening it changes nothing: mail scanners open every link. No cookie; the token in the address is the right to this.
"""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from curator.errors import NotFound
from curator.issues.models import Newsletter
from curator.sources.contributor_models import Suggestion
from curator.sources.suggestions import refuse_thanks
from curator.tokens import Purpose
from curator.web.access import Db
from curator.web.public.reading import public_page, read_token
from curator.web.public.wording import words_in

router = APIRouter()


@router.api_route("/no-thanks/{token}", methods=["GET", "HEAD"])
def look(request: Request, db: Db, token: str) -> HTMLResponse:
    """One button."""
    return _page(request, db, token, db.get(Suggestion, read_token(token, Purpose.NO_THANKS).a), is_done=False)


@router.post("/no-thanks/{token}")
def refuse(request: Request, db: Db, token: str) -> HTMLResponse:
    """The button was pressed. Pressing it again is fine."""
    return _page(request, db, token, refuse_thanks(db, read_token(token, Purpose.NO_THANKS).a), is_done=True)


def _page(request: Request, db: Db, token: str, suggestion: Suggestion | None, *, is_done: bool) -> HTMLResponse:
    if suggestion is None:
        raise NotFound("There is nothing left to stop: we hold nothing of you, and no such mail will come.")
    newsletter = db.get_one(Newsletter, suggestion.newsletter_id)
    words = words_in(newsletter.language)
    return public_page(request, "no_thanks.html", words=words, newsletter=newsletter, token=token, is_done=is_done)
