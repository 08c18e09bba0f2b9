"""Batches also tell how many of their accepted messages are measured, so that a report need not read the ledger."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COUNT = """
UPDATE batch SET measured = counted.measured FROM (
    SELECT batch.id, count(*) AS measured
    FROM batch JOIN message ON message.id BETWEEN batch.first_id AND batch.last_id
        AND message.delivery_id + 0 = batch.delivery_id
    WHERE message.state = 'accepted' AND message.is_individual GROUP BY batch.id
) AS counted WHERE batch.id = counted.id
"""


def upgrade() -> None:
    op.add_column("batch", sa.Column("measured", sa.Integer(), server_default="0", nullable=False))
    op.execute(_COUNT)


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
