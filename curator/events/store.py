"""Groups of hits into the event table: one transaction of a few statements and one COPY, however many hits.

The group commit is one of the two places outside `transaction()` that commit by themselves: a hit is answered only
once its group is durable, in PostgreSQL or, while that is away, in the spool. Nothing is lost and nothing counted
twice. Blocks; it belongs to one thread of its own.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
import structlog

from curator.events import spool as spooling
from curator.events.attribution import Kept, MessageFacts, Row, attribute
from curator.events.hits import Hit
from curator.events.links import EditionLinks, LinkCache
from curator.events.spool import Spool
from curator.issues.models import Tracking

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
"""While PostgreSQL is away it is tried this often; hits in between go to the spool without waiting for it."""

REFUSED_SECONDS = 30.0
"""When PostgreSQL is there but refuses a spooled file, the spool is tried again this much later."""

WARM_EDITIONS = 50

_COPY = f"COPY event ({', '.join(Row._fields)}) FROM STDIN"

_MESSAGES = """
SELECT m.id, m.subscription_id, coalesce(m.done_at, m.marked_at), coalesce(s.tracking_consent, false)
FROM message m LEFT JOIN subscription s ON s.id = m.subscription_id WHERE m.id = ANY(%s::bigint[])"""

_TRACKING = """
SELECT e.id, n.tracking FROM edition e JOIN issue i ON i.id = e.issue_id JOIN newsletter n ON n.id = i.newsletter_id
WHERE e.id = ANY(%s::bigint[])"""

_EDITIONS = """
SELECT e.id, e.issue_id, i.newsletter_id, coalesce(jsonb_object_agg(l.number, l.address)
    FILTER (WHERE l.id IS NOT NULL), '{}')
FROM edition e JOIN issue i ON i.id = e.issue_id LEFT JOIN link l ON l.edition_id = e.id
WHERE e.id = ANY(%s::bigint[]) GROUP BY e.id, e.issue_id, i.newsletter_id"""

_NEWEST = "SELECT edition_id FROM delivery WHERE edition_id IS NOT NULL ORDER BY id DESC LIMIT %s"

# In the order of ids, so that two web processes never wait for each other in a circle.
_OPENED = """
UPDATE subscription s SET last_open_on = seen.day
FROM (SELECT s.id, v.day FROM subscription s JOIN unnest(%s::bigint[], %s::date[]) AS v(id, day) USING (id)
      ORDER BY s.id FOR UPDATE OF s) AS seen
