"""Which of our designs a newsletter has."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("newsletter", sa.Column("design", sa.Text(), server_default="classic", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
