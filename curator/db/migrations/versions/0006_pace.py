"""Throttles, warm-up of relays, and deliveries that are spread over time or rest."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "throttle",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "sender-domain",
                "recipient-domain",
                name="known_throttlescope",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.CheckConstraint("rate > 0", name=op.f("ck_throttle_rate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_throttle")),
        sa.UniqueConstraint("scope", "domain", name=op.f("uq_throttle_scope_domain")),
    )
    op.add_column("relay", sa.Column("warm_up", sa.ARRAY(sa.Integer()), nullable=True))
    op.add_column("relay", sa.Column("warm_up_from", sa.Date(), nullable=True))
    op.add_column("delivery", sa.Column("window_seconds", sa.Integer(), nullable=True))
    op.add_column("delivery", sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("delivery", "rests_until")
    op.drop_column("delivery", "window_seconds")
    op.drop_column("relay", "warm_up_from")
    op.drop_column("relay", "warm_up")
    op.drop_table("throttle")
