"""The picture a feed names for an article, for when its page has none."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("article", sa.Column("feed_picture", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("article", "feed_picture")
