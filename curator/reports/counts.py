"""The one definition of what is counted, used for the rollups and, while those lag, for the report itself.

A message's opens are a person's when one of its opens or clicks is: a reader who clicked has read, whatever fetched
the pixel before. A click is a person's only when that click is: a filter follows links in mails people do read.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.events.models import Actor, EventKind


class Count(NamedTuple):
    """See `curator.reports.models.Rollup`."""

    issue_id: int
    hour: datetime
    kind: EventKind
    actor: Actor
    link_number: int
    hits: int
    readers: int


# Each event stands in the slot of its link and in slot 0, "any link"; without a link that is the same slot, once.
COUNTS = """
WITH hit AS (
    SELECT issue_id, kind, actor, date_trunc('hour', at, 'UTC') AS hour, message_id, slot
    FROM event CROSS JOIN LATERAL (SELECT 0 AS slot UNION SELECT coalesce(link_number, 0)) AS slots
    WHERE issue_id = ANY(:issues)
), person AS (
    SELECT DISTINCT issue_id, message_id FROM hit
    WHERE actor = 'person' AND kind IN ('open', 'click') AND message_id IS NOT NULL
), reader AS (
    SELECT hit.issue_id, hit.kind, hit.slot, message_id,
        CASE WHEN bool_or(hit.actor = 'person') OR hit.kind = 'open' AND bool_or(person.message_id IS NOT NULL)
             THEN 'person' ELSE 'machine' END AS actor,
        coalesce(min(hit.hour) FILTER (WHERE hit.actor = 'person'), min(hit.hour)) AS hour
    FROM hit LEFT JOIN person USING (issue_id, message_id)
    WHERE message_id IS NOT NULL GROUP BY hit.issue_id, hit.kind, hit.slot, message_id
)
SELECT issue_id, hour, kind, actor, slot, sum(hits)::bigint, sum(readers)::bigint FROM (
    SELECT issue_id, hour, kind, actor, slot, 1 AS hits, (message_id IS NULL)::int AS readers FROM hit
    UNION ALL SELECT issue_id, hour, kind, actor, slot, 0, 1 FROM reader
) AS every GROUP BY issue_id, hour, kind, actor, slot"""

_STORED = """
SELECT issue_id, hour, kind, actor, link_number, hits, readers FROM rollup WHERE issue_id = ANY(:issues)"""

LARGE = 30_000
"""Hits from which on counting an issue takes so long that its report may be `LARGE_PAUSE` behind."""

LARGE_PAUSE = timedelta(seconds=15)

# Uncounted events of the issue; of a large one only once the rollups are older than they ever are with a worker. The
# last question takes longest.
_LAGS = """
SELECT CASE
    WHEN coalesce((SELECT max(id) FROM event), 0) <= mark.event_id THEN false
    WHEN mark.counted_at > clock_timestamp() - 2 * CAST(:pause AS interval)
        AND (SELECT coalesce(sum(hits), 0) FROM rollup WHERE issue_id = :issue AND link_number = 0) > :large THEN false
    ELSE EXISTS (SELECT FROM event WHERE issue_id = :issue AND id > mark.event_id)
END FROM (SELECT coalesce(max(event_id), 0) AS event_id, max(counted_at) AS counted_at
          FROM watermark WHERE name = 'rollup') AS mark"""


def counts_of(session: Session, issue_id: int) -> Sequence[Count]:
    """An issue's counts, right up to now: the rollups, or the events themselves while some are not rolled up yet.

    Of a large issue they may be seconds old.
    """
    values = {"issue": issue_id, "large": LARGE, "pause": LARGE_PAUSE}
    lags = session.execute(text(_LAGS), values).scalar_one()
    rows = session.execute(text(COUNTS if lags else _STORED), {"issues": [issue_id]})
    return [Count(row[0], row[1], EventKind(row[2]), Actor(row[3]), *row[4:]) for row in rows]
