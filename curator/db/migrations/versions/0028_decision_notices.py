"""Mails that tell whoever submitted an issue how it was decided."""

from collections.abc import Sequence

from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BEFORE = ("test", "confirmation", "sign-in", "approval", "thanks")


def upgrade() -> None:
    _known(*_BEFORE, "approved", "sent-back")


def downgrade() -> None:
    op.execute("DELETE FROM notice WHERE kind IN ('approved', 'sent-back')")
    _known(*_BEFORE)


def _known(*kinds: str) -> None:
    """Let notices be of these kinds."""
    op.execute("ALTER TABLE notice DROP CONSTRAINT ck_notice_known_noticekind")
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.create_check_constraint("known_noticekind", "notice", f"kind IN ({listed})")
