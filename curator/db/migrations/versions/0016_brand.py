"""The brand of a newsletter: colours, fonts, logo, header and footer."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for name in ("accent_night", "paper", "heading_font", "text_font", "header", "footer"):
        op.add_column("newsletter", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("newsletter", sa.Column("logo_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_newsletter_logo_id"), "newsletter", "picture", ["logo_id"], ["id"])


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
