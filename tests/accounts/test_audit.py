"""The chain finds an entry that was altered, removed or put in between."""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from curator.accounts.audit import record, verify
from curator.accounts.models import AuditEntry


def _three(session: Session) -> list[int]:
    for number in range(3):
        record(session, "ada@example.org", "changed", "newsletter", number, name=f"N{number}")
    return list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


def test_an_untouched_chain_holds(session: Session) -> None:
    _three(session)
    session.expire_all()
    assert verify(session) == []


def test_an_altered_entry_is_found(session: Session) -> None:
    ids = _three(session)
    session.execute(update(AuditEntry).where(AuditEntry.id == ids[1]).values(actor="eve@example.org"))
    session.expire_all()
    assert verify(session) == [f"entry {ids[1]}: its content was altered"]


def test_a_removed_entry_is_found(session: Session) -> None:
    ids = _three(session)
    session.execute(delete(AuditEntry).where(AuditEntry.id == ids[1]))
    session.expire_all()
    assert verify(session) == [f"before entry {ids[2]}: an entry is missing or was replaced"]
