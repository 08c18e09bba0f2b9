"""How the relays of a newsletter are, for pages, JSON and metrics: name, state, reason, since. Reads only.

Health is what the workers wrote last (relay_health.py); a relay that was never tried is `unknown`.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.delivery.models import Relay, RelayHealth
from curator.issues.models import Newsletter


class RelayState(NamedTuple):
    """`state`: up, down, refusing or unknown. `since` is aware."""

    name: str
    state: str
    reason: str | None
    since: datetime | None


def relays_of(session: Session, newsletter_id: int) -> list[RelayState]:
    """The relays that serve a newsletter: its own, else the one named `default`, with all others of that one's pool."""
    own = select(Newsletter.relay_id).where(Newsletter.id == newsletter_id).scalar_subquery()
    served = session.scalar(
        select(Relay).where((Relay.id == own) | (Relay.name == "default")).order_by((Relay.id == own).desc()).limit(1)
    )
    if served is None:
        return []
    return _read(session, _states().where(Relay.pool == served.pool))


def all_relays(session: Session) -> list[RelayState]:
    """Every relay."""
    return _read(session, _states())


def _read(session: Session, statement: Any) -> list[RelayState]:
    rows = session.execute(statement.order_by(Relay.name))
    return [RelayState(name, state or "unknown", reason, since) for name, state, reason, since in rows]


def _states() -> Any:
    return select(Relay.name, RelayHealth.state, RelayHealth.reason, RelayHealth.since).outerjoin(
        RelayHealth, RelayHealth.relay_id == Relay.id
    )
