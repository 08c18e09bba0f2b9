"""Approval on the desk and by a mailed link: who may, what is mailed, what a scanner cannot do, what Send refuses."""

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import Role
from curator.accounts.users import add_user, revoke
from curator.delivery.models import Delivery, Notice, NoticeKind
from curator.issues.approval import Approval, standing
from curator.issues.compose import add_item, create_issue, get_issue
from curator.issues.edit import edit_issue
from curator.issues.models import Issue
from tests.issues.rows import an_article

BASE = "/n/weekly/issues/1"


@pytest.fixture
def issue(session: Session, cast: Any) -> Issue:
    cast.weekly.needs_approval = True
    made = create_issue(session, cast.weekly.id, "A subject that is long enough")
    add_item(session, made.id, an_article(session, cast.weekly).id, made.sections[0].name)
    return get_issue(session, made.id)


def links(session: Session) -> dict[str, str]:
    """Per address, the path of the link that was mailed."""
    found = {}
    for notice in session.scalars(select(Notice).where(Notice.kind == NoticeKind.APPROVAL)):
        body = message_from_bytes(notice.content, policy=policy.default).get_body(("plain",))
        assert body is not None
        match = re.search(r"https?://[^/]+(/approve/\S+)", body.get_content())  # type: ignore[attr-defined]
        assert match is not None
        found[notice.address] = match[1]
    return found


def test_a_colleague_approves_by_a_mailed_link_that_a_scanner_cannot_use_up(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any], anonymous: Any
) -> None:
    answer = browser(cast.editor).submit(f"{BASE}/approval")
    assert answer.status_code == 303
    mailed = links(session)
    assert set(mailed) == {"owner@weekly.example"}, "never to whoever submitted, nor to a viewer"
    path = mailed["owner@weekly.example"]
    for _ in range(3):
        assert anonymous.get(path).status_code == 200
        assert anonymous.head(path).status_code in (200, 405)
        assert issue.subject in anonymous.get(f"{path}/preview").text
    assert not standing(session, issue.id).is_approved
    foreign = anonymous.post(path, data={"decision": "approve"}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert not standing(session, issue.id).is_approved
    done = anonymous.post(path, data={"decision": "approve"})
    assert done.status_code == 200
    assert standing(session, issue.id).is_approved
    assert anonymous.get(path).status_code == 404
    assert anonymous.get(f"{path}/preview").status_code == 404


def test_sending_back_without_a_word_keeps_the_link(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any], anonymous: Any
) -> None:
    browser(cast.editor).submit(f"{BASE}/approval")
    path = links(session)["owner@weekly.example"]
    assert anonymous.post(path, data={"decision": "back"}).status_code == 422
    assert anonymous.post(path, data={"decision": "back", "word": "Te lang"}).status_code == 200
    page = browser(cast.editor).get(f"{BASE}/approval").text
    assert "Te lang" in page


def decisions(session: Session) -> list[tuple[str, str, str]]:
    """Kind, address and text of the mails about decisions, in order."""
    found = []
    kinds = (NoticeKind.APPROVED, NoticeKind.SENT_BACK)
    for notice in session.scalars(select(Notice).where(Notice.kind.in_(kinds)).order_by(Notice.id)):
        body = message_from_bytes(notice.content, policy=policy.default).get_body(("plain",))
        assert body is not None
        found.append((notice.kind.value, notice.address, body.get_content()))  # type: ignore[attr-defined]
    return found


def test_whoever_submitted_is_told_of_the_decision_and_its_remark(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any], anonymous: Any
) -> None:
    editor = browser(cast.editor)
    editor.submit(f"{BASE}/approval")
    anonymous.post(links(session)["owner@weekly.example"], data={"decision": "back", "word": "Te lang"})
    ((kind, address, text),) = decisions(session)
    assert (kind, address) == ("sent-back", "editor@weekly.example")
    assert "Te lang" in text and f"{BASE}/approval" in text
    edit_issue(session, issue.id, "subject", "A shorter subject", get_issue(session, issue.id).version, "x")
    editor.submit(f"{BASE}/approval")
    second = session.scalars(select(Approval).order_by(Approval.id.desc())).first()
    assert second is not None
    owner = browser(cast.owner)
    assert owner.submit(f"{BASE}/approval/{second.id}", decision="approve").status_code == 303
    assert owner.submit(f"{BASE}/approval/{second.id}", decision="approve").status_code == 422
    assert [kind for kind, _, _ in decisions(session)] == ["sent-back", "approved"]


def test_who_left_the_desk_is_told_nothing(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    browser(cast.editor).submit(f"{BASE}/approval")
    revoke(session, cast.editor, cast.weekly.id)
    submitted = session.scalars(select(Approval)).one()
    browser(cast.owner).submit(f"{BASE}/approval/{submitted.id}", decision="approve")
    assert standing(session, issue.id).is_approved
    assert decisions(session) == []


def test_nobody_approves_their_own_and_a_viewer_decides_nothing(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    editor = browser(cast.editor)
    editor.submit(f"{BASE}/approval")
    submitted = session.scalars(select(Approval)).one()
    path = f"{BASE}/approval/{submitted.id}"
    assert editor.submit(path, decision="approve").status_code == 422
    assert browser(cast.viewer).submit(path, decision="approve").status_code == 403
    assert browser(cast.viewer).submit(f"{BASE}/approval").status_code == 403
    assert not standing(session, issue.id).is_approved
    assert browser(cast.owner).submit(path, decision="approve").status_code == 303
    assert standing(session, issue.id).is_approved


def test_a_submission_of_another_newsletter_does_not_exist(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    browser(cast.owner).submit(f"{BASE}/approval")
    submitted = session.scalars(select(Approval)).one()
    create_issue(session, cast.other.id, "Other")
    stranger = browser(add_user(session, "stranger@other.example", Role.OWNER, cast.other.id))
    assert stranger.submit(f"/n/other/issues/1/approval/{submitted.id}", decision="approve").status_code == 404
    assert stranger.submit(f"{BASE}/approval/{submitted.id}", decision="approve").status_code == 404


def test_send_is_refused_without_it_and_names_why(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    owner = browser(cast.owner)
    page = owner.get(f"{BASE}/send").text
    assert f'href="{BASE}/approval"' in page
    assert owner.submit(f"{BASE}/send").status_code == 422
    assert session.scalars(select(Delivery)).all() == []


def test_whoever_only_edits_does_not_send(
    session: Session, cast: Any, issue: Issue, browser: Callable[..., Any]
) -> None:
    writer = browser(add_user(session, "writer@weekly.example", Role.EDITOR, cast.weekly.id))
    assert writer.get(f"{BASE}/send").status_code == 200
    assert writer.submit(f"{BASE}/send").status_code == 403
    assert writer.submit("/n/weekly/deliveries/1/resume").status_code == 403


def test_only_an_owner_sets_the_rule(session: Session, cast: Any, browser: Callable[..., Any]) -> None:
    path = "/n/weekly/settings/approval"
    assert browser(cast.editor).submit(path, needs_approval="true").status_code == 403
    assert browser(cast.owner).submit(path, needs_approval="true").status_code == 303
    session.refresh(cast.weekly)
    assert cast.weekly.needs_approval is True
    assert browser(cast.owner).submit(path).status_code == 303
    session.refresh(cast.weekly)
    assert cast.weekly.needs_approval is False
