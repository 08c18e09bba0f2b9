"""`curator deliveries release`, `resend` and `retry`: what a script and a person get to see."""

import pytest
import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import AuditEntry
from curator.delivery.models import Delivery, DeliveryState, MessageState
from curator.errors import Conflict
from tests.cli.calling import call
from tests.events.cast import Sent, send_issue

ENDS = (MessageState.REJECTED, MessageState.UNKNOWN, MessageState.UNKNOWN)


@pytest.fixture(autouse=True)
def _servers(session: Session, redis_client: object) -> None:
    """Everything a command does is undone after the test."""


@pytest.fixture
def sent(session: Session) -> Sent:
    return send_issue(session, readers=6, states=ENDS)


def actions(session: Session) -> list[tuple[str, str, int | None]]:
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(entry.actor, entry.action, entry.detail.get("messages")) for entry in entries]


def test_resend_says_how_many_and_the_status(session: Session, sent: Sent) -> None:
    said = call("deliveries", "resend", sent.issue.id).json
    assert (said["requeued"], said["state"], said["waiting"], said["unknown"]) == (2, "sending", 2, 0)
    assert [(act["was"], act["messages"], act["by"]) for act in said["requeues"]] == [("unknown", 2, "command line")]
    assert actions(session) == [("command line", "delivery.resend", 2)]
    with pytest.raises(Conflict, match="no message in doubt"):
        call("deliveries", "resend", sent.issue.id)


def test_resend_asks_a_person_first(session: Session, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def decline(question: str, *, abort: bool) -> None:
        asked.append(question)
        raise typer.Abort

    monkeypatch.setattr("typer.confirm", decline)
    with pytest.raises(typer.Abort):
        call("deliveries", "resend", sent.issue.id, as_json=False)
    assert "Send again to 2 in doubt" in asked[0] and actions(session) == []
    assert "2 messages" in call("deliveries", "resend", sent.issue.id, "--yes", as_json=False).out


def test_retry_takes_a_reason(session: Session, sent: Sent) -> None:
    with pytest.raises(Conflict, match="policy"):
        call("deliveries", "retry", sent.issue.id, "--reason", "policy")
    said = call("deliveries", "retry", sent.issue.id, "--reason", "mailbox unknown").json
    assert (said["requeued"], said["failed"], said["waiting"]) == (1, 0, 1)
    assert actions(session) == [("command line", "delivery.retry", 1)]


def test_release(session: Session) -> None:
    held = send_issue(session, readers=6, state=DeliveryState.HOLDING)
    held.delivery.pilot = 3
    session.flush()
    shown = call("deliveries", "show", held.issue.id).json
    assert (shown["state"], shown["pilot"]["size"], shown["pilot"]["released_at"]) == ("holding", 3, None)
    said = call("deliveries", "release", held.issue.id).json
    assert (said["state"], said["pilot"]["released_by"]) == ("sending", "command line")
    assert actions(session) == [("command line", "delivery.release", None)]
    with pytest.raises(Conflict):
        call("deliveries", "release", held.issue.id)
    assert session.scalar(select(Delivery.released_at)) is not None


def test_people_can_read_a_held_delivery(session: Session) -> None:
    held = send_issue(session, readers=6, state=DeliveryState.HOLDING)
    held.delivery.pilot = 3
    session.flush()
    assert "pilot" in call("deliveries", "show", held.issue.id, as_json=False).out
