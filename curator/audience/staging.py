"""The temporary tables of an import: the file's rows, and the plan of what each of them changes.

Statements over sets, never a row at a time. What is decided in the plan is counted there, so a dry run and the
real one cannot differ. The tables live as long as the import and are this connection's own.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

COLUMNS = ("line", "address", "address_key", "address_hash", "name", "language", "is_pending", "reason")

_MAKE_ROWS = """
CREATE TEMPORARY TABLE import_row (
    line bigint, address text, address_key text, address_hash bytea, name text, language text,
    is_pending boolean, reason text
)
"""
# The first of two equal addresses counts. A name given in a file replaces one that other newsletters use only when
# there is none: an import must not rename people elsewhere.
_MAKE_PLAN = """
CREATE TEMPORARY TABLE import_plan AS
WITH good AS (
    SELECT *, first_value(line) OVER (PARTITION BY address_key ORDER BY line) AS first_line
    FROM import_row WHERE reason IS NULL
), barred AS (
    SELECT address_hash, min(scope) AS scope FROM suppression
    WHERE scope <> 'newsletter' OR newsletter_id = :newsletter_id GROUP BY address_hash
), judged AS (
    SELECT g.line, g.address, g.address_key, g.address_hash, g.name, g.language, g.is_pending,
        s.id AS subscriber_id, n.id AS subscription_id,
        CASE
            WHEN g.line <> g.first_line THEN 'The same address stands on line ' || g.first_line || '.'
            WHEN b.scope IS NOT NULL THEN 'This address is suppressed (' || b.scope || ').'
            WHEN n.state = 'left' THEN 'This person left the newsletter; only they can come back.'
        END AS reason,
        s.id IS NOT NULL AND (
            (g.name <> '' AND g.name <> s.name AND (s.name = '' OR NOT elsewhere.is_so))
            OR (g.language <> '' AND g.language <> s.language AND (s.language = '' OR NOT elsewhere.is_so))
        ) AS is_renamed,
        elsewhere.is_so AS is_elsewhere,
        n.state = 'pending' AND NOT g.is_pending AS is_confirmed,
        :tracking_consent AND n.id IS NOT NULL AND NOT n.tracking_consent AND NOT EXISTS (
            SELECT FROM consent c WHERE c.subscriber_id = s.id AND c.newsletter_id = :newsletter_id
                AND c.purpose = 'individual-tracking' AND c.action IN ('withdrawn', 'objected')
        ) AS is_measured
    FROM good g
    LEFT JOIN barred b ON b.address_hash = g.address_hash
    LEFT JOIN subscriber s ON s.address_key = g.address_key
    LEFT JOIN subscription n ON n.subscriber_id = s.id AND n.newsletter_id = :newsletter_id
    CROSS JOIN LATERAL (
        SELECT s.id IS NOT NULL AND EXISTS (
            SELECT FROM subscription o WHERE o.subscriber_id = s.id AND o.newsletter_id <> :newsletter_id
        ) AS is_so
    ) elsewhere
)
SELECT *, CASE
    WHEN reason IS NOT NULL THEN 'rejected'
    WHEN subscription_id IS NULL THEN 'created'
    WHEN is_renamed OR is_confirmed OR is_measured THEN 'updated'
    ELSE 'unchanged'
END AS outcome
FROM judged
"""
_ADD_SUBSCRIBERS = """
INSERT INTO subscriber (address, address_key, address_hash, name, language)
SELECT address, address_key, address_hash, name, language FROM import_plan
WHERE outcome = 'created' AND subscriber_id IS NULL ORDER BY address_key
ON CONFLICT (address_key) DO NOTHING
"""
_RENAME_SUBSCRIBERS = """
UPDATE subscriber s SET
    name = CASE WHEN p.name <> '' AND (s.name = '' OR NOT p.is_elsewhere) THEN p.name ELSE s.name END,
    language = CASE WHEN p.language <> '' AND (s.language = '' OR NOT p.is_elsewhere)
        THEN p.language ELSE s.language END
