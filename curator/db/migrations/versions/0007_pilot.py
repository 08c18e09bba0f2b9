"""The pilot of a delivery, and what a person had sent again."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STATES = (
    "pending",
    "claimed",
    "attempting",
    "deferred",
    "accepted",
    "rejected",
    "unknown",
    "suppressed",
    "cancelled",
)


def upgrade() -> None:
    op.add_column("batch", sa.Column("is_pilot", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("delivery", sa.Column("pilot", sa.Integer(), nullable=True))
    op.add_column("delivery", sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("released_by", sa.Text(), nullable=True))
    # What was frozen before goes on at once.
    op.execute("UPDATE delivery SET pilot = 0 WHERE expected IS NOT NULL")
    op.create_table(
        "requeue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "was",
            sa.Enum(*_STATES, name="known_messagestate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_requeue_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requeue")),
    )
    op.create_index(op.f("ix_requeue_delivery_id"), "requeue", ["delivery_id"], unique=False)
    op.create_table(
        "requeued",
        sa.Column("requeue_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("last_reply", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_requeued_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["requeue_id"], ["requeue.id"], name=op.f("fk_requeued_requeue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("requeue_id", "message_id", name=op.f("pk_requeued")),
    )
    op.create_index("ix_requeued_message", "requeued", ["message_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
