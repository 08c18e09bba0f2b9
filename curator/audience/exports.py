"""Export of a newsletter's people as CSV, line by line. Formula cells are defused and come back whole on import."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.audience.formulas import neutralise
from curator.audience.models import Subscriber, Subscription

HEADER = ("email", "name", "language", "state", "tracking", "subscribed_at", "confirmed_at", "left_at", "paused_until")
_PORTION = 5000


def export_csv(session: Session, newsletter_id: int) -> Iterator[str]:
    """CSV in portions (RFC 4180, CRLF, header first), one row per subscription; times are ISO 8601."""
    yield _lines([HEADER])
    columns = (
        Subscriber.address,
        Subscriber.name,
        Subscriber.language,
        Subscription.state,
        Subscription.tracking_consent,
        Subscription.created_at,
        Subscription.confirmed_at,
        Subscription.left_at,
        Subscription.paused_until,
    )
    query = (
        select(*columns)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.newsletter_id == newsletter_id)
        .order_by(Subscription.id)
    )
    for portion in session.execute(query, execution_options={"yield_per": _PORTION}).partitions():
        yield _lines([_cells(row) for row in portion])


def _cells(row: Sequence[Any]) -> tuple[str, ...]:
    address, name, language, state, tracking, *moments = row
    times = (moment.isoformat() if moment else "" for moment in moments)
    return (neutralise(address), neutralise(name), language, state.value, "yes" if tracking else "no", *times)


def _lines(rows: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
