"""The rhythm of a newsletter, its weeks, and the deadline of an issue."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("issue", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "rhythm",
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("draft_days", sa.Integer(), nullable=False),
        sa.Column("draft_at", sa.Time(), nullable=False),
        sa.Column("assembles", sa.Boolean(), server_default="true", nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6 AND draft_days BETWEEN 0 AND 6", name=op.f("ck_rhythm_week")),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_rhythm_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("newsletter_id", name=op.f("pk_rhythm")),
    )
    op.create_table(
        "occasion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("issue_id", sa.BigInteger(), nullable=True),
        sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("skipped_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_occasion_issue_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_occasion_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occasion")),
        sa.UniqueConstraint("newsletter_id", "day", name=op.f("uq_occasion_newsletter_id_day")),
    )
    op.create_index(op.f("ix_occasion_issue_id"), "occasion", ["issue_id"], unique=False)


def downgrade() -> None:
    op.drop_table("occasion")
    op.drop_table("rhythm")
    op.drop_column("issue", "due_at")
