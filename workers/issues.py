"""Tasks of the issues stage: the issue of a week is made when its time has come."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from curator.issues.planning import make_due
from workers.base import task


@task("issues.due")
def make_due_issues(session: Session) -> int:
    """Make what the rhythms ask for now; how many."""
    return len(make_due(session, datetime.now(UTC)))
