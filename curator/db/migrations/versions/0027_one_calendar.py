"""One row for a day, whether the rhythm or an editor means something by it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("calendar_day", sa.Column("made_at", sa.DateTime(timezone=True), nullable=True))
    # Of two rows for a day a skip wins, because nothing that was skipped may come by itself; notes stay.
    op.execute(
        """
        INSERT INTO calendar_day (newsletter_id, day, intent, issue_id, by, at, made_at)
        SELECT newsletter_id, day, CASE WHEN skipped_at IS NULL THEN 'planned' ELSE 'skipped' END, issue_id,
               coalesce(skipped_by, 'Curator'), coalesce(skipped_at, now()),
               CASE WHEN skipped_at IS NULL OR issue_id IS NOT NULL THEN now() END
        FROM occasion
        ON CONFLICT (newsletter_id, day) DO UPDATE SET
            intent = CASE WHEN excluded.intent = 'skipped' THEN 'skipped' ELSE calendar_day.intent END,
            issue_id = coalesce(excluded.issue_id, calendar_day.issue_id),
            made_at = excluded.made_at
        """
    )
    # A week that the calendar alone said was skipped: its draft waits, like that of any week that is skipped.
    op.execute(
        """
        UPDATE issue SET due_at = NULL FROM calendar_day
        WHERE calendar_day.issue_id = issue.id AND calendar_day.intent = 'skipped' AND issue.state = 'draft'
        """
    )
    op.drop_table("occasion")


def downgrade() -> None:
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
    op.execute(
        """
        INSERT INTO occasion (newsletter_id, day, issue_id, skipped_at, skipped_by)
        SELECT newsletter_id, day, issue_id, CASE WHEN intent = 'skipped' THEN at END,
               CASE WHEN intent = 'skipped' THEN by END
        FROM calendar_day WHERE made_at IS NOT NULL OR intent = 'skipped'
        """
    )
    op.drop_column("calendar_day", "made_at")
