"""Past subjects: the newest first, with the share of the readers who clicked; drafts have none."""

import pytest
from sqlalchemy.orm import Session

from curator.events.models import Actor, EventKind
from curator.issues.compose import create_issue
from curator.issues.models import IssueState
from curator.reports.past_subjects import past_subjects
from curator.reports.rollups import roll_up
from tests.events.cast import add_event, send_issue


def test_subjects_stand_with_the_share_of_readers_who_clicked(session: Session) -> None:
    sent = send_issue(session, readers=3)
    sent.issue.state = IssueState.SENT
    create_issue(session, sent.issue.newsletter_id, "A draft")
    add_event(session, sent, EventKind.CLICK, reader=0, link=1)
    add_event(session, sent, EventKind.CLICK, reader=0, link=2)
    add_event(session, sent, EventKind.CLICK, reader=1, link=1, actor=Actor.MACHINE)
    roll_up(session)
    (past,) = past_subjects(session, sent.issue.newsletter_id)
    assert (past.number, past.subject, past.clicks) == (sent.issue.number, sent.issue.subject, 1)
    assert past.percent == pytest.approx(100 / 3)
