"""How each relay is, shared by all workers: written when it changes, recorded for ever, asked before it is tried again.

Advice, not truth: a worker that knows better from its own lines goes by them. A relay that was set anew is forgotten.
"""

import random
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.delivery.models import Health, Relay, RelayChange, RelayHealth
from curator.delivery.relay_choice import pause_after

NEWS_SECONDS = 5.0
"""How old the time of the last success may get before it is written again."""

# Whoever moves the time on may try; everybody else waits for what comes of it.
_TAKE_TURN = text(
    """
    UPDATE relay_health SET probe_at = clock_timestamp() + make_interval(secs => :pause), failures = failures + 1
    WHERE relay_id = :relay AND state <> 'up' AND probe_at <= clock_timestamp()
    """
)
_TURN_IN = text(
    """
    SELECT greatest(extract(epoch FROM probe_at - clock_timestamp()), 0.01) FROM relay_health
    WHERE relay_id = :relay AND state <> 'up'
    """
)


def note_success(session: Session, relay_id: int) -> None:
    """The relay took us: it is up, whatever it was."""
    found = _row(session, relay_id)
    if found is None:
        return
    if found.state is not Health.UP:
        _change(session, found, Health.UP, None)
    found.failures, found.last_success = 0, _now(session)


def note_failure(session: Session, relay_id: int, health: Health, reason: str) -> None:
    """The relay did not take us. One outage seen by many lines counts once."""
    found = _row(session, relay_id)
    if found is None:
        return
    is_new = found.state is not health
    if is_new or found.reason != reason:
        _change(session, found, health, reason, is_new=is_new)
    if is_new:
        found.failures = 1  # from now on each turn that is taken counts as one more
    pause = pause_after(health, found.failures, random.random())  # noqa: S311 - spreads tries, guards nothing
    found.probe_at = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, pause)


def take_turn(session: Session, relay_id: int, seconds: float) -> float:
    """Seconds until the relay's next turn; 0: this worker may try it now, and the others wait `seconds` for it."""
    if session.execute(_TAKE_TURN, {"relay": relay_id, "pause": seconds}).rowcount:  # type: ignore[attr-defined]
        return 0.0
    wait: Any = session.scalar(_TURN_IN, {"relay": relay_id})
    return float(wait) if wait is not None else 0.0


def forget(session: Session, relay_id: int) -> None:
    """Nothing is known of this relay: it was set anew."""
    found = session.get(RelayHealth, relay_id)
    if found is not None:
        session.delete(found)


def healths(session: Session, relay_ids: Iterable[int]) -> dict[int, RelayHealth]:
    """What is known of these relays; one that is missing was never tried."""
    rows = session.scalars(
        select(RelayHealth).where(RelayHealth.relay_id.in_(list(relay_ids))).execution_options(populate_existing=True)
    )
    return {row.relay_id: row for row in rows}


def changes(session: Session, relay_id: int, limit: int = 20) -> list[RelayChange]:
    """The last changes of a relay's health, newest first."""
    newest = select(RelayChange).where(RelayChange.relay_id == relay_id).order_by(RelayChange.id.desc())
    return list(session.scalars(newest.limit(limit)))


def _row(session: Session, relay_id: int) -> RelayHealth | None:
    """The relay's row, locked; made when it is missing. None for a relay that was removed meanwhile."""
    made = select(Relay.id, literal(Health.UP, RelayHealth.state.type)).where(Relay.id == relay_id)
    session.execute(insert(RelayHealth).from_select(["relay_id", "state"], made).on_conflict_do_nothing())
    return session.get(RelayHealth, relay_id, with_for_update=True, populate_existing=True)


def _change(session: Session, found: RelayHealth, health: Health, reason: str | None, *, is_new: bool = True) -> None:
    found.state, found.reason = health, reason
    if is_new:
        found.since = _now(session)
        session.add(RelayChange(relay_id=found.relay_id, state=health, reason=reason))


def _now(session: Session) -> Any:
    return session.scalar(select(func.clock_timestamp()))
