"""Server-side sessions: opened at sign-in with a fresh secret, looked up per request, ended at once when revoked."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from curator.accounts.models import SignIn, User
from curator.settings import Settings

_SEEN_EVERY = timedelta(minutes=5)


def open_sign_in(session: Session, user: User, *, agent: str, settings: Settings) -> str:
    """Start a session for the user; the returned secret goes into the cookie and nowhere else."""
    secret = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            secret_hash=_hash(secret),
            user_id=user.id,
            csrf_token=secrets.token_urlsafe(24),
            agent=agent[:200],
            expires_at=func.now() + timedelta(days=settings.session_days),
        )
    )
    session.flush()
    return secret


def find_sign_in(
    session: Session, secret: str, settings: Settings, *, is_use: bool = True
) -> tuple[SignIn, User] | None:
    """The session of this secret and its user, unless expired, idle for too long or of a disabled user.

    Without `is_use` a page asked by itself, which keeps no session from being idle.
    """
    row = session.execute(
        select(SignIn, User)
        .join(User, User.id == SignIn.user_id)
        .where(
            SignIn.secret_hash == _hash(secret),
            SignIn.expires_at > func.now(),
            SignIn.seen_at > func.now() - timedelta(hours=settings.session_idle_hours),
            User.is_active,
        )
    ).one_or_none()
    if row is None:
        return None
    sign_in, user = row
    if not is_use:
        return sign_in, user
    # Noted every few minutes, not on every request: reading a page should not write a row.
    session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in.id, SignIn.seen_at < func.now() - _SEEN_EVERY)
        .values(seen_at=func.now())
    )
    return sign_in, user


def close_sign_in(session: Session, secret: str) -> None:
    """End the session of this secret."""
    session.execute(delete(SignIn).where(SignIn.secret_hash == _hash(secret)))


def close_all(session: Session, user_id: int) -> None:
    """End every session of the user."""
    session.execute(delete(SignIn).where(SignIn.user_id == user_id))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
