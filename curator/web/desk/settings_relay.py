"""The relay a newsletter is sent through: choosing one, setting one up, and trying it. Passwords are never shown.

Relays serve every newsletter, so only owners of all newsletters set them up; other owners choose among them.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from curator.accounts.audit import record
from curator.accounts.models import Role
from curator.accounts.roles import may, role_of
from curator.delivery.models import Relay, Security
from curator.delivery.relay_health import healths
from curator.delivery.relays import DEFAULT, list_relays, remove_relay, set_relay, test_relay
from curator.delivery.throttles import list_throttles, remove_throttle, set_throttle
from curator.delivery.warm_up import warm_up_of
from curator.errors import CuratorError, Forbidden, Invalid, NotFound
from curator.issues.newsletters import change_newsletter
from curator.web.access import Db, Desk, Owner, Viewer
from curator.web.desk.asked import is_htmx
from curator.web.pages import page

router = APIRouter()

_EMPTY = {
    "name": DEFAULT,
    "host": "",
    "port": "587",
    "security": "starttls",
    "username": "",
    "connections": "8",
    "rate": "",
    "pool": "",
    "weight": "1",
}


@router.get("/n/{slug}/settings/relay")
def relays(request: Request, desk: Viewer, db: Db, edit: str = "", saved: bool = False) -> HTMLResponse:
    """The relays there are, which one is used, and the form for one."""
    known = {relay.name: relay for relay in list_relays(db)}
    return _relays(request, desk, db, given=_values(known.get(edit)), saved=saved)


@router.post("/n/{slug}/settings/relay/choose")
def choose(desk: Owner, db: Db, relay_id: Annotated[str, Form()] = "") -> Response:
    """Send through this relay; empty is the one named `default`."""
    known = {str(relay.id) for relay in list_relays(db)}
    if relay_id and relay_id not in known:
        raise NotFound("There is no such relay.")
    change_newsletter(db, desk.newsletter, desk.by, relay_id=int(relay_id) if relay_id else None)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/relay?saved=true", status_code=303)


@router.post("/n/{slug}/settings/relay")
def save(
    request: Request,
    desk: Owner,
    db: Db,
    name: Annotated[str, Form()] = "",
    host: Annotated[str, Form()] = "",
    port: Annotated[str, Form()] = "",
    security: Annotated[str, Form()] = "",
    username: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    connections: Annotated[str, Form()] = "8",
    rate: Annotated[str, Form()] = "",
    pool: Annotated[str, Form()] = "",
    weight: Annotated[str, Form()] = "1",
) -> Response:
    """Make a relay or change it. An empty password keeps the one that is stored, an empty pool is the relay's own."""
    _refuse_without_all(desk, db)
    given = {
        "name": name,
        "host": host,
        "port": port,
        "security": security,
        "username": username,
        "connections": connections,
        "rate": rate,
        "pool": pool,
        "weight": weight,
    }
    try:
        with db.begin_nested():
            relay = set_relay(
                db,
                name.strip(),
                host=host,
                port=_whole(port, "The port"),
                security=security,
                username=username.strip() or None,
                password=password or None,
                connections=_whole(connections, "Connections"),
                rate=_rate(rate),
                pool=pool.strip() or name.strip(),
                weight=_whole(weight, "The weight"),
            )
            record(db, desk.by, "relay.set", "relay", relay.id, name=relay.name, host=relay.host)
    except CuratorError as error:
        return _relays(request, desk, db, given=given, problem=error.message)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/relay?saved=true", status_code=303)


@router.post("/n/{slug}/settings/relay/{relay_id}/remove")
def remove(request: Request, desk: Owner, db: Db, relay_id: int) -> Response:
    """Take a relay away; the reason stays on the page when it cannot be."""
    _refuse_without_all(desk, db)
    relay = db.get(Relay, relay_id)
    if relay is None:
        raise NotFound("There is no such relay.")
    name = relay.name
    try:
        with db.begin_nested():
            remove_relay(db, name)
            record(db, desk.by, "relay.remove", "relay", relay_id, name=name)
    except CuratorError as error:
        return _relays(request, desk, db, given=_EMPTY, refusal=error.message)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/relay?saved=true", status_code=303)


