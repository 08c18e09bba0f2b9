"""The contributors' door: anybody suggests an article, without an account. No script, no cookie, nothing mailed here.

Everybody gets the same answer in the same time, whatever the desk knows of the article or thinks of the sender. What
was typed is still there after a mistake. A newsletter that did not open its door has no such page.
"""

import time
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.audience.addresses import canonical
from curator.db.session import transaction
from curator.editions.colours import Palette, dark, light
from curator.errors import Conflict, Forbidden, Invalid, NotFound
from curator.issues.brand import logo_size
from curator.issues.models import Newsletter
from curator.issues.newsletters import get_newsletter
from curator.settings import get_settings
from curator.sources.contributors import LONGEST_NAME, LONGEST_NOTE, Contributor, suggest
from curator.web.access import Db, is_same_origin
from curator.web.caps import client_network, is_allowed
from curator.web.desk.finds import picture_path
from curator.web.public.reading import public_page
from curator.web.public.wording import words_in

router = APIRouter()

ANSWER_SECONDS = 0.25  # every answer to the form takes this long, whatever was found


class Typed(NamedTuple):
    """What somebody put into the form, as they typed it."""

    link: str = ""
    note: str = ""
    name: str = ""
    may_name: bool = False
    mail: str = ""


@router.api_route("/suggest/{slug}", methods=["GET", "HEAD"])
def form(request: Request, db: Db, slug: str) -> HTMLResponse:
    """The form."""
    return _form(request, _open_door(db, slug), Typed())


@router.api_route("/suggest/{slug}/thanks", methods=["GET", "HEAD"])
def thanks(request: Request, db: Db, slug: str) -> HTMLResponse:
    """It was taken down."""
    newsletter = _open_door(db, slug)
    words = words_in(newsletter.language)
    return public_page(request, "suggested.html", words=words, newsletter=newsletter, logo=_logo(newsletter))


@router.post("/suggest/{slug}")
def take(
    request: Request,
    slug: str,
    link: Annotated[str, Form(max_length=4000)] = "",
    note: Annotated[str, Form(max_length=4000)] = "",
    name: Annotated[str, Form(max_length=1000)] = "",
    may_name: Annotated[bool, Form()] = False,
    mail: Annotated[str, Form(max_length=1000)] = "",
    website: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Take the suggestion down, then "thank you"; or say what is wrong with it and keep every word."""
    started = time.monotonic()
    if not _is_from_here(request):
        raise Forbidden("This form was sent from another site. Open the page of the newsletter and try again.")
    answer = _take(request, slug, Typed(link, note, name, may_name, mail), is_robot=bool(website))
    # Outside the transaction: nothing is held while everybody waits equally long.
    time.sleep(max(0.0, ANSWER_SECONDS - (time.monotonic() - started)))
    return answer


@router.api_route("/suggest/{slug}/brand.css", methods=["GET", "HEAD"])
def brand(db: Db, slug: str) -> Response:
    """The newsletter's own colours for these pages, corrected until they can be read by day and by night."""
    newsletter = _open_door(db, slug)
    day, night = light(newsletter.accent), dark(newsletter.accent_night or newsletter.accent)
    rules = f":root {{ {_accent(day)} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {_accent(night)} }} }}\n"
    return Response(rules, media_type="text/css", headers={"Cache-Control": "public, max-age=300"})


def _accent(colours: Palette) -> str:
    accent = colours["accent"]
    return f"--accent: {accent}; --accent-hover: {accent}; --accent-ink: {colours['on_accent']};"


def _is_from_here(request: Request) -> bool:
    """Not another site's form. Browsers without Fetch Metadata say `null` of ours, because it sends no referrer."""
    is_old_browser = "sec-fetch-site" not in request.headers and request.headers.get("origin") == "null"
    return is_old_browser or is_same_origin(request)


def _take(request: Request, slug: str, typed: Typed, *, is_robot: bool) -> Response:
    with transaction() as session:
        newsletter = _open_door(session, slug)
        if is_robot:  # it filled in a field that people do not see
            return _done(newsletter)
        problem = _problem(newsletter, typed)
        if problem:
            return _form(request, newsletter, typed, problem=problem, status=422)
        network = client_network(request)
        if not is_allowed(request, "suggest", f"{newsletter.id} {typed.mail.strip().lower() or network}"):
            return _form(request, newsletter, typed, problem="suggest_too_many", status=429)
        settings = get_settings()
        mail = canonical(typed.mail).address if typed.mail.strip() and newsletter.thanks_contributors else None
        who = Contributor(typed.name, typed.may_name, typed.note, mail, network)
        try:
            suggest(session, newsletter.id, typed.link, who, settings)
        except Invalid:
            return _form(request, newsletter, typed, problem="suggest_wrong_link", status=422)
        except Conflict:
            return _form(request, newsletter, typed, problem="suggest_full", status=429)
        return _done(newsletter)


def _problem(newsletter: Newsletter, typed: Typed) -> str:
    """The key of what to say about a field that cannot be used; "" when all can."""
    if len(typed.note.strip()) > LONGEST_NOTE:
        return "suggest_long_note"
    if typed.mail.strip() and newsletter.thanks_contributors:
        try:
            canonical(typed.mail)
        except Invalid:
            return "suggest_wrong_mail"
    return ""


def _open_door(session: Session, slug: str) -> Newsletter:
    newsletter = get_newsletter(session, slug)
    if not newsletter.takes_suggestions:
        raise NotFound("There is no such page.")
    return newsletter


def _form(
    request: Request, newsletter: Newsletter, typed: Typed, *, problem: str = "", status: int = 200
) -> HTMLResponse:
    words = words_in(newsletter.language)
    wrong = {"suggest_wrong_link": "link", "suggest_long_note": "note", "suggest_wrong_mail": "mail"}
    return public_page(
        request,
        "suggest.html",
        words=words,
        newsletter=newsletter,
        status=status,
        typed=typed,
        problem=words[problem] if problem else "",
        wrong=wrong.get(problem, ""),
        longest_name=LONGEST_NAME,
        longest_note=LONGEST_NOTE,
        days=get_settings().contributor_days,
        logo=_logo(newsletter),
    )


def _logo(newsletter: Newsletter) -> dict[str, Any] | None:
    """The logo at the size it has in a mail. One that was drawn for a light ground keeps it by night."""
    if newsletter.logo is None:
        return None
    width, height = logo_size(newsletter.logo.width, newsletter.logo.height)
    return {"path": picture_path(newsletter.logo), "width": width, "height": height}


def _done(newsletter: Newsletter) -> RedirectResponse:
    return RedirectResponse(f"/suggest/{newsletter.slug}/thanks", status_code=303)
