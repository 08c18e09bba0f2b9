"""Relays: the SMTP servers we send through. Passwords are encrypted at rest and leave here only inside a `RelayPlan`.

The relay named `default` serves every newsletter that names no other. Relays of one pool stand in for each other.
"""

import asyncio
import ipaddress
from dataclasses import dataclass, replace

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from curator.delivery.connect import Trouble, hello_name, open_line
from curator.delivery.models import Delivery, DeliveryState, Relay, RelayHealth, Security
from curator.delivery.relay_health import forget, healths
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.sealed import Kind, Unreadable, seal, unseal
from curator.delivery.smtp import Waits
from curator.delivery.tls import Protection
from curator.errors import Conflict, Invalid, NotFound, Unavailable
from curator.issues.models import Newsletter
from curator.settings import get_settings

DEFAULT = "default"
HEAVIEST = 1000
_TEST_SECONDS = 15.0


@dataclass(frozen=True)
class RelayTest:
    """What came of it. `dialogue` has a line per thing said, `>` ours and `<` the relay's; passwords are left out."""

    ok: bool
    dialogue: tuple[str, ...]
    capabilities: dict[str, str]
    error: str | None = None
    protection: Protection | None = None


def set_relay(
    session: Session,
    name: str,
    *,
    host: str,
    port: int,
    security: str,
    username: str | None = None,
    password: str | None = None,
    connections: int = 8,
    rate: float | None = None,
    pool: str | None = None,
    weight: int | None = None,
) -> Relay:
    """Make the relay of this name, or change it. A password is kept when the user name stays and none is given.

    `connections` are those of one worker process; `rate` is messages per second of all of them together. `pool` and
    `weight` are kept when they are None; a new relay has a pool of its own and weight 1. What was known of its health
    is forgotten: it is tried at once.
    """
    _check(name, host, port, security, username, connections, rate)
    _check_pool(pool, weight)
    relay = session.scalar(select(Relay).where(Relay.name == name).with_for_update()) or Relay(name=name)
    if password is not None:
        relay.password = seal(password.encode(), Kind.RELAY_PASSWORD)
    elif username is None or username != relay.username:
        relay.password = None
    relay.host, relay.port, relay.security = host.strip(), port, Security(security)
    relay.username, relay.connections, relay.rate = username, connections, rate
    relay.pool = pool if pool is not None else relay.pool or name
    relay.weight = weight if weight is not None else 1 if relay.weight is None else relay.weight
    session.add(relay)
    session.flush()
    forget(session, relay.id)
    return relay


def remove_relay(session: Session, name: str) -> None:
    """Take a relay away. `Conflict` while a newsletter names it or something is being sent; `NotFound`."""
    relay = session.scalar(select(Relay).where(Relay.name == name).with_for_update())
    if relay is None:
        raise NotFound(f"There is no relay {name}. See them all: curator relays list.")
    slugs = session.scalars(select(Newsletter.slug).where(Newsletter.relay_id == relay.id).order_by(Newsletter.slug))
    if named := ", ".join(slugs):
        raise Conflict(f"Relay {name} is named by {named}. Choose another one in the settings of each, then remove it.")
    if session.scalar(select(exists().where(Delivery.state.in_((DeliveryState.FREEZING, DeliveryState.SENDING))))):
        raise Conflict("Something is being sent. Wait until it is done, or pause it, then remove the relay.")
    session.delete(relay)
    session.flush()


def list_relays(session: Session) -> list[Relay]:
    """Every relay by name."""
    return list(session.scalars(select(Relay).order_by(Relay.name)))


def relay_for(session: Session, newsletter_id: int | None) -> RelayPlan:
    """The newsletter's own relay, else `default`; `Unavailable` names the next step when there is none."""
    own = select(Newsletter.relay_id).where(Newsletter.id == newsletter_id).scalar_subquery()
    relay = session.scalar(
        select(Relay).where((Relay.id == own) | (Relay.name == DEFAULT)).order_by((Relay.id == own).desc()).limit(1)
    )
    if relay is None:
        raise Unavailable("There is no relay to send through. Name one: curator relays set default --host --port.")
    return plan_of(relay)


