"""Contributors: suggestions of readers, who is muted, credit lines and thank-yous."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WAYS = ("feed", "address", "text", "html", "bookmarklet", "mail", "import", "api", "suggestion")
_NOTICES = ("test", "confirmation", "sign-in", "approval", "thanks")


def upgrade() -> None:
    op.drop_constraint(op.f("ck_article_known_capturedby"), "article", type_="check")
    op.create_check_constraint(op.f("ck_article_known_capturedby"), "article", sa.column("captured_by").in_(_WAYS))
    op.drop_constraint(op.f("ck_notice_known_noticekind"), "notice", type_="check")
    op.create_check_constraint(op.f("ck_notice_known_noticekind"), "notice", sa.column("kind").in_(_NOTICES))
    op.add_column("newsletter", sa.Column("takes_suggestions", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("newsletter", sa.Column("thanks_contributors", sa.Boolean(), server_default="true", nullable=False))
    op.add_column("item", sa.Column("credit", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "suggestion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("may_name", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("person", sa.LargeBinary(), nullable=True),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("thanked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_suggestion_newsletter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_suggestion_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion")),
        sa.UniqueConstraint("article_id", "key", name=op.f("uq_suggestion_article_id_key")),
    )
    op.create_index("ix_suggestion_day", "suggestion", ["newsletter_id", "created_at"], unique=False)
    op.create_index("ix_suggestion_person", "suggestion", ["person"], unique=False)
    op.create_index(
        "ix_suggestion_to_thank", "suggestion", ["article_id"], postgresql_where=sa.text("address IS NOT NULL")
    )
    op.create_table(
        "muted_contributor",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_muted_contributor_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_muted_contributor")),
        sa.UniqueConstraint("newsletter_id", "key", name=op.f("uq_muted_contributor_newsletter_id_key")),
    )


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
