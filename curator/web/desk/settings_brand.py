"""The brand of a newsletter: colours, fonts, logo, header and footer. What cannot be read is corrected, and said."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from curator.accounts.roles import may
from curator.editions.colours import judge
from curator.errors import Invalid
from curator.issues.brand import FONTS, logo_size
from curator.issues.newsletters import change_newsletter
from curator.sources.pictures import LARGEST_PICTURE, store_picture
from curator.web.access import Db, Desk, Owner, Viewer
from curator.web.pages import page

router = APIRouter()

FIELDS = ("accent", "accent_night", "paper", "heading_font", "text_font", "header", "footer", "postal_address")


@router.get("/n/{slug}/settings/brand")
def brand(request: Request, desk: Viewer, saved: bool = False) -> HTMLResponse:
    """The brand as it stands, with the mail beside it by day and by night."""
    return _brand(request, desk, {}, saved=saved)


@router.post("/n/{slug}/settings/brand")
def save_brand(
    request: Request,
    desk: Owner,
    db: Db,
    accent: Annotated[str, Form()] = "",
    accent_night: Annotated[str, Form()] = "",
    paper: Annotated[str, Form()] = "",
    heading_font: Annotated[str, Form()] = "",
    text_font: Annotated[str, Form()] = "",
    header: Annotated[str, Form()] = "",
    footer: Annotated[str, Form()] = "",
    postal_address: Annotated[str, Form()] = "",
    logo: Annotated[UploadFile | None, File()] = None,
    without_logo: Annotated[str, Form()] = "",
) -> Response:
    """Save all of it, or say what is wrong and save none."""
    given: dict[str, Any] = {
        "accent": accent,
        "accent_night": accent_night.strip(),
        "paper": paper.strip(),
        "heading_font": heading_font,
        "text_font": text_font,
        "header": header,
        "footer": footer,
        "postal_address": postal_address,
    }
    try:
        with db.begin_nested():
            change_newsletter(db, desk.newsletter, desk.by, **given, **_logo(db, logo, bool(without_logo)))
    except Invalid as error:
        return _brand(request, desk, given, problem=error)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/brand?saved=true", status_code=303)


def _logo(db: Session, file: UploadFile | None, is_removed: bool) -> dict[str, int | None]:
    """The logo's change: decoded and encoded anew, so that its size is known and only pixels are left."""
    if file is not None and file.filename:
        try:
            return {"logo_id": store_picture(db, file.file.read(LARGEST_PICTURE + 1)).id}
        except Invalid as error:
            raise Invalid(error.message, field="logo") from None
    return {"logo_id": None} if is_removed else {}


def _brand(
    request: Request, desk: Desk, given: dict[str, Any], *, problem: Invalid | None = None, saved: bool = False
) -> HTMLResponse:
    newsletter = desk.newsletter
    values = {field: getattr(newsletter, field) for field in FIELDS} | given
    return page(
        request,
        "web/desk/settings_brand.html",
        desk=desk,
        current="settings",
        part="brand",
        editable=may(desk.role, "own"),
        problem=problem,
        wrong=problem.facts.get("field", "") if problem else "",
        saved=saved,
        values=values,
        fonts=FONTS,
        shades=judge(newsletter.accent, newsletter.accent_night, newsletter.paper),
        logo=newsletter.logo,
        logo_size=logo_size(newsletter.logo.width, newsletter.logo.height) if newsletter.logo else None,
        status=422 if problem else 200,
    )
