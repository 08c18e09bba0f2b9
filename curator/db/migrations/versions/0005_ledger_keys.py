"""Messages refer to their delivery and subscription without a check per row: a third of freezing a million was that."""

from collections.abc import Sequence

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_FORGET = """
CREATE FUNCTION forget_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM message WHERE delivery_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_messages AFTER DELETE ON delivery FOR EACH ROW EXECUTE FUNCTION forget_messages();
"""


def upgrade() -> None:
    op.drop_constraint("fk_message_delivery_id", "message", type_="foreignkey")
    op.drop_constraint("fk_message_subscription_id", "message", type_="foreignkey")
    op.execute(_FORGET)


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
