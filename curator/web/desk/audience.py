"""The audience of a newsletter: who gets the next issue and why others do not; finding, adding, exporting people."""

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.accounts import audit
from curator.audience.addresses import canonical
from curator.audience.eligible import REASONS
from curator.audience.exports import export_csv
from curator.audience.models import SubscriptionState
from curator.audience.people import STATES, counts_by_reason, page_of_subscriptions
from curator.audience.subscribe import Requested
from curator.audience.subscribe import request as ask
from curator.db.session import transaction
from curator.delivery.notices import send_confirmation
from curator.errors import Invalid
from curator.settings import get_settings
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.desk import audience_import, audience_person
from curator.web.desk.audience_person import suppress_here
from curator.web.pages import page

router = APIRouter()

Said = Literal["", "asked", "already", "suppressed", "waiting", "refused"]
PAGE = 50
_BAD = ("erased", "complained", "bounced", "suppressed")


@router.get("/n/{slug}/audience")
def audience(
    request: Request,
    desk: Viewer,
    db: Db,
    search: str = "",
    state: Literal["", "active", "pending", "left", "paused"] = "",
    after: str = "",
    said: Said = "",
) -> HTMLResponse:
    """The counts and a page of people."""
    return _page(request, desk, db, search=search[:254], state=state, after=after[:254], said=said)


@router.get("/n/{slug}/audience/export.csv")
def export(desk: Editor, db: Db) -> StreamingResponse:
    """Everybody of this newsletter, streamed."""
    newsletter_id = desk.newsletter.id
    audit.record(db, desk.by, "subscribers.exported", "newsletter", newsletter_id)

    def lines() -> Iterator[str]:
        with transaction() as session:
            yield from export_csv(session, newsletter_id)

    headers = {
        "Content-Disposition": f'attachment; filename="{desk.newsletter.slug}-subscribers.csv"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/n/{slug}/audience/add")
def add(
    request: Request,
    desk: Editor,
    db: Db,
    address: Annotated[str, Form(max_length=1000)] = "",
    name: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Ask one person by mail whether they want the newsletter; they get it once they say yes."""
    try:
        asked = ask(
            db,
            desk.newsletter.id,
            address,
            name=name,
            language=desk.newsletter.language,
            form=f"desk, by {desk.by}",
            wording="",
            settings=get_settings(),
        )
    except Invalid as error:
        return _page(request, desk, db, problem=error.message, given=address, status=422)
    said = _outcome(asked)
    if asked.needs_confirmation and asked.subscription is not None:
        send_confirmation(db, asked.subscription.id, settings=get_settings())
        audit.record(db, desk.by, "subscriber.asked", "subscription", asked.subscription.id)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/audience?said={said}", status_code=303)


@router.post("/n/{slug}/audience/suppress")
def refuse(
    request: Request,
    desk: Editor,
    db: Db,
    address: Annotated[str, Form(max_length=1000)] = "",
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Never mail this address for this newsletter, known or not."""
    try:
        key = canonical(address).key
    except Invalid as error:
        return _page(request, desk, db, problem=error.message, given=address, status=422)
    suppress_here(db, desk, key, reason=" ".join(reason.split()) or "by the desk")
    return RedirectResponse(f"/n/{desk.newsletter.slug}/audience?said=refused", status_code=303)


# After the fixed addresses above: /audience/{number} would take them.
router.include_router(audience_import.router)
router.include_router(audience_person.router)


def _page(
    request: Request,
    desk: Desk,
    session: Session,
    *,
    search: str = "",
    state: str = "",
    after: str = "",
    said: Said = "",
    problem: str = "",
    given: str = "",
    status: int = 200,
) -> HTMLResponse:
    counts = counts_by_reason(session, desk.newsletter.id)
    return page(
        request,
        "web/desk/audience.html",
        desk=desk,
        current="audience",
        status=status,
        counts=counts,
        total=sum(counts.values()),
        bad=_BAD,
        reasons=REASONS,
        found=page_of_subscriptions(session, desk.newsletter.id, search, state, after, PAGE),
        today=session.scalars(select(func.current_date())).one(),
        states=STATES,
        search=search,
        state=state,
        after=after,
        said=said,
        problem=problem,
        given=given,
    )


def _outcome(asked: Requested) -> Said:
    if asked.needs_confirmation:
        return "asked"
    if asked.subscription is None:
        return "suppressed"
    return "already" if asked.subscription.state is SubscriptionState.ACTIVE else "waiting"
