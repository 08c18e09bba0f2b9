"""Who brought an article and by which way; the folder of a source."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WAYS = ("feed", "address", "text", "html", "bookmarklet", "mail", "import", "api")


def upgrade() -> None:
    op.drop_constraint(op.f("ck_article_known_capturedby"), "article", type_="check")
    op.create_check_constraint(op.f("ck_article_known_capturedby"), "article", sa.column("captured_by").in_(_WAYS))
    op.add_column("article", sa.Column("brought_by", sa.Text(), server_default="", nullable=False))
    op.add_column("source", sa.Column("folder", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
