"""One-time sign-in links. The link carries 256 random bits, the row their SHA-256; one use, then worthless."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from curator.accounts.models import SignInLink, User


def create_link(session: Session, user: User, minutes: int = 60) -> str:
    """A new secret for {public address}/sign-in/{secret}, good once within `minutes`."""
    secret = secrets.token_urlsafe(32)
    session.add(
        SignInLink(secret_hash=_hash(secret), user_id=user.id, expires_at=func.now() + timedelta(minutes=minutes))
    )
    session.flush()
    return secret


def is_usable(session: Session, secret: str) -> bool:
    """Whether the link would still sign somebody in. Uses nothing up: mail scanners open links."""
    return session.scalar(select(SignInLink.id).where(*_usable(secret))) is not None


def redeem_link(session: Session, secret: str) -> User | None:
    """The user of an unused, unexpired link, which is used up by this; None for any other."""
    taken = session.scalar(
        update(SignInLink).where(*_usable(secret)).values(used_at=func.now()).returning(SignInLink.user_id)
    )
    return session.scalar(select(User).where(User.id == taken, User.is_active)) if taken else None


def _usable(secret: str) -> tuple[ColumnElement[bool], ...]:
    return (SignInLink.secret_hash == _hash(secret), SignInLink.used_at.is_(None), SignInLink.expires_at > func.now())


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