FROM import_plan p WHERE p.reason IS NULL AND p.is_renamed AND s.id = p.subscriber_id
"""
_CONSENT = """
INSERT INTO consent (subscriber_id, newsletter_id, purpose, action, wording, wording_hash, form, actor)
SELECT subscriber_id, :newsletter_id, {purpose}, 'imported', :wording, :wording_hash, :form, :actor FROM {made}
"""
_ADD_SUBSCRIPTIONS = """
WITH made AS (
    INSERT INTO subscription (subscriber_id, newsletter_id, state, tracking_consent, confirmed_at)
    SELECT s.id, :newsletter_id, CASE WHEN p.is_pending THEN 'pending' ELSE 'active' END, :tracking_consent,
        CASE WHEN p.is_pending THEN NULL ELSE now() END
    FROM import_plan p JOIN subscriber s ON s.address_key = p.address_key
    WHERE p.outcome = 'created'
    ON CONFLICT (subscriber_id, newsletter_id) DO NOTHING
    RETURNING subscriber_id
), purpose AS (
    SELECT 'mail' AS name UNION ALL SELECT 'individual-tracking' WHERE :tracking_consent
)
{consent}
""".format(consent=_CONSENT.format(purpose="purpose.name", made="made, purpose"))  # noqa: S608 - our own words only
_CONFIRM_SUBSCRIPTIONS = """
WITH made AS (
    UPDATE subscription n SET state = 'active', confirmed_at = now()
    FROM import_plan p WHERE p.reason IS NULL AND p.is_confirmed AND n.id = p.subscription_id AND n.state = 'pending'
    RETURNING n.subscriber_id
)
{consent}
""".format(consent=_CONSENT.format(purpose="'mail'", made="made"))  # noqa: S608 - our own words only
_MEASURE_SUBSCRIPTIONS = """
WITH made AS (
    UPDATE subscription n SET tracking_consent = true
    FROM import_plan p WHERE p.reason IS NULL AND p.is_measured AND n.id = p.subscription_id AND n.state <> 'left'
    RETURNING n.subscriber_id
)
{consent}
""".format(consent=_CONSENT.format(purpose="'individual-tracking'", made="made"))  # noqa: S608 - our own words only
_REJECTS = """
SELECT line, address, reason FROM import_row WHERE reason IS NOT NULL
UNION ALL SELECT line, address, reason FROM import_plan WHERE reason IS NOT NULL
ORDER BY line
"""


class Counts(NamedTuple):
    """How many rows do what; the rest of the rows are rejected."""

    created: int
    updated: int
    unchanged: int


def copy_rows(session: Session, rows: Iterable[tuple[Any, ...]]) -> int:
    """COPY rows of `COLUMNS` into a fresh staging table; how many there were."""
    drop(session)
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    session.execute(text(_MAKE_ROWS))
    cursor = session.connection().connection.cursor()
    with cursor.copy(f"COPY import_row ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    copied: int = cursor.rowcount
    cursor.close()
    session.execute(text("ANALYZE import_row"))
    return copied


def make_plan(session: Session, newsletter_id: int, *, tracking_consent: bool) -> Counts:
    """Decide for every row what it changes, and count."""
    values = {"newsletter_id": newsletter_id, "tracking_consent": tracking_consent}
    session.execute(text(_MAKE_PLAN), values)
    session.execute(text("ANALYZE import_plan"))
    found = session.execute(text("SELECT outcome, count(*) FROM import_plan GROUP BY outcome"))
    counts: dict[str, int] = {row[0]: row[1] for row in found}
    return Counts(*(counts.get(outcome, 0) for outcome in Counts._fields))


def apply_plan(session: Session, newsletter_id: int, evidence: Mapping[str, Any], *, tracking_consent: bool) -> None:
    """Carry the plan out. `evidence`: wording, wording_hash, form and actor of the consent rows."""
    values = {"newsletter_id": newsletter_id, "tracking_consent": tracking_consent, **evidence}
    session.execute(text(_ADD_SUBSCRIBERS))
    session.execute(text(_RENAME_SUBSCRIBERS))
    session.execute(text(_ADD_SUBSCRIPTIONS), values)
    del values["tracking_consent"]
    session.execute(text(_CONFIRM_SUBSCRIPTIONS), values)
    session.execute(text(_MEASURE_SUBSCRIPTIONS), values)


def rejects(session: Session, limit: int) -> list[tuple[int, str, str]]:
    """The first `limit` rejected rows by line: line, address as given, reason."""
    found = session.execute(text(f"{_REJECTS} LIMIT :limit"), {"limit": limit})
    return [(row[0], row[1], row[2]) for row in found]


def all_rejects(session: Session) -> Iterator[tuple[int, str, str]]:
    """Every rejected row by line, fetched in portions."""
    found = session.execute(text(_REJECTS).execution_options(yield_per=5000))
    return ((row[0], row[1], row[2]) for row in found)


def drop(session: Session) -> None:
    """Remove the tables of this connection's import."""
    session.execute(text("DROP TABLE IF EXISTS pg_temp.import_row, pg_temp.import_plan"))
