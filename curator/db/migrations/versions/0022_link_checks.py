"""What the links of drafts answered."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

VERDICTS = ("fine", "moved", "elsewhere", "dead", "silent", "unsure", "reserved")


def upgrade() -> None:
    op.create_table(
        "link_check",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum(*VERDICTS, name="known_verdict", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("target", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_check")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_link_check_address_hash")),
    )
    op.create_index("ix_link_check_wanted", "link_check", ["wanted_at"], unique=False)
    op.create_table(
        "link_listing",
        sa.Column("issue_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_link_listing_issue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_link_listing")),
    )


def downgrade() -> None:
    op.drop_table("link_listing")
    op.drop_table("link_check")
