"""The delivery's page around the pilot, sending again and trying again: what it says, who may, and a second click."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.audit import verify
from curator.accounts.models import AuditEntry, User
from curator.delivery.models import Delivery, DeliveryState, MessageState, Requeue
from curator.issues.models import IssueState
from tests.events.cast import Sent, send_issue
from tests.web.conftest import Browser, Cast

Open = Callable[[User], Browser]
PAGE = "/n/weekly/deliveries/7"
ENDS = (MessageState.REJECTED, MessageState.UNKNOWN, MessageState.UNKNOWN)


@pytest.fixture
def holding(session: Session, cast: Cast) -> Sent:
    """Issue 7 on hold after a pilot of three."""
    made = send_issue(session, readers=6, newsletter=cast.weekly, state=DeliveryState.HOLDING)
    made.delivery.pilot, made.delivery.reason = 3, "Pilot: 3 of 3 accepted. Waiting until 14:32."
    made.delivery.hold_until = datetime.now(UTC) + timedelta(minutes=9)
    session.flush()
    return made


@pytest.fixture
def sent(session: Session, cast: Cast) -> Sent:
    """Issue 7: one failed, two in doubt, three accepted."""
    return send_issue(session, readers=6, newsletter=cast.weekly, states=ENDS)


def actions(session: Session) -> list[tuple[str, str]]:
    return [(entry.actor, entry.action) for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_a_hold_says_why_and_is_released(session: Session, cast: Cast, browser: Open, holding: Sent) -> None:
    client = browser(cast.editor)
    text = client.get(PAGE).text
    assert "3 of 3 accepted. Waiting until 14:32." in text and "Release now" in text and "On hold" in text
    assert client.submit(f"{PAGE}/release").status_code == 303  # type: ignore[attr-defined]
    session.expire_all()
    found = session.get_one(Delivery, holding.delivery.id)
    assert (found.state, found.released_by) == (DeliveryState.SENDING, "editor@weekly.example")
    assert actions(session) == [("editor@weekly.example", "delivery.release")] and verify(session) == []
    text = client.get(PAGE).text
    assert "Release now" not in text and "Released by editor@weekly.example" in text
    assert client.submit(f"{PAGE}/release").status_code == 409  # type: ignore[attr-defined]


def test_a_hold_above_a_limit_is_not_an_ordinary_one(
    session: Session, cast: Cast, browser: Open, holding: Sent
) -> None:
    holding.delivery.hold_until = None
    session.flush()
    text = browser(cast.editor).get(PAGE).text
    assert "Release all the same" in text and 'class="notice pilot bad"' in text


def test_a_pilot_under_way_says_what_follows(session: Session, cast: Cast, browser: Open, holding: Sent) -> None:
    holding.delivery.state, holding.delivery.hold_until = DeliveryState.SENDING, None
    session.flush()
    text = browser(cast.editor).get(PAGE).text
    assert "the first 3 people" in text and "The other 3 follow after a pause" in text and "Release" not in text


def test_those_in_doubt_are_sent_again_once(session: Session, cast: Cast, browser: Open, sent: Sent) -> None:
    client = browser(cast.editor)
    text = client.get(PAGE).text
    assert "Send again to 2 unknown" in text and "second copy" in text
    for _ in range(2):  # the same form twice: a double click
        answer: Any = client.submit(f"{PAGE}/resend", seen="0")
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    acts = session.scalars(select(Requeue)).all()
    assert [(act.messages, act.by) for act in acts] == [(2, "editor@weekly.example")]
    assert actions(session) == [("editor@weekly.example", "delivery.resend")] and verify(session) == []
    text = client.get(PAGE).text
    assert "6 candidates = 3 accepted + 0 excluded + 1 failed + 0 unknown + 2 waiting" in text
    assert "editor@weekly.example sent again to 2 unknown" in text and "Send again" not in text
    assert f'name="seen" value="{acts[0].id}"' in text, "the other button acts on what this page shows"


def test_those_who_failed_are_tried_again_by_reason(session: Session, cast: Cast, browser: Open, sent: Sent) -> None:
    client = browser(cast.editor)
    assert "Retry the 1 failed" in client.get(PAGE).text
    refused: Any = client.submit(f"{PAGE}/retry", seen="0", reason="policy")
    assert refused.status_code == 409 and "“policy”" in refused.text
    assert client.submit(f"{PAGE}/retry", seen="0", reason="mailbox unknown").status_code == 303  # type: ignore[attr-defined]
    assert "tried again 1 failed (mailbox unknown)" in re.sub(r"\s+", " ", client.get(PAGE).text)
    assert actions(session) == [("editor@weekly.example", "delivery.retry")]


@pytest.mark.parametrize("verb", ["resend", "retry", "release"])
def test_a_viewer_sees_what_was_done_and_does_nothing(
    session: Session, cast: Cast, browser: Open, sent: Sent, verb: str
) -> None:
    client = browser(cast.viewer)
    text = client.get(PAGE).text
    assert "Send again" not in text and "Retry" not in text
    assert client.submit(f"{PAGE}/{verb}", seen="0").status_code == 403  # type: ignore[attr-defined]
    session.expire_all()
    assert session.get_one(Delivery, sent.delivery.id).state is DeliveryState.SENT


def test_an_issue_that_is_a_draft_again_offers_nothing(session: Session, cast: Cast, browser: Open) -> None:
    gone = send_issue(session, readers=1, newsletter=cast.weekly, states=(MessageState.REJECTED,))
    gone.delivery.state, gone.issue.state = DeliveryState.CANCELLED, IssueState.DRAFT
    session.flush()
    client = browser(cast.editor)
    assert "Retry" not in client.get(PAGE).text
    assert client.submit(f"{PAGE}/retry", seen="0").status_code == 409  # type: ignore[attr-defined]


@pytest.mark.parametrize("fields", [{}, {"seen": "x"}])
def test_a_form_without_what_was_seen_is_refused(
    session: Session, cast: Cast, browser: Open, sent: Sent, fields: dict[str, str]
) -> None:
    assert browser(cast.editor).submit(f"{PAGE}/resend", **fields).status_code == 422  # type: ignore[attr-defined]
    assert session.scalars(select(Requeue)).all() == []


def test_a_reason_with_markup_is_only_text(session: Session, cast: Cast, browser: Open, sent: Sent) -> None:
    session.add(
        Requeue(
            delivery_id=sent.delivery.id,
            was=MessageState.REJECTED,
            reason="<script>alert(1)</script>",
            messages=1,
            by="<b>x</b>",
        )
    )
    session.flush()
    text = browser(cast.viewer).get(PAGE).text
    assert "<script>alert" not in text and "<b>x</b>" not in text and "&lt;script&gt;alert(1)" in text
