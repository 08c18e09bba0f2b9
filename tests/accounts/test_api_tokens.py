"""Tokens: shown once, kept hashed, ended by time, by revoking and with their user."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.accounts.api_tokens import PREFIX, create_token, find_token, list_tokens, revoke_token
from curator.accounts.models import ApiToken, Role, User
from curator.accounts.users import add_user
from curator.errors import Forbidden, Invalid, NotFound
from tests.issues.rows import a_newsletter


@pytest.fixture
def newsletter_id(session: Session) -> int:
    return a_newsletter(session).id


@pytest.fixture
def editor(session: Session, newsletter_id: int) -> User:
    return add_user(session, "editor@example.org", Role.EDITOR, newsletter_id)


def test_a_token_is_found_by_its_secret_alone(session: Session, newsletter_id: int, editor: User) -> None:
    token, secret = create_token(session, editor, newsletter_id, "robot", 30)
    assert secret.startswith(PREFIX) and len(secret) > 50
    assert secret.encode() not in session.scalars(select(ApiToken.secret_hash)).one()
    assert find_token(session, secret) == (token, editor)
    session.refresh(token)
    assert token.used_at is not None
    for wrong in ("", PREFIX, secret[:-1], secret + "x", secret.swapcase(), secret.removeprefix(PREFIX), "x" * 10_000):
        assert find_token(session, wrong) is None


def test_it_ends_with_time_with_revoking_and_with_its_user(session: Session, newsletter_id: int, editor: User) -> None:
    token, secret = create_token(session, editor, newsletter_id, "robot", 1)
    token.expires_at = func.now() - timedelta(seconds=1)
    session.flush()
    assert find_token(session, secret) is None
    other, secret = create_token(session, editor, newsletter_id, "robot", 1)
    with pytest.raises(NotFound):
        revoke_token(session, newsletter_id + 1, other.id)
    editor.is_active = False
    session.flush()
    assert find_token(session, secret) is None
    editor.is_active = True
    revoke_token(session, newsletter_id, other.id)
    assert find_token(session, secret) is None
    assert [one.id for one, _ in list_tokens(session, newsletter_id)] == [token.id]


def test_who_and_how_long(session: Session, newsletter_id: int, editor: User) -> None:
    viewer = add_user(session, "viewer@example.org", Role.VIEWER, newsletter_id)
    with pytest.raises(Forbidden):
        create_token(session, viewer, newsletter_id, "robot", 1)
    for name, days in (("", 1), ("x" * 101, 1), ("x", 0), ("x", 10_000)):
        with pytest.raises(Invalid):
            create_token(session, editor, newsletter_id, name, days)
