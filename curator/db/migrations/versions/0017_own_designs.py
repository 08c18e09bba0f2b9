"""Designs that people write, with all their versions; what a newsletter wrote for itself becomes the first of one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "design",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_design_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design")),
        sa.UniqueConstraint("newsletter_id", "name", name=op.f("uq_design_newsletter_id_name")),
    )
    op.create_table(
        "design_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("design_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("files", JSONB(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["design_id"], ["design.id"], name=op.f("fk_design_version_design_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design_version")),
        sa.UniqueConstraint("design_id", "number", name=op.f("uq_design_version_design_id_number")),
    )
    op.add_column("edition", sa.Column("design_version_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_edition_design_version_id"), "edition", "design_version", ["design_version_id"], ["id"]
    )
    _keep_what_people_wrote()
    op.drop_column("newsletter", "design_source")


def _keep_what_people_wrote() -> None:
    op.execute(
        "INSERT INTO design (newsletter_id, name, based_on)"
        " SELECT id, 'Our own', 'classic' FROM newsletter WHERE design_source IS NOT NULL"
    )
    op.execute(
        "INSERT INTO design_version (design_id, number, files, note, by)"
        " SELECT design.id, 1, jsonb_build_object('issue.html', newsletter.design_source), 'Before versions', 'upgrade'"
        " FROM design JOIN newsletter ON newsletter.id = design.newsletter_id"
    )
    op.execute("UPDATE newsletter SET design = 'Our own' WHERE design_source IS NOT NULL")


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