def pool_for(session: Session, newsletter_id: int | None) -> tuple[RelayPlan, ...]:
    """Every relay that may carry this newsletter, heaviest first: the pool of its own relay, else of `default`.

    `Unavailable` names the next step when there is none, or when a password cannot be read.
    """
    named = relay_for(session, newsletter_id)
    relays = session.scalars(
        select(Relay).where(Relay.pool == named.pool).order_by(Relay.weight.desc(), Relay.id)
    ).all()
    known = healths(session, [relay.id for relay in relays])
    return tuple(_with_health(plan_of(relay), known.get(relay.id)) for relay in relays)


def plan_of(relay: Relay) -> RelayPlan:
    """The relay's values with the password decrypted."""
    return RelayPlan(
        id=relay.id,
        name=relay.name,
        host=relay.host,
        port=relay.port,
        security=relay.security,
        username=relay.username,
        password=_password_of(relay.password) if relay.password is not None else None,
        connections=relay.connections,
        rate=relay.rate,
        pool=relay.pool,
        weight=relay.weight,
    )


def test_relay(relay: Relay | RelayPlan) -> RelayTest:
    """Try a relay out without sending anything: connect, greet, protect, sign in, say goodbye."""
    return asyncio.run(_try(relay if isinstance(relay, RelayPlan) else plan_of(relay)))


def is_loopback(host: str) -> bool:
    """Is this host this machine?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def _try(plan: RelayPlan) -> RelayTest:
    dialogue: list[str] = []
    waits = Waits(dot=_TEST_SECONDS, phase=_TEST_SECONDS)
    try:
        line = await open_line(plan, waits, hello_name(get_settings().public_url), dialogue)
    except Trouble as trouble:
        error = f"Relay {plan} failed at {trouble.answer.phase}: {trouble.answer}."
        return RelayTest(False, tuple(dialogue), {}, error)
    protection = line.protection
    await line.quit()
    return RelayTest(True, tuple(dialogue), line.capabilities, protection=protection)


def _check(
    name: str, host: str, port: int, security: str, username: str | None, connections: int, rate: float | None
) -> None:
    if not name.strip() or not host.strip() or any(c.isspace() or not c.isprintable() for c in name + host.strip()):
        raise Invalid("A relay needs a name and a host, both without spaces.")
    if security not in set(Security):
        raise Invalid(f"Security is one of {', '.join(Security)}, not {security!r}.")
    if not 1 <= port <= 65535:
        raise Invalid("A port lies between 1 and 65535.")
    if not 1 <= connections <= 256:
        raise Invalid("A relay takes between 1 and 256 connections.")
    if rate is not None and rate <= 0:
        raise Invalid("A rate is a number of messages per second above 0; leave it out for no limit.")
    if username is not None and security == Security.NONE and not is_loopback(host.strip()):
        raise Invalid("A password must not cross the network unprotected: choose --security starttls or tls.")


def _check_pool(pool: str | None, weight: int | None) -> None:
    if pool is not None and (not pool or any(c.isspace() or not c.isprintable() for c in pool)):
        raise Invalid("A pool is a word without spaces; relays of the same pool stand in for each other.")
    if weight is not None and not 0 <= weight <= HEAVIEST:
        raise Invalid(f"A weight lies between 0 (only when no other is up) and {HEAVIEST}.")


def _with_health(plan: RelayPlan, known: RelayHealth | None) -> RelayPlan:
    return plan if known is None else replace(plan, health=known.state, reason=known.reason or "")


def _password_of(stored: bytes) -> str:
    try:
        return unseal(stored, Kind.RELAY_PASSWORD).decode()
    except Unreadable as error:
        raise Unavailable(
            "The relay's password cannot be read: the key file is not the one it was stored with. "
            "Restore CURATOR_HOME/secrets.json or set the relay's password again."
        ) from error
