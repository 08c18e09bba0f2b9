"""How long an editor works on an issue: from opening its page to Send, and of that, the time at it. For them alone.

The page says every minute that its editor is there. A pause of more than five minutes is no work.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import ForeignKey, Integer, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from curator.db.base import Base
from curator.issues.models import Issue, IssueState

LONGEST_PAUSE = timedelta(minutes=5)


class EditingTime(Base):
    """One editor at one issue. `seconds` is the time at it until `seen_at`; `sent_at` is Send, by whomever."""

    __tablename__ = "editing_time"

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    opened_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seconds: Mapped[int] = mapped_column(Integer, server_default="0")
    sent_at: Mapped[datetime | None]


@dataclass(frozen=True)
class OwnTime:
    """One issue of one editor. Without `sent_at` it is still in the making."""

    number: int
    subject: str
    opened_at: datetime
    sent_at: datetime | None
    seconds: int

    @property
    def minutes(self) -> int:
        """Minutes at it, at least one."""
        return max(1, round(self.seconds / 60))


def note_presence(session: Session, issue: Issue, user_id: int) -> None:
    """The editor has the issue's page in front of them now. Only a draft takes time."""
    if issue.state != IssueState.DRAFT:
        return
    now = func.clock_timestamp()
    gap = now - EditingTime.seen_at
    worked = case((gap <= LONGEST_PAUSE, func.round(func.extract("epoch", gap))), else_=0)
    row = insert(EditingTime).values(issue_id=issue.id, user_id=user_id)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[EditingTime.issue_id, EditingTime.user_id],
            set_={"seen_at": now, "seconds": EditingTime.seconds + worked},
        )
    )


def note_sent(session: Session, issue_id: int) -> None:
    """Send was pressed: everybody's time at this issue ends."""
    session.execute(update(EditingTime).where(EditingTime.issue_id == issue_id).values(sent_at=func.clock_timestamp()))


def own_times(session: Session, newsletter_id: int, user_id: int, limit: int = 12) -> list[OwnTime]:
    """This user's issues, newest first."""
    statement = (
        select(Issue.number, Issue.subject, Issue.state, EditingTime)
        .join(EditingTime, EditingTime.issue_id == Issue.id)
        .where(Issue.newsletter_id == newsletter_id, EditingTime.user_id == user_id)
        .order_by(Issue.number.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [
        # A Send that was undone is none.
        OwnTime(number, subject, time.opened_at, None if state == IssueState.DRAFT else time.sent_at, time.seconds)
        for number, subject, state, time in session.execute(statement)
    ]


def median_minutes(times: list[OwnTime]) -> int | None:
    """The median of the minutes at issues that were sent; None without any."""
    minutes = [time.minutes for time in times if time.sent_at]
    return round(median(minutes)) if minutes else None
