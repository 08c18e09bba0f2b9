"""Single-use links by which a colleague decides without signing in. The mail has 256 random bits, the row their hash.

Opening one uses nothing up: scanners open links. It is worth nothing once its submission is decided, changed or old.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, LargeBinary, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from curator.accounts.models import User
from curator.accounts.roles import may, role_of
from curator.db.base import Base, Id
from curator.errors import NotFound
from curator.issues.approval import Approval, ApprovalState, decide
from curator.issues.models import Issue

DAYS = 7


class ApprovalLink(Base):
    """A link of one person for one submission. `used_at` is set by a conditional update."""

    __tablename__ = "approval_link"

    id: Mapped[Id]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def create_link(session: Session, approval: Approval, user: User) -> str:
    """A new secret for {public address}/approve/{secret}."""
    secret = secrets.token_urlsafe(32)
    session.add(
        ApprovalLink(
            secret_hash=_hash(secret),
            approval_id=approval.id,
            user_id=user.id,
            expires_at=func.now() + timedelta(days=DAYS),
        )
    )
    session.flush()
    return secret


def find_link(session: Session, secret: str) -> tuple[Approval, User] | None:
    """The submission that may still be decided by this link, and whose link it is; None for any other."""
    found = session.execute(
        select(Approval, User)
        .join(ApprovalLink, ApprovalLink.approval_id == Approval.id)
        .join(User, User.id == ApprovalLink.user_id)
        .where(
            ApprovalLink.secret_hash == _hash(secret),
            ApprovalLink.used_at.is_(None),
            ApprovalLink.expires_at > func.now(),
            Approval.state == ApprovalState.WAITING,
            User.is_active,
        )
    ).first()
    if found is None:
        return None
    approval, user = found
    newsletter_id = session.get_one(Issue, approval.issue_id).newsletter_id
    return (approval, user) if may(role_of(session, user.id, newsletter_id), "edit") else None


def decide_by_link(session: Session, secret: str, *, is_approved: bool, word: str = "") -> Approval:
    """Use the link up and decide as the person it was mailed to; `NotFound` when it is worth nothing any more."""
    found = find_link(session, secret)
    taken = session.execute(
        update(ApprovalLink)
        .where(ApprovalLink.secret_hash == _hash(secret), ApprovalLink.used_at.is_(None))
        .values(used_at=func.now())
        .returning(ApprovalLink.id)
    ).first()
    if found is None or taken is None:
        raise NotFound("This link is used up, or the issue was decided or submitted anew. Open the desk to see.")
    approval, user = found
    return decide(session, approval.id, user.address_key, is_approved=is_approved, word=word)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
