"""Tokens of programs: 256 random bits behind a prefix that scanners know, kept as SHA-256, bound to one newsletter.

A token can do nothing its user could not do there, or only read; it ends by itself, and at once when revoked.
"""

import hashlib
import re
import secrets
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from curator.accounts.models import ApiToken, TokenScope, User
from curator.accounts.roles import may, role_of
from curator.errors import Forbidden, Invalid, NotFound

PREFIX = "curator_"
LONGEST_DAYS = 730

_SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_USED_EVERY = timedelta(minutes=5)


def create_token(
    session: Session, user: User, newsletter_id: int, name: str, days: int, scope: TokenScope = TokenScope.WRITE
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is shown this once. `Forbidden` for somebody who may not edit there."""
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise Invalid("Give the token a name of at most 100 characters, so that you know it when you revoke it.")
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"A token lives 1 to {LONGEST_DAYS} days.")
    if not may(role_of(session, user.id, newsletter_id), "edit"):
        raise Forbidden(f"{user.address} may not edit this newsletter, so a token of theirs could do nothing.")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        secret_hash=_hash(secret),
        user_id=user.id,
        newsletter_id=newsletter_id,
        name=name.strip(),
        scope=scope,
        expires_at=func.now() + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    return token, secret


def find_token(session: Session, secret: str) -> tuple[ApiToken, User] | None:
    """The token of this secret and its user, unless it expired or the user is disabled."""
    if not _SHAPE.fullmatch(secret):
        return None
    row = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.secret_hash == _hash(secret), ApiToken.expires_at > func.now(), User.is_active)
    ).one_or_none()
    if row is None:
        return None
    token, user = row
    # Noted every few minutes, not with every request.
    is_old = (ApiToken.used_at.is_(None)) | (ApiToken.used_at < func.now() - _USED_EVERY)
    session.execute(update(ApiToken).where(ApiToken.id == token.id, is_old).values(used_at=func.now()))
    return token, user


def list_tokens(session: Session, newsletter_id: int) -> list[tuple[ApiToken, User]]:
    """Every token of a newsletter, expired ones too, with whose it is."""
    statement = select(ApiToken, User).join(User, User.id == ApiToken.user_id)
    rows = session.execute(statement.where(ApiToken.newsletter_id == newsletter_id).order_by(ApiToken.id))
    return [(token, user) for token, user in rows]


def revoke_token(session: Session, newsletter_id: int, token_id: int) -> None:
    """End a token at once."""
    gone = session.execute(
        delete(ApiToken).where(ApiToken.id == token_id, ApiToken.newsletter_id == newsletter_id).returning(ApiToken.id)
    ).first()
    if gone is None:
        raise NotFound("There is no such token. `curator tokens list SLUG` shows them.")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
