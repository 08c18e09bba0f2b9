"""Approval of issues, and the right to send apart from the right to edit."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STATES = ("waiting", "approved", "sent_back", "withdrawn")


def upgrade() -> None:
    op.add_column("newsletter", sa.Column("needs_approval", sa.Boolean(), server_default="false", nullable=False))
    _known("grant_of_role", "role", "known_role", "owner", "sender", "editor", "viewer")
    # Whoever might send until now still may.
    op.execute("UPDATE grant_of_role SET role = 'sender' WHERE role = 'editor'")
    _known("notice", "kind", "known_noticekind", "test", "confirmation", "sign-in", "approval")
    op.create_table(
        "approval",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(*_STATES, name="known_approvalstate", native_enum=False, create_constraint=True, length=32),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("word", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_approval_issue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index(op.f("ix_approval_issue_id"), "approval", ["issue_id"], unique=False)
    op.create_index(
        "uq_approval_waiting", "approval", ["issue_id"], unique=True, postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_table(
        "approval_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("approval_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approval.id"], name=op.f("fk_approval_link_approval_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_approval_link_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_link")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_approval_link_secret_hash")),
    )
    op.create_index(op.f("ix_approval_link_approval_id"), "approval_link", ["approval_id"], unique=False)
    op.create_index(op.f("ix_approval_link_user_id"), "approval_link", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("approval_link")
    op.drop_table("approval")
    op.execute("DELETE FROM notice WHERE kind = 'approval'")
    _known("notice", "kind", "known_noticekind", "test", "confirmation", "sign-in")
    op.execute("ALTER TABLE grant_of_role DROP CONSTRAINT ck_grant_of_role_known_role")
    op.execute("UPDATE grant_of_role SET role = 'editor' WHERE role = 'sender'")
    op.create_check_constraint("known_role", "grant_of_role", "role IN ('owner', 'editor', 'viewer')")
    op.drop_column("newsletter", "needs_approval")


def _known(table: str, column: str, name: str, *values: str) -> None:
    """Let the column hold these values."""
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(name, table, f"{column} IN ({listed})")
