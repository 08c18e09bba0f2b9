"""Heartbeats: every process writes that it lives and what it last got done, so that pages can say when one is down."""

import os
import socket
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from curator.db.base import Base, states

STALE_AFTER = timedelta(seconds=30)


class Process(StrEnum):
    """The kinds of process that must be alive."""

    WEB = "web"
    WORKER = "worker"
    BEAT = "beat"


class Heartbeat(Base):
    """One row per running process. `progress` is the last thing it finished; times are the database's."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[Process] = mapped_column(states(Process))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    beat_at: Mapped[datetime]
    progress: Mapped[str | None]
    progress_at: Mapped[datetime | None]


def beat(session: Session, kind: Process, progress: str | None = None) -> None:
    """Record that this process lives, and what it got done if `progress` is given."""
    name = f"{kind}@{socket.gethostname()}:{os.getpid()}"
    now = func.clock_timestamp()
    values: dict[str, object] = {"beat_at": now}
    if progress is not None:
        values |= {"progress": progress, "progress_at": now}
    statement = insert(Heartbeat).values(name=name, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[Heartbeat.name], set_=values))


def alive(session: Session) -> dict[Process, bool]:
    """Per kind of process: has one of them written a heartbeat within `STALE_AFTER`?"""
    in_time = func.max(Heartbeat.beat_at) > func.now() - STALE_AFTER
    rows = session.execute(select(Heartbeat.kind, in_time).group_by(Heartbeat.kind))
    fresh = {kind for kind, is_fresh in rows if is_fresh}
    return {kind: kind in fresh for kind in Process}
