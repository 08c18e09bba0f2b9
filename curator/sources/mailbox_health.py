"""How the polled mailbox is doing: since when it fails and why, so that its page shows it as it shows a broken feed."""

from datetime import datetime

from sqlalchemy import Integer, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from curator.db.base import Base
from curator.settings import Settings

LONGEST_REASON = 300


class MailboxHealth(Base):
    """One row per mailbox that was ever polled. `failing_since` and `reason` are empty while it is well."""

    __tablename__ = "mailbox_health"

    address: Mapped[str] = mapped_column(primary_key=True)  # CURATOR_IMAP_URL, which has no password
    read_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    reason: Mapped[str] = mapped_column(server_default="")


def note_read(session: Session, settings: Settings) -> None:
    """It was read to its end."""
    _note(session, settings, {"read_at": func.now(), "failing_since": None, "failures": 0, "reason": ""})


def note_broken(session: Session, settings: Settings, reason: str) -> None:
    """It could not be read, for this reason; the first failure in a row says since when."""
    changes = {
        "failing_since": func.coalesce(MailboxHealth.failing_since, func.now()),
        "failures": MailboxHealth.failures + 1,
        "reason": reason[:LONGEST_REASON],
    }
    first = {"failing_since": func.now(), "failures": 1, "reason": reason[:LONGEST_REASON]}
    _note(session, settings, changes, first)


def broken_mailbox(session: Session, settings: Settings) -> MailboxHealth | None:
    """The polled mailbox when it cannot be read at the moment."""
    statement = select(MailboxHealth).where(
        MailboxHealth.address == settings.imap_url, MailboxHealth.failing_since.is_not(None)
    )
    return session.scalar(statement) if settings.imap_url else None


def _note(
    session: Session, settings: Settings, changes: dict[str, object], first: dict[str, object] | None = None
) -> None:
    statement = insert(MailboxHealth).values(address=settings.imap_url, **(first or changes))
    session.execute(statement.on_conflict_do_update(index_elements=["address"], set_=changes))
