"""The record of bounces, heard in the session or later by mail."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "bounce",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=True),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=True),
        sa.Column("source", _known("known_source", "session", "mail", "webhook"), nullable=False),
        sa.Column(
            "kind",
            _known(
                "known_bounceclass",
                "recipient",
                "mailbox full",
                "block",
                "policy",
                "rate",
                "network",
                "content",
                "other",
            ),
            nullable=False,
        ),
        sa.Column("is_hard", sa.Boolean(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_bounce_message_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_bounce_newsletter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_bounce_subscriber_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        sa.UniqueConstraint("message_id", name=op.f("uq_bounce_message_id")),
    )
    op.create_index("ix_bounce_newsletter", "bounce", ["newsletter_id", "at"], unique=False)
    op.create_index("ix_bounce_subscriber", "bounce", ["subscriber_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_table("bounce")


def _known(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
