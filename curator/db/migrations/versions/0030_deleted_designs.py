"""Designs that were deleted: editions keep their versions, and the name is free again."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("design", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint("uq_design_newsletter_id_name", "design", type_="unique")
    op.create_index(
        "uq_design_name",
        "design",
        ["newsletter_id", "name"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("UPDATE design SET name = name || ' (deleted ' || id || ')' WHERE deleted_at IS NOT NULL")
    op.drop_index("uq_design_name", table_name="design")
    op.create_unique_constraint("uq_design_newsletter_id_name", "design", ["newsletter_id", "name"])
    op.drop_column("design", "deleted_at")
