"""The subjects a newsletter was sent with before, and how many readers clicked: for whoever writes the next one.

Reads only. Of people alone. A share is of those whose clicks may be told apart; where nobody's are, clicks count one
by one.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.models import Delivery
from curator.events.models import Actor, EventKind
from curator.issues.models import Issue, IssueState
from curator.reports.models import Rollup

SHOWN = 6


@dataclass(frozen=True)
class PastSubject:
    """`percent` of measured readers clicked something; None where nobody is measured, then there are `clicks` alone."""

    number: int
    subject: str
    sent_at: datetime | None
    percent: float | None
    clicks: int


def past_subjects(session: Session, newsletter_id: int) -> list[PastSubject]:
    """Of the last issues that were sent, the newest first."""
    statement = (
        select(Issue, Delivery.id)
        .join(Delivery, Delivery.issue_id == Issue.id)
        .where(Issue.newsletter_id == newsletter_id, Issue.state == IssueState.SENT)
        .order_by(Issue.number.desc())
        .limit(SHOWN)
    )
    sent = [(issue, delivery_id) for issue, delivery_id in session.execute(statement)]
    clicks = _clicks(session, [issue.id for issue, _ in sent])
    return [_past(issue, batches.measured(session, delivery_id), clicks) for issue, delivery_id in sent]


def _past(issue: Issue, measured: int, clicks: dict[tuple[int, Actor], int]) -> PastSubject:
    people, others = clicks.get((issue.id, Actor.PERSON), 0), clicks.get((issue.id, Actor.AGGREGATE), 0)
    percent = min(100.0, 100 * people / measured) if measured else None
    return PastSubject(issue.number, issue.subject, issue.sent_at, percent, people + others)


def _clicks(session: Session, issue_ids: list[int]) -> dict[tuple[int, Actor], int]:
    statement = (
        select(Rollup.issue_id, Rollup.actor, func.sum(Rollup.readers))
        .where(Rollup.issue_id.in_(issue_ids), Rollup.kind == EventKind.CLICK, Rollup.link_number == 0)
        .group_by(Rollup.issue_id, Rollup.actor)
    )
    return {(issue_id, actor): int(readers) for issue_id, actor, readers in session.execute(statement)}
