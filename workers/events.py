"""Tasks of the events stage: counting what came back. A run that is lost is made up for by the next, seconds later."""

from sqlalchemy.orm import Session

from curator.reports.rollups import roll_up as count_new_events
from workers.base import task


@task("events.roll_up")
def roll_up(session: Session) -> int:
    """Count the events that came since the last time."""
    return count_new_events(session)