@router.post("/n/{slug}/settings/relay/{relay_id}/test")
def try_out(request: Request, desk: Owner, db: Db, relay_id: int) -> Response:
    """Connect, greet, secure and sign in as a send would, and show every line of it."""
    relay = db.get(Relay, relay_id)
    if relay is None:
        raise NotFound("There is no such relay.")
    try:
        result, problem = test_relay(relay), ""
    except CuratorError as error:
        result, problem = None, error.message
    values: dict[str, Any] = {"relay": relay, "result": result, "problem": problem}
    if is_htmx(request):
        return page(request, "web/desk/relay_test.html", desk=desk, **values)
    return page(request, "web/desk/relay_test_page.html", desk=desk, current="settings", **values)


def _refuse_without_all(desk: Desk, db: Db) -> None:
    if role_of(db, desk.user.id, None) != Role.OWNER:
        raise Forbidden("Relays serve every newsletter: only an owner of all newsletters may set them up.")


@router.post("/n/{slug}/settings/relay/throttles")
def set_limit(
    request: Request,
    desk: Owner,
    db: Db,
    scope: Annotated[str, Form()] = "",
    domain: Annotated[str, Form()] = "",
    rate: Annotated[str, Form()] = "",
) -> Response:
    """Limit the mails a second from or to a domain; an empty rate takes the limit away."""
    _refuse_without_all(desk, db)
    try:
        with db.begin_nested():
            number = _rate(rate)
            if number is None:
                remove_throttle(db, scope, domain)
            else:
                set_throttle(db, scope, domain, number)
            action = "throttle.removed" if number is None else "throttle.set"
            record(db, desk.by, action, "throttle", None, scope=scope, domain=domain, rate=number)
    except CuratorError as error:
        return _relays(request, desk, db, given=_EMPTY, throttle_problem=error.message)
    return RedirectResponse(f"/n/{desk.newsletter.slug}/settings/relay?saved=true", status_code=303)


def _relays(
    request: Request,
    desk: Desk,
    db: Db,
    *,
    given: dict[str, str],
    problem: str = "",
    throttle_problem: str = "",
    refusal: str = "",
    saved: bool = False,
) -> HTMLResponse:
    found = list_relays(db)
    used = next((relay for relay in found if relay.id == desk.newsletter.relay_id), None)
    return page(
        request,
        "web/desk/settings_relay.html",
        desk=desk,
        current="settings",
        part="relay",
        editable=may(desk.role, "own"),
        may_set=role_of(db, desk.user.id, None) == Role.OWNER,
        relays=found,
        healths=healths(db, [relay.id for relay in found]),
        used=used or next((relay for relay in found if relay.name == DEFAULT), None),
        securities=tuple(Security),
        given=given,
        problem=problem,
        throttles=list_throttles(db),
        throttle_problem=throttle_problem,
        ceilings=_ceilings(found),
        refusal=refusal,
        saved=saved,
        status=422 if problem or throttle_problem else 409 if refusal else 200,
    )


def _ceilings(relays: list[Relay]) -> dict[int, int | None]:
    """By the relay's id, today's most messages where it warms up."""
    today = datetime.now(UTC).date()
    return {relay.id: plan.ceiling(today) for relay in relays if (plan := warm_up_of(relay)) is not None}


def _values(relay: Relay | None) -> dict[str, str]:
    if relay is None:
        return _EMPTY
    return {
        "name": relay.name,
        "host": relay.host,
        "port": str(relay.port),
        "security": str(relay.security),
        "username": relay.username or "",
        "connections": str(relay.connections),
        "rate": "" if relay.rate is None else f"{relay.rate:g}",
        "pool": relay.pool,
        "weight": str(relay.weight),
    }


def _whole(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Invalid(f"{what} must be a whole number.") from None


def _rate(text: str) -> float | None:
    try:
        return float(text.replace(",", ".")) if text.strip() else None
    except ValueError:
        raise Invalid("The rate is a number of messages per second, or empty for no limit.") from None
