"""Months of the event table: made ahead, repeatable, and nothing lost that fell into the default partition."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.events.models import EventKind
from curator.events.partitions import Month, ensure_partitions
from tests.events.cast import add_event, send_issue


def _partition_of(session: Session, event_id: int) -> str:
    found = session.execute(text("SELECT tableoid::regclass::text FROM event WHERE id = :id"), {"id": event_id})
    return str(found.scalar_one())


def test_this_month_and_two_more_are_made_once(session: Session) -> None:
    now = datetime.now(UTC)
    expected = [Month(now.year, now.month).after(count) for count in range(3)]
    assert ensure_partitions(session) == [f"event_{month.year}_{month.number:02d}" for month in expected]
    assert ensure_partitions(session) == []


def test_rows_move_from_the_default_partition_to_their_month(session: Session) -> None:
    sent = send_issue(session)
    now = datetime.now(UTC)
    early = add_event(session, sent, EventKind.OPEN, reader=0, at=now)
    old = add_event(session, sent, EventKind.OPEN, reader=1, at=datetime(2020, 1, 31, 23, 59, tzinfo=UTC))
    before = _partition_of(session, early.id)
    ensure_partitions(session)
    assert _partition_of(session, early.id) == f"event_{now.year}_{now.month:02d}" != before
    assert _partition_of(session, old.id) == before
    late = add_event(session, sent, EventKind.CLICK, reader=0, link=1)
    assert late.id > old.id and _partition_of(session, late.id) == _partition_of(session, early.id)
    assert session.execute(text("SELECT count(*) FROM event")).scalar_one() == 3


@pytest.mark.parametrize(
    ("month", "count", "expected"),
    [(Month(2026, 11), 0, (2026, 11)), (Month(2026, 11), 2, (2027, 1)), (Month(2026, 12), 13, (2028, 1))],
)
def test_months_follow_each_other_over_the_year(month: Month, count: int, expected: tuple[int, int]) -> None:
    assert month.after(count) == expected
