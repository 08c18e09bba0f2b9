"""Accounts: one per address, roles replaced and not piled up, passwords checked alike for known and unknown."""

import pytest
from sqlalchemy.orm import Session

from curator.accounts.models import Role
from curator.accounts.roles import may, newsletters_of, role_of
from curator.accounts.users import add_user, check_password, find_user, grant, list_users, revoke, set_password
from curator.errors import Invalid, NotFound
from curator.issues.newsletters import create_newsletter


def test_an_address_has_one_account_however_it_is_written(session: Session) -> None:
    first = add_user(session, "Ada@Example.org", Role.VIEWER)
    again = add_user(session, " ada@example.ORG ", Role.OWNER)
    assert again.id == first.id
    assert role_of(session, first.id, None) is Role.OWNER
    assert len(list_users(session)) == 1


@pytest.mark.parametrize(
    "address", ["", "ada", "a@b@c", "ada@example.org, bob@example.org", "<ada@example.org>", "a\n@b.c"]
)
def test_what_is_not_one_plain_address_is_refused(session: Session, address: str) -> None:
    with pytest.raises(Invalid, match="not an e-mail address"):
        add_user(session, address, Role.VIEWER)


def test_an_unknown_address_names_the_next_step(session: Session) -> None:
    with pytest.raises(NotFound, match="curator users add"):
        find_user(session, "nobody@example.org")


def test_a_grant_holds_for_its_newsletter_only(session: Session) -> None:
    mine = create_newsletter(session, "mine", name="Mine", from_address="a@mine.example")
    theirs = create_newsletter(session, "theirs", name="Theirs", from_address="a@theirs.example")
    user = add_user(session, "ada@example.org", Role.EDITOR, mine.id)
    assert role_of(session, user.id, mine.id) is Role.EDITOR
    assert role_of(session, user.id, theirs.id) is None
    assert newsletters_of(session, user.id) == [mine.id]
    grant(session, user, Role.VIEWER)
    assert role_of(session, user.id, mine.id) is Role.EDITOR  # the stronger of the two
    assert role_of(session, user.id, theirs.id) is Role.VIEWER
    assert newsletters_of(session, user.id) is None
    revoke(session, user)
    assert role_of(session, user.id, theirs.id) is None


def test_what_each_role_may_do() -> None:
    allowed = {role: [a for a in ("read", "edit", "send", "own") if may(role, a)] for role in (None, *Role)}  # type: ignore[arg-type]
    assert allowed == {
        None: [],
        Role.OWNER: ["read", "edit", "send", "own"],
        Role.SENDER: ["read", "edit", "send"],
        Role.EDITOR: ["read", "edit"],
        Role.VIEWER: ["read"],
    }


def test_a_password_opens_only_its_own_account(session: Session) -> None:
    ada = add_user(session, "ada@example.org", Role.OWNER)
    add_user(session, "bob@example.org", Role.OWNER)
    set_password(session, ada, "a long enough sentence")
    assert check_password(session, "ADA@example.org", "a long enough sentence") is ada
    assert check_password(session, "ada@example.org", "a long enough sentencE") is None
    assert check_password(session, "bob@example.org", "a long enough sentence") is None
    assert check_password(session, "nobody@example.org", "a long enough sentence") is None
    assert check_password(session, "not an address", "a long enough sentence") is None
    ada.is_active = False
    session.flush()
    assert check_password(session, "ada@example.org", "a long enough sentence") is None


def test_a_short_password_is_refused(session: Session) -> None:
    with pytest.raises(Invalid, match="at least 10 characters"):
        set_password(session, add_user(session, "ada@example.org", Role.OWNER), "short")
