"""Links work once and expire; sessions end when idle, old, signed out, or when the password changes."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from curator.accounts.links import create_link, is_usable, redeem_link
from curator.accounts.models import Role, SignIn, SignInLink, User
from curator.accounts.sign_ins import close_all, close_sign_in, find_sign_in, open_sign_in
from curator.accounts.users import add_user, set_password
from curator.settings import Settings


@pytest.fixture
def ada(session: Session) -> User:
    return add_user(session, "ada@example.org", Role.OWNER)


def test_a_link_signs_in_once(session: Session, ada: User) -> None:
    secret = create_link(session, ada)
    assert is_usable(session, secret) and is_usable(session, secret)
    assert redeem_link(session, secret) is ada
    assert redeem_link(session, secret) is None
    assert not is_usable(session, secret)


def test_an_expired_or_altered_link_signs_nobody_in(session: Session, ada: User) -> None:
    secret = create_link(session, ada, minutes=1)
    assert redeem_link(session, secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None
    session.execute(update(SignInLink).values(expires_at=func.now() - timedelta(seconds=1)))
    assert redeem_link(session, secret) is None


def test_the_secrets_are_not_stored(session: Session, ada: User, settings: Settings) -> None:
    link = create_link(session, ada)
    cookie = open_sign_in(session, ada, agent="test", settings=settings)
    stored = [*session.scalars(select(SignInLink.secret_hash)), *session.scalars(select(SignIn.secret_hash))]
    assert len(stored) == 2
    assert all(link.encode() not in value and cookie.encode() not in value for value in stored)


@pytest.mark.parametrize(
    "change",
    [
        {"seen_at": func.now() - timedelta(hours=13)},
        {"expires_at": func.now() - timedelta(seconds=1)},
    ],
)
def test_an_idle_or_old_session_is_over(
    session: Session, ada: User, settings: Settings, change: dict[str, object]
) -> None:
    secret = open_sign_in(session, ada, agent="test", settings=settings)
    assert find_sign_in(session, secret, settings) is not None
    session.execute(update(SignIn).values(**change))
    assert find_sign_in(session, secret, settings) is None


def test_sessions_end_by_sign_out_password_and_disabling(session: Session, ada: User, settings: Settings) -> None:
    def fresh() -> str:
        return open_sign_in(session, ada, agent="test", settings=settings)

    first, second = fresh(), fresh()
    close_sign_in(session, first)
    assert find_sign_in(session, first, settings) is None and find_sign_in(session, second, settings)
    close_all(session, ada.id)
    assert find_sign_in(session, second, settings) is None
    third = fresh()
    set_password(session, ada, "a long enough sentence")
    assert find_sign_in(session, third, settings) is None
    fourth = fresh()
    ada.is_active = False
    session.flush()
    assert find_sign_in(session, fourth, settings) is None
