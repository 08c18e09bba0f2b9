"""Mail-in at the desk: the address to mail articles to, a new one, and what to do with mails of strangers."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.accounts.audit import record
from curator.settings import get_settings
from curator.sources.mail_in import accept_mail, drop_mail, list_mail, mail_address, replace_address
from curator.sources.mail_models import MailState
from curator.sources.mailbox_health import broken_mailbox
from curator.web.access import Db, Editor, Viewer
from curator.web.pages import page

router = APIRouter(prefix="/n/{slug}/mail")

MailId = Annotated[int, Path(le=2**63 - 1)]


@router.get("")
def mails(request: Request, desk: Viewer, db: Db) -> HTMLResponse:
    """The address, the mails to decide on, and what came lately."""
    found = list_mail(db, desk.newsletter.id)
    settings = get_settings()
    return page(
        request,
        "web/desk/mail.html",
        desk=desk,
        current="this-week",
        address=mail_address(db, desk.newsletter.id, settings),
        broken=broken_mailbox(db, settings),
        is_set_up=bool(settings.mail_in_pattern),
        held=[mail for mail in found if mail.state is MailState.HELD],
        others=[mail for mail in found if mail.state is not MailState.HELD],
    )


@router.post("/address")
def new_address(desk: Editor, db: Db) -> Response:
    """Make an address, or another one; the old one is refused from now on."""
    replace_address(db, desk.newsletter.id)
    record(db, desk.by, "mail.address_replaced", "newsletter", desk.newsletter.id)
    return _back(desk.newsletter.slug)


@router.post("/{mail_id}/take")
def take(desk: Editor, db: Db, mail_id: MailId) -> Response:
    """Its links become candidates."""
    mail = accept_mail(db, desk.newsletter.id, mail_id, get_settings(), desk.by)
    record(db, desk.by, "mail.taken", "newsletter", desk.newsletter.id, mail=mail.id, articles=mail.articles)
    return _back(desk.newsletter.slug)


@router.post("/{mail_id}/drop")
def drop(desk: Editor, db: Db, mail_id: MailId) -> Response:
    """Throw it away."""
    mail = drop_mail(db, desk.newsletter.id, mail_id, desk.by)
    record(db, desk.by, "mail.dropped", "newsletter", desk.newsletter.id, mail=mail.id)
    return _back(desk.newsletter.slug)


def _back(slug: str) -> Response:
    return RedirectResponse(f"/n/{slug}/mail", status_code=303)
