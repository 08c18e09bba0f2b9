"""The event table's months: made ahead of time, and carved out of the default partition where rows already fell.

Rows of a month without a partition are in the default one and are counted all the same; this only keeps old
detail cheap to drop. Safe to repeat and to run beside the intake.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Month(NamedTuple):
    """One calendar month in UTC."""

    year: int
    number: int

    @property
    def first(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    def after(self, count: int = 1) -> "Month":
        """The month so many months later."""
        years, index = divmod(self.number - 1 + count, 12)
        return Month(self.year + years, index + 1)


def ensure_partitions(session: Session, months_ahead: int = 2) -> list[str]:
    """Make the partitions of this month and the next `months_ahead`; the names of those that were missing."""
    now: datetime = session.execute(text("SELECT now() AT TIME ZONE 'UTC'")).scalar_one()
    wanted = [Month(now.year, now.month).after(count) for count in range(months_ahead + 1)]
    existing = set(session.execute(text(_PARTITIONS)).scalars())
    return [_make(session, month) for month in wanted if _name(month) not in existing]


_PARTITIONS = """
SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = 'event'::regclass"""

_DEFAULT = """
SELECT quote_ident(relname) FROM pg_partitioned_table JOIN pg_class ON pg_class.oid = partdefid
WHERE partrelid = 'event'::regclass"""


def _make(session: Session, month: Month) -> str:
    """Create the table, move what the default partition holds of this month, attach.

    The default partition is locked first: a row of this month that arrived in between would make attaching fail.
    """
    name, bounds = _name(month), {"first": month.first, "end": month.after().first}
    default = session.execute(text(_DEFAULT)).scalar_one_or_none()
    if default is not None:
        session.execute(text(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE"))
    session.execute(
        text(f"CREATE TABLE {name} (LIKE event INCLUDING ALL EXCLUDING IDENTITY EXCLUDING INDEXES)")  # our own words
    )
    if default is not None:
        _move(session, default, name, bounds)
    first, end = (f"'{moment.isoformat()}'" for moment in (month.first, month.after().first))
    session.execute(text(f"ALTER TABLE event ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({end})"))
    return name


def _move(session: Session, default: str, name: str, bounds: dict[str, Any]) -> None:
    """Both names are our own; the bounds are values."""
    statement = (
        f"WITH moved AS (DELETE FROM {default} WHERE at >= :first AND at < :end RETURNING *) "  # noqa: S608
        f"INSERT INTO {name} SELECT * FROM moved"
    )
    session.execute(text(statement), bounds)


def _name(month: Month) -> str:
    return f"event_{month.year:04d}_{month.number:02d}"
