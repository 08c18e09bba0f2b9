"""The mailbox as pages: the mails it received, each as a mail client would show it. Only where a mailbox has run.

It holds the mails of every newsletter and every user, sign-in links among them: for owners of all newsletters alone.

A mail is somebody else's HTML: it is shown in a sandboxed frame with a policy of its own, without scripts, forms or
cookies, and with pictures only when they are switched on.
"""

from typing import Annotated, Any, Literal

import httpx2
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.accounts.roles import may
from curator.embedded.mailbox_mail import for_frame, read_mail
from curator.embedded.mailbox_store import Mailbox, folder, open_mailbox
from curator.errors import Forbidden, Invalid, NotFound, Unavailable
from curator.issues.models import Newsletter
from curator.settings import get_settings
from curator.web.access import SignedIn, SignedInUser
from curator.web.pages import page

router = APIRouter()

PAGE = 50
"""Mails on one page of the list."""

Part = Literal["html", "text", "headers", "source"]


def keeper(who: SignedIn) -> SignedInUser:
    """The user, who may read everybody's mail; `Forbidden` for anybody else."""
    if not may(who.role, "own"):
        raise Forbidden("The mailbox holds everybody's mail. Only an owner of all newsletters may open it.")
    return who


Keeper = Annotated[SignedInUser, Depends(keeper)]


@router.get("/mailbox")
def list_mails(
    request: Request,
    who: Keeper,
    q: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Newest first; `q` searches senders, recipients and subjects."""
    box = _mailbox()
    found = box.entries(q, before, PAGE + 1)
    older = found[PAGE - 1].number if len(found) > PAGE else None
    values: dict[str, Any] = {"mails": found[:PAGE], "total": box.count(), "older": older}
    return page(
        request,
        "web/mailbox.html",
        desk=who,
        newsletter=_first(who),
        current="mailbox",
        search=q,
        before=before,
        **values,
    )


@router.get("/mailbox/{number}")
def show_mail(
    request: Request,
    who: Keeper,
    number: int,
    part: Part = "html",
    width: Literal[600, 375] = 600,
    images: Literal["on", "off"] = "on",
    left: int | None = None,
) -> Response:
    """One mail: rendered, as text, its headers, or its source."""
    entry, raw = _mailbox().read(number)
    mail = read_mail(raw)
    shown: Part = "text" if part == "html" and not mail.html else part
    values: dict[str, Any] = {"entry": entry, "mail": mail, "part": shown, "width": width, "images": images}
    return page(
        request, "web/mailbox_mail.html", desk=who, current="mailbox", left=left, kilobytes=len(raw) / 1024, **values
    )


@router.get("/mailbox/{number}/html")
def mail_html(who: Keeper, number: int, images: Literal["on", "off"] = "on") -> Response:
    """The HTML part alone, for the frame. Its own policy: nothing runs, nothing is loaded but pictures."""
    html = for_frame(read_mail(_mailbox().read(number)[1]).html)
    pictures = "img-src http: https: data:" if images == "on" else "img-src 'none'"
    policy = (
        f"default-src 'none'; {pictures}; style-src 'unsafe-inline'; font-src https: data:; "
        "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})


@router.get("/mailbox/{number}/message.eml")
def mail_source(who: Keeper, number: int) -> Response:
    """The mail as it arrived, to keep or to open elsewhere."""
    raw = _mailbox().read(number)[1]
    disposition = f'attachment; filename="mail-{number}.eml"'
    return Response(raw, media_type="message/rfc822", headers={"Content-Disposition": disposition})


@router.post("/mailbox/{number}/leave")
def leave_in_one_click(who: Keeper, number: int) -> Response:
    """What a mail client's own Unsubscribe button does: one POST without cookies (RFC 8058 section 3.2)."""
    address = read_mail(_mailbox().read(number)[1]).one_click
    if address is None:
        raise NotFound("This mail has no one-click unsubscribe.")
    if not address.startswith(f"{get_settings().public_url}/"):
        raise Invalid("This mail's unsubscribe address is not ours; the mailbox posts to nobody else.")
    try:
        with httpx2.Client(timeout=10, trust_env=False) as client:
            answer = client.post(address, data={"List-Unsubscribe": "One-Click"})
    except httpx2.HTTPError as error:
        raise Unavailable("The newsletter did not answer the mailbox. Try again in a moment.") from error
    return RedirectResponse(f"/mailbox/{number}?left={answer.status_code}", status_code=303)


def _first(who: SignedInUser) -> Newsletter | None:
    """The newsletter whose tabs and time zone the page takes; the mailbox itself belongs to none."""
    return who.newsletters[0] if who.newsletters else None


def _mailbox() -> Mailbox:
    home = get_settings().home
    if not folder(home).is_dir():
        raise NotFound("There is no mailbox here. `curator demo` or `curator mailbox` starts one.")
    return open_mailbox(home)
