"""Nothing that a second person did not approve is sent: not by Send, and not by a change between Send and freezing."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from curator.delivery.freeze import freeze
from curator.delivery.plan import send_issue
from curator.errors import CheckFailed
from curator.issues.approval import decide, submit
from curator.settings import Settings
from tests.delivery.cast import an_issue_to_send

ADA, BO = "ada@example.org", "bo@example.org"


def test_send_and_freezing_hold_the_issue_against_its_approval(session: Session, settings: Settings) -> None:
    issue = an_issue_to_send(session, settings, 1, 25)
    issue.newsletter.needs_approval = True
    session.flush()
    submitted = submit(session, issue.id, ADA)
    with pytest.raises(CheckFailed, match="somebody else"), session.begin_nested():
        send_issue(session, issue.id, by=ADA, settings=settings, now=True)
    decide(session, submitted.id, BO, is_approved=True)
    delivery = send_issue(session, issue.id, by=ADA, settings=settings, at=datetime(2020, 1, 1, tzinfo=UTC))
    name, issue.newsletter.from_name = issue.newsletter.from_name, "Somebody else"
    session.flush()
    with pytest.raises(CheckFailed, match="void"), session.begin_nested():
        freeze(session, delivery.id, settings)
    issue.newsletter.from_name = name
    session.flush()
    frozen = freeze(session, delivery.id, settings)
    assert frozen is not None and frozen.edition_id is not None
