"""What a monitoring system asks of a running Curator: numbers read from the database, the broker and the spool.

Every process of every machine gives the same answer. Sums over deliveries and subscribers, never one of them: no
address, no id, as many series however large the lists are. Reads only.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.db.heartbeats import Process
from curator.delivery import batches
from curator.delivery.ledger import latest
from curator.delivery.models import Delivery, DeliveryState, MessageState, NoticeKind
from curator.delivery.rates import rates
from curator.delivery.relay_state import all_relays
from curator.delivery.trouble import still_seconds
from curator.doorbell import QUEUES
from curator.events.models import EventKind
from curator.settings import Settings

_BROKER_SECONDS = 1.0


Values = dict[tuple[str, ...], float]


class Figure(NamedTuple):
    """One family of numbers. `values` maps the values of `labels` to a number; a total only grows."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    values: Values
    is_total: bool = False


def figures(session: Session, settings: Settings) -> Iterator[Figure]:
    """All of them, each read when it is asked for."""
    yield _deliveries(session)
    yield from _under_way(session)
    yield from _due(session)
    yield from _processes(session)
    yield from _broker(settings)
    yield from _events(session, settings)
    yield _notices(session)
    yield _relays(session)


def _deliveries(session: Session) -> Figure:
    counts: Values = {(state.value,): 0.0 for state in DeliveryState}
    counts |= {
        (row[0],): float(row[1]) for row in _rows(session, "SELECT state, count(*) FROM delivery GROUP BY state")
    }
    return Figure("deliveries", "Deliveries by state.", ("state",), counts)


def _under_way(session: Session) -> Iterator[Figure]:
    """The ledgers of all deliveries that are not over, together."""
    states: Values = {(state.value,): 0.0 for state in MessageState}
    rate, still = 0.0, 0.0
    over = (DeliveryState.SENT, DeliveryState.CANCELLED)
    for delivery in session.query(Delivery).filter(Delivery.state.not_in(over)):
        found = batches.count(session, delivery.id)
        for count in found:
            states[count.state.value,] += count.messages
        still = max(still, still_seconds(session, delivery, latest(found)) or 0.0)
        if delivery.state is DeliveryState.SENDING:
            accepted = sum(count.messages for count in found if count.state is MessageState.ACCEPTED)
            rate += rates(session, delivery, accepted, latest(found, MessageState.ACCEPTED)).now
    yield Figure("messages", "Messages of unfinished deliveries by state.", ("state",), states)
    yield _one("accepted_messages_per_second", "Messages accepted a second over the last minute.", rate)
    yield _one(
        "still_seconds", "Longest time nothing moved in a delivery that could get on; 0 when all is well.", still
    )


_DUE = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(
    CASE WHEN batch.owner IS NOT NULL THEN batch.lease_until ELSE coalesce(batch.not_before, delivery.started_at) END
)), 0)
FROM batch JOIN delivery ON delivery.id = batch.delivery_id
WHERE delivery.state = 'sending' AND batch.is_open
  AND CASE WHEN owner IS NULL THEN coalesce(not_before <= clock_timestamp(), true)
           ELSE lease_until < clock_timestamp() END
"""


def _due(session: Session) -> Iterator[Figure]:
    number, age = _rows(session, _DUE)[0]
    yield _one("due_batches", "Batches of messages that a worker could take now.", number)
    yield _one("oldest_due_batch_seconds", "For how long the oldest of them has been due.", max(float(age), 0.0))


_HEARTBEATS = """
SELECT kind, extract(epoch FROM clock_timestamp() - max(beat_at)),
    count(*) FILTER (WHERE beat_at > clock_timestamp() - interval '30 seconds'),
    extract(epoch FROM clock_timestamp() - max(progress_at))
FROM heartbeat GROUP BY kind
"""


def _processes(session: Session) -> Iterator[Figure]:
    rows = _rows(session, _HEARTBEATS)
    counts: Values = {(kind.value,): 0.0 for kind in Process}
    counts |= {(row[0],): float(row[2]) for row in rows}
    ages: Values = {(row[0],): float(row[1]) for row in rows}
    progress: Values = {(row[0],): float(row[3]) for row in rows if row[3] is not None}
    yield Figure("processes", "Processes with a heartbeat in the last 30 seconds.", ("process",), counts)
    yield Figure("heartbeat_age_seconds", "Age of the youngest heartbeat of a kind of process.", ("process",), ages)
    yield Figure("progress_age_seconds", "Since one of a kind last got something done.", ("process",), progress)


def _broker(settings: Settings) -> Iterator[Figure]:
    lengths: Values = {}
    names = sorted(set(QUEUES.values()))
    try:
        with redis.Redis.from_url(
            settings.redis_url, socket_timeout=_BROKER_SECONDS, socket_connect_timeout=_BROKER_SECONDS
        ) as client:
            lengths = {(name,): float(client.llen(name)) for name in names}
    except (RedisError, OSError, ValueError):
        lengths = {}
    yield _one("broker_up", "Does the broker answer? 1 or 0.", float(bool(lengths)))
    yield Figure("queue_tasks", "Tasks waiting in a queue; none while the broker is away.", ("queue",), lengths)


_KINDS = "SELECT kind, actor, sum(hits) FROM rollup WHERE link_number = 0 GROUP BY kind, actor"
_STORED = """
SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('event', 'id')::regclass), 0),
    coalesce((SELECT max(id) FROM event), 0) - coalesce((SELECT event_id FROM watermark WHERE name = 'rollup'), 0)
"""


def _events(session: Session, settings: Settings) -> Iterator[Figure]:
    """By kind as counted; stored ones include those not counted yet, and the few that were rolled back."""
    kinds: Values = {(row[0], row[1]): float(row[2]) for row in _rows(session, _KINDS) if row[0] in set(EventKind)}
    stored, behind = _rows(session, _STORED)[0]
    yield Figure("events", "Events counted, by kind and by who did it.", ("kind", "actor"), kinds, is_total=True)
    yield Figure("events_stored", "Events stored by the intake.", (), {(): float(stored)}, is_total=True)
    yield _one("events_uncounted", "Events stored and not counted yet.", max(float(behind), 0.0))
    yield _one("event_spool_bytes", "Hits waiting on this machine for the database.", _spooled(settings.home / "spool"))


def _spooled(folder: Path) -> float:
    total = 0
    for path in folder.glob("hits-*.lines"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # brought in meanwhile
    return float(total)


_NOTICES = "SELECT kind, count(*) FROM notice WHERE state = 'waiting' GROUP BY kind"


def _notices(session: Session) -> Figure:
    counts: Values = {(kind.value,): 0.0 for kind in NoticeKind}
    counts |= {(row[0],): float(row[1]) for row in _rows(session, _NOTICES)}
    return Figure(
        "notices_waiting", "Tests, confirmations, sign-in mails and thank-yous waiting to be sent.", ("kind",), counts
    )


def _relays(session: Session) -> Figure:
    """One series a relay and state: 1 for the state it is in."""
    values: Values = {(relay.name, relay.state): 1.0 for relay in all_relays(session)}
    return Figure("relay_state", "1 for the state a relay is in.", ("relay", "state"), values)


def _one(name: str, meaning: str, value: float) -> Figure:
    return Figure(name, meaning, (), {(): float(value)})


def _rows(session: Session, statement: str) -> list[Any]:
    return list(session.execute(text(statement)).all())
