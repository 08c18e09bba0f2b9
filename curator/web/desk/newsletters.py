"""The newsletters a user sees, the way into each, and making the first one."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import func, select

from curator.accounts.audit import record
from curator.accounts.models import Role
from curator.accounts.roles import may
from curator.audience.models import Subscription, SubscriptionState
from curator.errors import Conflict, Forbidden, Invalid
from curator.issues.models import Issue
from curator.issues.newsletters import LANGUAGES, create_newsletter
from curator.web.access import Db, SignedIn, SignedInUser
from curator.web.desk.tracking_modes import TRACKING_MODES
from curator.web.pages import page

router = APIRouter()


@router.get("/")
def front(who: SignedIn) -> Response:
    """Straight to work: the only newsletter, else the list."""
    if len(who.newsletters) == 1:
        return RedirectResponse(f"/n/{who.newsletters[0].slug}/", status_code=303)
    return RedirectResponse("/newsletters", status_code=303)


@router.get("/newsletters")
def newsletters(request: Request, who: SignedIn, db: Db) -> HTMLResponse:
    """Every newsletter of this user, and for owners of all the form for another."""
    return _list(request, who, db)


@router.post("/newsletters")
def create(
    request: Request,
    who: SignedIn,
    db: Db,
    name: Annotated[str, Form()] = "",
    slug: Annotated[str, Form()] = "",
    from_address: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "nl",
    tracking: Annotated[str, Form()] = "individual",
) -> Response:
    """Make a newsletter; what is wrong is said beside its field and nothing typed is lost."""
    if not may(who.role, "own"):
        raise Forbidden("Only an owner of all newsletters may make another one.")
    given = {"name": name, "from_address": from_address, "language": language, "tracking": tracking}
    try:
        with db.begin_nested():
            made = create_newsletter(
                db, slug.strip(), name=name, from_address=from_address, language=language, tracking=tracking
            )
            record(db, who.user.address_key, "newsletter.created", "newsletter", made.id, slug=made.slug)
    except (Invalid, Conflict) as error:
        field = error.facts.get("field") or ("slug" if isinstance(error, Conflict) else "")
        return _list(request, who, db, {**given, "slug": slug}, (field, error.message))
    return RedirectResponse(f"/n/{made.slug}/", status_code=303)


def _list(
    request: Request,
    who: SignedInUser,
    db: Db,
    given: dict[str, str] | None = None,
    problem: tuple[str, str] = ("", ""),
) -> HTMLResponse:
    ids = [newsletter.id for newsletter in who.newsletters]
    readers = db.execute(
        select(Subscription.newsletter_id, func.count())
        .where(Subscription.newsletter_id.in_(ids), Subscription.state == SubscriptionState.ACTIVE)
        .group_by(Subscription.newsletter_id)
    )
    latest = db.execute(select(Issue.newsletter_id, func.max(Issue.sent_at)).group_by(Issue.newsletter_id))
    return page(
        request,
        "web/desk/newsletters.html",
        desk=who,
        current="newsletters",
        status=422 if problem[1] else 200,
        given=given or {"name": "", "slug": "", "from_address": who.user.address, "language": "nl"},
        tracking=(given or {}).get("tracking", "individual"),
        problem_field=problem[0],
        problem=problem[1],
        languages=LANGUAGES,
        modes=TRACKING_MODES,
        may_create=who.role == Role.OWNER,
        readers={newsletter: count for newsletter, count in readers},  # noqa: C416
        sent={newsletter: at for newsletter, at in latest},  # noqa: C416
    )
