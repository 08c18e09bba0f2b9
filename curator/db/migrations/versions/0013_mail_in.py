"""Mail-in: an address for each newsletter and the mails that came to it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STATES = ("waiting", "held", "taken", "empty", "dropped")


def upgrade() -> None:
    op.create_table(
        "mail_address",
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("local_part", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_mail_address_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("newsletter_id", name=op.f("pk_mail_address")),
        sa.UniqueConstraint("local_part", name=op.f("uq_mail_address_local_part")),
    )
    op.create_table(
        "received_mail",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "state",
            sa.Enum(*_STATES, name="known_mailstate", native_enum=False, create_constraint=True, length=32),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("articles", sa.Integer(), server_default="0", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_received_mail_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_mail")),
        sa.UniqueConstraint("newsletter_id", "digest", name=op.f("uq_received_mail_newsletter_id_digest")),
    )
    op.create_index(
        "ix_received_mail_waiting", "received_mail", ["id"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
