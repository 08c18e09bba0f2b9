"""Relays in pools with weights and health, and domains held back over a relay."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("relay", sa.Column("pool", sa.Text(), nullable=True))
    op.execute("UPDATE relay SET pool = name")
    op.alter_column("relay", "pool", nullable=False)
    op.add_column("relay", sa.Column("weight", sa.Integer(), server_default="1", nullable=False))
    op.create_check_constraint("weight", "relay", "weight BETWEEN 0 AND 1000")
    op.create_table(
        "relay_health",
        sa.Column("relay_id", sa.BigInteger(), nullable=False),
        _health(),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("last_success", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["relay_id"], ["relay.id"], name=op.f("fk_relay_health_relay_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("relay_id", name=op.f("pk_relay_health")),
    )
    op.create_table(
        "relay_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("relay_id", sa.BigInteger(), nullable=False),
        _health(),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["relay_id"], ["relay.id"], name=op.f("fk_relay_change_relay_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relay_change")),
    )
    op.create_index("ix_relay_change_relay", "relay_change", ["relay_id", "at"], unique=False)
    op.create_table(
        "domain_hold",
        sa.Column("relay_id", sa.BigInteger(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["relay_id"], ["relay.id"], name=op.f("fk_domain_hold_relay_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("relay_id", "domain", name=op.f("pk_domain_hold")),
    )


def downgrade() -> None:
    op.drop_table("domain_hold")
    op.drop_table("relay_change")
    op.drop_table("relay_health")
    op.drop_constraint("ck_relay_weight", "relay")
    op.drop_column("relay", "weight")
    op.drop_column("relay", "pool")


def _health() -> sa.Column[str]:
    kind = sa.Enum("up", "down", "refusing", name="known_health", native_enum=False, create_constraint=True, length=32)
    return sa.Column("state", kind, nullable=False)
