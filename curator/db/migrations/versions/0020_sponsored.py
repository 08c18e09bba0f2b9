"""Sections sold to sponsors: always with a label and a limit."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("section", sa.Column("is_sponsored", sa.Boolean(), server_default="false", nullable=False))
    op.execute("UPDATE section SET is_sponsored = true WHERE label <> '' AND maximum IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_section_sponsored"), "section", "NOT is_sponsored OR (label <> '' AND maximum IS NOT NULL)"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_section_sponsored"), "section")
    op.drop_column("section", "is_sponsored")
