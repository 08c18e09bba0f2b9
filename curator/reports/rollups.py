"""Events into hourly counts, past a watermark that never overtakes an event still being committed.

Before counting, labels that only become clear afterwards are put right: links followed faster than anyone reads,
hits at the moment of acceptance, a whole domain in step. Counting an issue again replaces its hours, so repeating
costs nothing but time.
"""

import time

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from curator.events.machines import (
    AT_ACCEPTANCE,
    BURST_LINKS,
    IN_STEP_LEAST,
    SIGN_ACCEPTANCE,
    SIGN_BURST,
    SIGN_IN_STEP,
    Click,
    bursts,
    is_in_step,
)
from curator.reports.counts import COUNTS, LARGE, LARGE_PAUSE

PATIENCE_SECONDS = 1.0
"""How long to wait for events whose numbers are given but whose transactions are not committed yet."""

_LOCK = 0x726F6C6C7570  # one worker at a time; any number nobody else uses in this database


def roll_up(session: Session) -> int:
    """Count what came since the last time; the number of new events. 0 also when another worker is at it."""
    if not session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}).scalar_one():
        return 0
    start = session.execute(text("SELECT event_id FROM watermark WHERE name = 'rollup'")).scalar() or 0
    ceiling = session.execute(text("SELECT coalesce(max(id), 0) FROM event")).scalar_one()
    if ceiling <= start or _can_wait(session, start):
        return 0
    is_complete = _wait_for_writers(session)
    _relabel(session, start)
    found = session.execute(text("SELECT issue_id, count(*) FROM event WHERE id > :start GROUP BY 1"), {"start": start})
    new = {row[0]: row[1] for row in found}
    _recount(session, list(new))
    if is_complete:
        _move_watermark(session, ceiling)
    return sum(new.values())


def rebuild(session: Session) -> int:
    """Throw away every count whose events still exist and count them again; the number of issues."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    ceiling = session.execute(text("SELECT coalesce(max(id), 0) FROM event")).scalar_one()
    is_complete = _wait_for_writers(session)
    _relabel(session, 0)
    issues = list(session.execute(text("SELECT DISTINCT issue_id FROM event")).scalars())
    session.execute(text("DELETE FROM rollup WHERE hour >= (SELECT date_trunc('hour', min(at), 'UTC') FROM event)"))
    _recount(session, issues)
    if is_complete:
        _move_watermark(session, ceiling)
    return len(issues)


_CAN_WAIT = """
SELECT coalesce(max(counted_at) > clock_timestamp() - :pause, false) FROM watermark WHERE name = 'rollup'
    AND (SELECT sum(hits) FROM rollup WHERE link_number = 0
         AND issue_id IN (SELECT issue_id FROM event WHERE id > :start)) > :large"""


def _can_wait(session: Session, start: int) -> bool:
    """A very large issue takes seconds to count, so it is not counted again at once."""
    values = {"start": start, "large": LARGE, "pause": LARGE_PAUSE}
    return bool(session.execute(text(_CAN_WAIT), values).scalar_one())


# Whoever writes events holds this lock from before its first event gets a number until its commit.
_WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'event'::regclass AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"""


def _wait_for_writers(session: Session) -> bool:
    """Until all that were writing at the call have ended. False when one takes longer than `PATIENCE_SECONDS`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    writing = set(session.execute(text(_WRITERS)).scalars())
    while writing and time.monotonic() < deadline:
        time.sleep(0.01)
        writing &= set(session.execute(text(_WRITERS)).scalars())
    return not writing


_ACCEPTANCE = """
UPDATE event SET actor = 'machine', sign = :sign FROM message
WHERE event.id > :start AND event.actor = 'person' AND event.kind IN ('open', 'click')
  AND message.id = event.message_id AND event.at < coalesce(message.done_at, message.marked_at) + :soon"""

_SUSPECTS = """
SELECT message_id, id, at, link_number FROM event
WHERE kind = 'click' AND message_id IN (
    SELECT message_id FROM event WHERE kind = 'click' AND message_id IN (
        SELECT message_id FROM event WHERE id > :start AND kind = 'click' AND actor = 'person')
    GROUP BY message_id HAVING count(DISTINCT link_number) >= :links)"""

# Every hit in a second in which at least :least readers of one mail domain hit, with how many of how many they were.
_TOGETHER = """
WITH fresh AS (
    SELECT DISTINCT issue_id, date_trunc('second', at) AS second FROM event
    WHERE id > :start AND actor = 'person' AND kind IN ('open', 'click') AND message_id IS NOT NULL
), hit AS (
    SELECT event.id, event.message_id, delivery_id, lower(split_part(address, '@', 2)) AS domain, second
    FROM fresh JOIN event ON event.issue_id = fresh.issue_id
        AND event.at >= second AND event.at < second + interval '1 second'  -- by the index, however many seconds
    JOIN message ON message.id = event.message_id
    WHERE event.kind IN ('open', 'click') AND event.at >= (SELECT min(second) FROM fresh)
), together AS (
    SELECT delivery_id, domain, second, count(DISTINCT message_id) AS readers, array_agg(id) AS ids
    FROM hit GROUP BY delivery_id, domain, second HAVING count(DISTINCT message_id) >= :least
), size AS (
    SELECT delivery_id, lower(split_part(address, '@', 2)) AS domain, count(*) AS recipients
    FROM message WHERE state = 'accepted' AND delivery_id IN (SELECT delivery_id FROM together) GROUP BY 1, 2
)
SELECT readers, recipients, ids FROM together JOIN size USING (delivery_id, domain)"""

_MACHINES = "UPDATE event SET actor = 'machine', sign = :sign WHERE id IN :ids AND actor = 'person'"


def _relabel(session: Session, start: int) -> None:
    session.execute(text(_ACCEPTANCE), {"start": start, "sign": SIGN_ACCEPTANCE, "soon": AT_ACCEPTANCE})
    clicks: dict[int, list[Click]] = {}
    for message_id, *click in session.execute(text(_SUSPECTS), {"start": start, "links": BURST_LINKS}):
        clicks.setdefault(message_id, []).append(Click(*click))
    _label(session, SIGN_BURST, set[int]().union(*(bursts(each) for each in clicks.values())))
    together = session.execute(text(_TOGETHER), {"start": start, "least": IN_STEP_LEAST})
    in_step = (ids for readers, recipients, ids in together if is_in_step(readers, recipients))
    _label(session, SIGN_IN_STEP, set[int]().union(*in_step))


def _label(session: Session, sign: str, ids: set[int]) -> None:
    if ids:
        statement = text(_MACHINES).bindparams(bindparam("ids", expanding=True))
        session.execute(statement, {"ids": sorted(ids), "sign": sign})


# Hours older than an issue's oldest event stay: their detail was deleted for age, their counts are kept.
_FORGET = """
DELETE FROM rollup WHERE issue_id = ANY(:issues)
  AND hour >= (SELECT date_trunc('hour', min(at), 'UTC') FROM event WHERE event.issue_id = rollup.issue_id)"""

_COUNT = f"INSERT INTO rollup (issue_id, hour, kind, actor, link_number, hits, readers) {COUNTS}"


def _recount(session: Session, issues: list[int]) -> None:
    session.execute(text(_FORGET), {"issues": issues})
    session.execute(text(_COUNT), {"issues": issues})


_MOVE = """
INSERT INTO watermark (name, event_id, counted_at) VALUES ('rollup', :id, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET event_id = excluded.event_id, counted_at = excluded.counted_at"""


def _move_watermark(session: Session, event_id: int) -> None:
    session.execute(text(_MOVE), {"id": event_id})
