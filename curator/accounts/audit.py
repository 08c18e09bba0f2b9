"""The audit chain: each hash covers the entry and the one before it, so a changed or removed entry is found."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.accounts.models import AuditEntry

_CHAIN_LOCK = 0x61756469  # one writer at a time: the chain is a line, not a tree
_START = bytes(32)


def record(
    session: Session, actor: str, action: str, subject_kind: str, subject_id: int | None = None, **detail: Any
) -> None:
    """Append "`actor` did `action` to `subject_kind` `subject_id`"; holds a lock until the commit."""
    session.execute(select(func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    previous = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or _START
    entry = AuditEntry(
        at=datetime.now(UTC),
        actor=actor,
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        detail=json.loads(json.dumps(detail, default=str)),
        previous_hash=previous,
    )
    entry.hash = _hash(entry)
    session.add(entry)
    session.flush()


def verify(session: Session) -> list[str]:
    """One line per break in the chain, in order; an empty list when nothing was altered or removed."""
    problems, previous = [], _START
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)).yield_per(1000):
        if entry.previous_hash != previous:
            problems.append(f"before entry {entry.id}: an entry is missing or was replaced")
        if entry.hash != _hash(entry):
            problems.append(f"entry {entry.id}: its content was altered")
        previous = entry.hash
    return problems


def _hash(entry: AuditEntry) -> bytes:
    facts = [
        entry.at.astimezone(UTC).isoformat(),
        entry.actor,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        entry.detail,
    ]
    return hashlib.sha256(entry.previous_hash + json.dumps(facts, sort_keys=True).encode()).digest()
