"""Domains held back, as all workers share them: one table, written and read in sets a few times a second.

The database's clock only, and a commit of its own for each exchange. It survives every restart; what nobody was
reminded of for a day is forgotten.
"""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from curator.db.session import transaction
from curator.delivery.holds import Holds, Key, Known
from curator.errors import CuratorError

log = structlog.get_logger(__name__)

SHARE_SECONDS = 0.25
"""How often a slice tells what it learned."""

_READ_EVERY = 4

# Rows in the order of their keys, like everybody does who touches many: nobody waits in a circle.
_WRITE = text(
    """
    INSERT INTO domain_hold (relay_id, domain, not_before, strikes, reply)
    SELECT relay.id, t.domain, clock_timestamp() + make_interval(secs => t.seconds), t.strikes, t.reply
    FROM unnest(CAST(:relays AS bigint[]), CAST(:domains AS text[]), CAST(:seconds AS float8[]),
                CAST(:strikes AS int[]), CAST(:replies AS text[])) AS t (relay_id, domain, seconds, strikes, reply)
    JOIN relay ON relay.id = t.relay_id
    ORDER BY relay.id, t.domain
    ON CONFLICT (relay_id, domain) DO UPDATE SET reply = excluded.reply,
        strikes = greatest(domain_hold.strikes, excluded.strikes),
        not_before = greatest(domain_hold.not_before, excluded.not_before)
    """
)
_CLEAR = text(
    """
    DELETE FROM domain_hold USING unnest(CAST(:relays AS bigint[]), CAST(:domains AS text[])) AS t (relay_id, domain)
    WHERE domain_hold.relay_id = t.relay_id AND domain_hold.domain = t.domain
    """
)
_READ = text(
    """
    SELECT relay_id, domain, greatest(extract(epoch FROM not_before - clock_timestamp()), 0)::float8, strikes, reply
    FROM domain_hold WHERE relay_id = ANY(:relays)
    """
)
_FORGET = text("DELETE FROM domain_hold WHERE not_before < clock_timestamp() - interval '1 day'")


async def exchange(holds: Holds, relay_ids: Sequence[int]) -> None:
    """Tell what this slice learned and learn what the others know. A database that is away is for others to notice."""
    struck, cleared = holds.news()
    try:
        holds.learn(await asyncio.to_thread(_share_alone, relay_ids, struck, cleared))
    except (CuratorError, SQLAlchemyError) as error:
        log.warning("holds_not_shared", error=type(error).__name__)


async def keep_exchanging(holds: Holds, relay_ids: Sequence[int]) -> None:
    """Do so until cancelled: soon when there is something to tell, else every second."""
    turn = 0
    while True:
        await asyncio.sleep(SHARE_SECONDS)
        turn += 1
        if holds.has_news or turn % _READ_EVERY == 0:
            await exchange(holds, relay_ids)


def _share_alone(relay_ids: Sequence[int], struck: Sequence[Known], cleared: Sequence[Key]) -> list[Known]:
    with transaction() as session:
        return share(session, relay_ids, struck, cleared)


def share(session: Session, relay_ids: Sequence[int], struck: Sequence[Known], cleared: Sequence[Key]) -> list[Known]:
    """Write what began and ended here, and read what holds over these relays now."""
    if struck:
        values = {
            "relays": [known.key.relay_id for known in struck],
            "domains": [known.key.domain for known in struck],
            "seconds": [known.seconds for known in struck],
            "strikes": [known.strikes for known in struck],
            "replies": [known.reply for known in struck],
        }
        session.execute(_WRITE, values)
    if cleared:
        relays, domains = [key.relay_id for key in cleared], [key.domain for key in cleared]
        session.execute(_CLEAR, {"relays": relays, "domains": domains})
    rows = session.execute(_READ, {"relays": list(relay_ids)})
    return [Known(Key(relay, domain), seconds, strikes, reply) for relay, domain, seconds, strikes, reply in rows]


def forget_old(session: Session) -> None:
    """Drop what ended long ago: nobody wrote there since."""
    session.execute(_FORGET)