WHERE s.id = seen.id AND (s.last_open_on IS NULL OR s.last_open_on < seen.day)"""

_TIMEOUTS = "SET statement_timeout = '5s'; SET lock_timeout = '3s'; SET synchronous_commit = on"


class Store:
    """One connection of its own, opened when needed and again after it broke."""

    def __init__(self, database_url: str, links: LinkCache, spool: Spool) -> None:
        self._url = database_url
        self._links = links
        self._spool = spool
        self._connection: psycopg.Connection[Any] | None = None
        self._retry_at = self._replay_at = 0.0

    def store(self, hits: Sequence[Hit]) -> bool:
        """Make a group durable. True: in PostgreSQL; False: in the spool. `OSError` when neither took it."""
        if self._is_away():
            self._spool.append(hits)
            return False
        transaction: str | None = None
        try:
            connection = self._connected()
            transaction = self._write(connection, hits)
            connection.commit()
        except psycopg.Error as error:
            self._give_up(error)
            if transaction:
                self._spool.keep_doubtful(hits, transaction)
            else:
                self._spool.append(hits)
            return False
        return True

    def warm(self) -> None:
        """Load the links of the editions that readers may click on now, as far as PostgreSQL answers."""
        self._links.load()
        try:
            connection = self._connected()
            newest = [row[0] for row in connection.execute(_NEWEST, (WARM_EDITIONS,))]
            self._load_editions(connection, newest)
            connection.commit()
        except psycopg.Error as error:
            self._give_up(error)

    def replay(self) -> int:
        """Bring what waits in the spool into PostgreSQL; the number of hits brought in."""
        if self._spool.is_empty() or time.monotonic() < max(self._retry_at, self._replay_at):
            return 0
        self._spool.rotate()
        count, after = 0, ""
        while True:
            with self._spool.oldest(after) as path:
                if path is None:
                    return count
                after = path.name
                try:
                    count += self._replay_file(path)
                except psycopg.Error as error:
                    self._give_up(error)
                    if self._is_away():
                        return count
                    self._replay_at = time.monotonic() + REFUSED_SECONDS

    def close(self) -> None:
        """End the connection and let go of the spool."""
        self._spool.rotate()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _replay_file(self, path: Any) -> int:
        connection = self._connected()
        if transaction := spooling.tried(path):
            status = _status_of(connection, transaction)
            connection.rollback()
            if status == "in progress":
                return 0
            if status == "committed":
                spooling.remove(path)
                return 0
        hits = spooling.read(path)
        spooling.mark_tried(path, self._write(connection, hits))
        connection.commit()
        spooling.remove(path)
        log.info("hits_replayed", hits=len(hits))
        return len(hits)

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url, connect_timeout=2, tcp_user_timeout=10_000, application_name="curator-tracking"
            )
            self._connection.execute(_TIMEOUTS)
            self._connection.commit()
        return self._connection

    def _is_away(self) -> bool:
        return time.monotonic() < self._retry_at

    def _give_up(self, error: psycopg.Error) -> None:
        """After any failure a fresh connection; after one that is not about the data itself also a pause."""
        log.warning("hits_not_stored", error=type(error).__name__, state=error.sqlstate)
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            self._retry_at = time.monotonic() + RETRY_SECONDS
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self, connection: psycopg.Connection[Any], hits: Sequence[Hit]) -> str:
        """Everything but the commit; the number of the transaction, "" when there was nothing to keep."""
        kept = self._attributed(connection, hits)
        if not kept:
            return ""
        with connection.cursor() as cursor:
            with cursor.copy(_COPY) as copy:
                copy.write("".join(_line(each.row) for each in kept))
            opened = dict(each.opened for each in kept if each.opened is not None)
            if opened:
                cursor.execute(_OPENED, (list(opened), list(opened.values())))
            (transaction,) = cursor.execute("SELECT pg_current_xact_id()::text").fetchone() or ("",)
        return str(transaction)

    def _attributed(self, connection: psycopg.Connection[Any], hits: Sequence[Hit]) -> list[Kept]:
        editions = list({hit.edition_id for hit in hits})
        self._load_editions(connection, [e for e in editions if self._links.get(e) is None])
        tracking = {row[0]: Tracking(row[1]) for row in connection.execute(_TRACKING, (editions,))}
        messages = _messages(connection, list({hit.message_id for hit in hits if hit.message_id is not None}))
        kept = []
        for hit in hits:
            edition = self._links.get(hit.edition_id)
            mode = tracking.get(hit.edition_id)
            if edition is None or mode is None or not _is_of(hit, edition):
                continue
            facts = messages.get(hit.message_id) if hit.message_id is not None else None
            if found := attribute(hit, edition.issue_id, mode, facts):
                kept.append(found)
        return kept

    def _load_editions(self, connection: psycopg.Connection[Any], ids: list[int]) -> None:
        if not ids:
            return
        for edition_id, issue_id, newsletter_id, addresses in connection.execute(_EDITIONS, (ids,)):
            numbered = {int(number): address for number, address in addresses.items()}
            self._links.add(edition_id, EditionLinks(issue_id, newsletter_id, numbered))


def _messages(connection: psycopg.Connection[Any], ids: list[int]) -> dict[int, MessageFacts]:
    if not ids:
        return {}
    return {row[0]: MessageFacts(*row[1:]) for row in connection.execute(_MESSAGES, (ids,))}


def _is_of(hit: Hit, edition: EditionLinks) -> bool:
    return hit.link_number is None or hit.link_number in edition.addresses


def _status_of(connection: psycopg.Connection[Any], transaction: str) -> str | None:
    found = connection.execute("SELECT pg_xact_status(%s::xid8)", (transaction,)).fetchone()
    return found[0] if found else None


def _line(row: Row) -> str:
    """One line of COPY's text form (PostgreSQL, COPY). Every text in a row is a fixed word of ours."""
    return "\t".join(_field(value) for value in row) + "\n"


def _field(value: object) -> str:
    if value is None:
        return r"\N"
    return value.isoformat() if isinstance(value, datetime) else str(value)
