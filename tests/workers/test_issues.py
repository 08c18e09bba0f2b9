"""The task that makes what the rhythms ask for: committed once, and nothing when it is rung again."""

from datetime import UTC, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.issues.models import Issue
from curator.issues.planning import set_rhythm
from tests.issues.rows import a_newsletter
from workers.issues import make_due_issues


def test_the_issue_of_the_week_is_made_once_however_often_it_is_rung_for(committed: Session) -> None:
    newsletter = a_newsletter(committed)
    tomorrow = (datetime.now(UTC).weekday() + 1) % 7
    set_rhythm(committed, newsletter, "ada", weekday=tomorrow, at=time(23, 59), draft_days=6, draft_at=time(0))
    committed.commit()
    make_due_issues()
    make_due_issues()
    committed.rollback()
    assert committed.scalar(select(func.count()).select_from(Issue)) == 1
    assert committed.scalar(select(Issue.due_at)) is not None
