"""Planned and skipped days, and how long editors work on an issue."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "calendar_day",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "intent",
            sa.Enum("planned", "skipped", name="known_intent", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_calendar_day_issue_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_calendar_day_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_day")),
        sa.UniqueConstraint("newsletter_id", "day", name=op.f("uq_calendar_day_newsletter_id_day")),
    )
    op.create_index(op.f("ix_calendar_day_issue_id"), "calendar_day", ["issue_id"], unique=False)
    moment = sa.text("clock_timestamp()")
    op.create_table(
        "editing_time",
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=moment, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=moment, nullable=False),
        sa.Column("seconds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_editing_time_issue_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_editing_time_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issue_id", "user_id", name=op.f("pk_editing_time")),
    )
    op.create_index(op.f("ix_editing_time_user_id"), "editing_time", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("editing_time")
    op.drop_table("calendar_day")
