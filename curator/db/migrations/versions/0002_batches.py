"""Batches: what a worker claims is a stretch of the ledger, and the indexes on a message's state are gone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Deliveries of before: batches of 512, settled as batches.py settles them.
_CUT = """
INSERT INTO batch (delivery_id, first_id, last_id)
SELECT delivery_id, min(id), max(id)
FROM (SELECT id, delivery_id, (row_number() OVER (PARTITION BY delivery_id ORDER BY id) - 1) / 512 AS part FROM message)
    AS numbered
GROUP BY delivery_id, part
"""
_SETTLE = """
WITH counted AS (
    SELECT batch.id, message.state, coalesce(message.reason, '') AS reason, count(*) AS messages,
        min(message.not_before) AS due, max(message.done_at) AS done_at
    FROM batch JOIN message ON message.id BETWEEN batch.first_id AND batch.last_id
        AND message.delivery_id + 0 = batch.delivery_id
    GROUP BY batch.id, message.state, message.reason
), by_state AS (
    SELECT id, state, jsonb_object_agg(reason, messages) AS reasons, min(due) AS due, max(done_at) AS done_at
    FROM counted GROUP BY id, state
), tallied AS (
    SELECT id, jsonb_object_agg(state, reasons) AS tally,
        bool_or(state IN ('pending', 'deferred', 'attempting')) AS is_open,
        bool_or(state = 'pending') AS is_due, bool_or(state = 'attempting') AS is_in_flight,
        min(due) FILTER (WHERE state = 'deferred') AS due,
        max(done_at) FILTER (WHERE state = 'accepted') AS last_accepted_at
    FROM by_state GROUP BY id
)
UPDATE batch SET tally = tallied.tally, is_open = tallied.is_open, last_accepted_at = tallied.last_accepted_at,
    is_inherited = tallied.is_in_flight, not_before = CASE WHEN NOT tallied.is_due THEN tallied.due END
FROM tallied WHERE batch.id = tallied.id
"""


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("is_inherited", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tally", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("last_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_batch_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("delivery_id", "first_id", name=op.f("uq_batch_delivery_id_first_id")),
    )
    op.create_index(
        "ix_batch_open", "batch", ["delivery_id", "first_id"], unique=False, postgresql_where=sa.text("is_open")
    )
    op.drop_index("ix_message_claimable", table_name="message")
    op.drop_constraint("fk_message_relay_id", "message", type_="foreignkey")
    op.drop_column("message", "epoch")
    op.drop_column("message", "lease_until")
    op.execute("UPDATE message SET state = 'pending' WHERE state = 'claimed'")
    op.execute(_CUT)
    op.execute(_SETTLE)


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
