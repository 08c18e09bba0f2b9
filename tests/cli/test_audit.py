"""`curator audit verify` and what the command line itself leaves in the audit."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from curator.accounts.models import AuditEntry
from tests.cli.calling import call


@pytest.fixture(autouse=True)
def _an_account(session: Session) -> None:
    call("users", "add", "ada@example.org", "--role", "owner")


def test_an_untouched_audit_holds(session: Session) -> None:
    assert session.scalars(select(AuditEntry.action)).all() == ["user.added"]
    said = call("audit", "verify")
    assert (said.code, said.json) == (0, {"holds": True, "problems": []})


def test_an_altered_audit_ends_with_1(session: Session) -> None:
    session.execute(update(AuditEntry).values(actor="eve@example.org"))
    session.expire_all()
    said = call("audit", "verify")
    assert said.code == 1
    assert len(said.json["problems"]) == 1
