"""One subscriber at the desk: what they agreed to, what was sent to them and what came back; and two brakes.

An editor sees what belongs to newsletters they may read; the rest of a person's life with us does not exist here.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts import audit
from curator.audience.leave import leave
from curator.audience.models import Scope, Subscriber, Subscription
from curator.audience.people import find_subscription
from curator.audience.suppress import suppress, suppressed_scopes
from curator.issues.models import Newsletter
from curator.reports.timeline import subscriber_view
from curator.settings import get_settings
from curator.web.access import Db, Desk, Editor, Viewer
from curator.web.pages import page

router = APIRouter(prefix="/n/{slug}/audience")

RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""What PostgreSQL can look up."""


@router.get("/{subscription_id}")
def person(request: Request, desk: Viewer, db: Db, subscription_id: RowId) -> HTMLResponse:
    """Where is my mail? One page that answers."""
    subscription = find_subscription(db, desk.newsletter.id, subscription_id)
    view = subscriber_view(db, subscription.subscriber.address, get_settings())
    slugs = {newsletter.slug for newsletter in desk.newsletters}
    return page(
        request,
        "web/desk/audience_person.html",
        desk=desk,
        current="audience",
        subscription=subscription,
        subscriber=subscription.subscriber,
        scopes=sorted(suppressed_scopes(db, subscription.subscriber.address_hash, desk.newsletter.id)),
        elsewhere=[_timed(s) for s in view["subscriptions"] if s["newsletter"] in slugs - {desk.newsletter.slug}],
        suppressed=[_timed(s) for s in view["suppressed"] if _is_ours(s, slugs)],
        consent=[_timed(c) for c in reversed(view["consent"]) if c["newsletter"] in slugs],
        timeline=[_timed(e) for e in reversed(view["timeline"]) if _is_ours(e, slugs)],
        names={newsletter.slug: newsletter.name for newsletter in desk.newsletters},
    )


@router.post("/{subscription_id}/leave")
def unsubscribe(desk: Editor, db: Db, subscription_id: RowId) -> Response:
    """They asked by other means to leave."""
    subscription = find_subscription(db, desk.newsletter.id, subscription_id)
    if leave(db, subscription.id, form="desk", actor=desk.by):
        audit.record(db, desk.by, "subscriber.left", "subscription", subscription.id)
    return _back(desk, subscription)


@router.post("/{subscription_id}/suppress")
def never_mail(desk: Editor, db: Db, subscription_id: RowId) -> Response:
    """Never mail this address for this newsletter again, whatever is imported."""
    subscription = find_subscription(db, desk.newsletter.id, subscription_id)
    suppress_here(db, desk, subscription.subscriber.address_key, reason="by the desk")
    return _back(desk, subscription)


def suppress_here(session: Session, desk: Desk, address_key: str, *, reason: str) -> None:
    """Suppress for the desk's newsletter, leave it too if subscribed, and write both down."""
    newsletter: Newsletter = desk.newsletter
    settings = get_settings()
    suppress(session, address_key, Scope.NEWSLETTER, newsletter_id=newsletter.id, reason=reason, settings=settings)
    audit.record(session, desk.by, "address.suppressed", "newsletter", newsletter.id, reason=reason)
    subscribed = session.scalar(
        select(Subscription.id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.newsletter_id == newsletter.id, Subscriber.address_key == address_key)
    )
    if subscribed is not None:
        leave(session, subscribed, form="desk", actor=desk.by)


def _is_ours(entry: dict[str, Any], slugs: set[str]) -> bool:
    return entry["newsletter"] is None or entry["newsletter"] in slugs


def _timed(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with its moments as such, for the page's filters."""
    moments = ("at", "since", "confirmed_at", "left_at")
    return {key: datetime.fromisoformat(value) if key in moments and value else value for key, value in entry.items()}


def _back(desk: Desk, subscription: Subscription) -> RedirectResponse:
    return RedirectResponse(f"/n/{desk.newsletter.slug}/audience/{subscription.id}", status_code=303)
