"""An approval is another person's, of exactly these words; a later change voids it and says what changed."""

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from curator.accounts.models import Role, User
from curator.accounts.users import add_user, revoke
from curator.errors import CheckFailed, Conflict, Forbidden, Invalid, NotFound
from curator.issues.approval import Approval, ApprovalState, decide, refuse_unapproved, standing, submit
from curator.issues.approval_links import ApprovalLink, create_link, decide_by_link, find_link
from curator.issues.compose import add_item, get_issue
from curator.issues.edit import edit_issue
from curator.issues.models import Issue
from tests.issues.rows import a_newsletter, an_article, an_issue

ADA, BO = "ada@example.org", "bo@example.org"


@pytest.fixture
def issue(session: Session) -> Issue:
    newsletter = a_newsletter(session)
    newsletter.needs_approval = True
    made = an_issue(session, newsletter)
    add_item(session, made.id, an_article(session, newsletter).id, made.sections[0].name, by=ADA)
    return get_issue(session, made.id)


@pytest.fixture
def bo(session: Session, issue: Issue) -> User:
    return add_user(session, BO, Role.EDITOR, issue.newsletter_id)


def test_another_person_approves(session: Session, issue: Issue) -> None:
    with pytest.raises(CheckFailed):
        refuse_unapproved(session, issue.id)
    submitted = submit(session, issue.id, ADA)
    with pytest.raises(Forbidden):
        decide(session, submitted.id, ADA, is_approved=True)
    with pytest.raises(CheckFailed):
        refuse_unapproved(session, issue.id)
    decide(session, submitted.id, BO, is_approved=True)
    refuse_unapproved(session, issue.id)
    with pytest.raises(Conflict):
        decide(session, submitted.id, "cy@example.org", is_approved=False, word="x")


def test_a_change_voids_it_and_is_named_and_the_same_words_again_hold(session: Session, issue: Issue) -> None:
    decide(session, submit(session, issue.id, ADA).id, BO, is_approved=True)
    edit_issue(session, issue.id, "subject", "Anders", issue.version, ADA)
    assert standing(session, issue.id).changes == ("the subject",)
    with pytest.raises(CheckFailed, match="the subject"):
        refuse_unapproved(session, issue.id)
    edit_issue(session, issue.id, "subject", "Deze week", get_issue(session, issue.id).version, ADA)
    refuse_unapproved(session, issue.id)


def test_the_newsletters_own_settings_void_it_too(session: Session, issue: Issue) -> None:
    decide(session, submit(session, issue.id, ADA).id, BO, is_approved=True)
    issue.newsletter.from_name = "Iemand anders"
    session.flush()
    assert "settings" in standing(session, issue.id).changes[0]


def test_what_changed_before_the_decision_is_not_approved_unseen(session: Session, issue: Issue) -> None:
    submitted = submit(session, issue.id, ADA)
    edit_issue(session, issue.id, "intro", "Nieuw", issue.version, ADA)
    with pytest.raises(Conflict, match="introduction"):
        decide(session, submitted.id, BO, is_approved=True)
    again = submit(session, issue.id, ADA)
    session.refresh(submitted)
    assert submitted.state is ApprovalState.WITHDRAWN
    decide(session, again.id, BO, is_approved=True)


def test_sending_back_takes_a_word(session: Session, issue: Issue) -> None:
    submitted = submit(session, issue.id, ADA)
    with pytest.raises(Invalid):
        decide(session, submitted.id, BO, is_approved=False, word=" ")
    decide(session, submitted.id, BO, is_approved=False, word="De titel klopt niet")
    assert "De titel klopt niet" in standing(session, issue.id).in_words
    with pytest.raises(CheckFailed):
        refuse_unapproved(session, issue.id)


def test_submitting_twice_changes_nothing(session: Session, issue: Issue) -> None:
    submit(session, issue.id, ADA)
    with pytest.raises(Conflict):
        submit(session, issue.id, ADA)
    assert session.scalar(select(func.count()).select_from(Approval)) == 1


def test_without_the_rule_nothing_is_asked(session: Session, issue: Issue) -> None:
    issue.newsletter.needs_approval = False
    refuse_unapproved(session, issue.id)


def test_a_link_decides_once_as_its_owner(session: Session, issue: Issue, bo: User) -> None:
    submitted = submit(session, issue.id, ADA)
    secret = create_link(session, submitted, bo)
    assert find_link(session, secret) == (submitted, bo)
    assert find_link(session, secret) == (submitted, bo), "looking uses nothing up"
    assert decide_by_link(session, secret, is_approved=True).decided_by == BO
    assert find_link(session, secret) is None
    with pytest.raises(NotFound):
        decide_by_link(session, secret, is_approved=False, word="x")


@pytest.mark.parametrize("how", ["expired", "inactive", "revoked", "withdrawn", "guessed"])
def test_a_link_that_is_worth_nothing(session: Session, issue: Issue, bo: User, how: str) -> None:
    submitted = submit(session, issue.id, ADA)
    secret = create_link(session, submitted, bo)
    if how == "expired":
        session.execute(update(ApprovalLink).values(expires_at=func.now() - text("interval '1 second'")))
    elif how == "inactive":
        bo.is_active = False
    elif how == "revoked":
        revoke(session, bo, issue.newsletter_id)
    elif how == "withdrawn":
        edit_issue(session, issue.id, "intro", "Nieuw", issue.version, ADA)
        submit(session, issue.id, ADA)
    else:
        secret = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    session.flush()
    assert find_link(session, secret) is None
    with pytest.raises(NotFound):
        decide_by_link(session, secret, is_approved=True)
    assert not standing(session, issue.id).is_approved


def test_a_link_does_not_let_its_owner_approve_their_own(session: Session, issue: Issue, bo: User) -> None:
    submitted = submit(session, issue.id, BO)
    secret = create_link(session, submitted, bo)
    with pytest.raises(Forbidden):
        decide_by_link(session, secret, is_approved=True)
