"""Users, what they may do, their sign-ins, and the audit chain. Secrets are stored hashed only."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from curator.db.base import Base, Id, states


class Role(StrEnum):
    """What a user may do: an owner everything, a sender edits and may press Send, an editor edits, a viewer reads."""

    OWNER = "owner"
    SENDER = "sender"
    EDITOR = "editor"
    VIEWER = "viewer"


class User(Base):
    """A person who signs in to the desk."""

    __tablename__ = "user_account"

    id: Mapped[Id]
    address: Mapped[str]
    # One account per address however it is written: the key is the canonical form, lower case.
    address_key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Grant(Base):
    """A role of a user, for one newsletter or (newsletter_id NULL) for all of them."""

    __tablename__ = "grant_of_role"
    # NULLS NOT DISTINCT: "all newsletters" is one grant too, not any number of them.
    __table_args__ = (UniqueConstraint("user_id", "newsletter_id", postgresql_nulls_not_distinct=True),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    newsletter_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role] = mapped_column(states(Role))


class SignIn(Base):
    """A server-side session. The cookie carries the secret; the row only its SHA-256."""

    __tablename__ = "sign_in"

    id: Mapped[Id]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    csrf_token: Mapped[str]
    agent: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


class SignInLink(Base):
    """A one-time link. Used at most once: `used_at` is set by a conditional update."""

    __tablename__ = "sign_in_link"

    id: Mapped[Id]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class TokenScope(StrEnum):
    """What a program may do: bring articles and read what became of them, or only read."""

    WRITE = "write"
    READ = "read"


class ApiToken(Base):
    """A secret with which a program acts as its user at one newsletter, for as long as the user may edit it."""

    __tablename__ = "api_token"

    id: Mapped[Id]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    scope: Mapped[TokenScope] = mapped_column(states(TokenScope), server_default=TokenScope.WRITE)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what, append only. `hash` covers the entry and the previous hash, so an edit is found."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_kind", "subject_id"),)

    id: Mapped[Id]
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    # Unique: two entries cannot follow the same predecessor, so the chain cannot fork.
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
