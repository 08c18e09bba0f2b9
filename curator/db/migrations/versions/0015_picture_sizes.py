"""A second, smaller size of every picture."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("picture", sa.Column("small_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_picture_small_id_picture"), "picture", "picture", ["small_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_picture_small_id_picture"), "picture", type_="foreignkey")
    op.drop_column("picture", "small_id")
