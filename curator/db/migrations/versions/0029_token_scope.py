"""What a token is for: bringing articles, or only reading what became of them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    kind = sa.Enum("write", "read", name="known_tokenscope", native_enum=False, create_constraint=True, length=32)
    op.add_column("api_token", sa.Column("scope", kind, server_default="write", nullable=False))


def downgrade() -> None:
    op.drop_column("api_token", "scope")
