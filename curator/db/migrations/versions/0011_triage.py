"""Triage: stories told twice, acts of editors, what they pick, saved filters, candidates that leave by themselves."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TRIAGE = "'candidate', 'starred', 'later', 'dismissed', 'expired'"


def upgrade() -> None:
    _alter_article()
    op.add_column("newsletter", sa.Column("candidate_weeks", sa.Integer(), server_default="4", nullable=True))
    _create_likeness()
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_saved_filter_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("newsletter_id", "name", name=op.f("uq_saved_filter_newsletter_id_name")),
    )
    _create_act()
    op.create_table(
        "taste",
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("picks", sa.Integer(), nullable=False),
        sa.Column("skips", sa.Integer(), nullable=False),
        sa.Column("learned", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_taste_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("newsletter_id", name=op.f("pk_taste")),
    )


def _alter_article() -> None:
    op.add_column("article", sa.Column("is_free", sa.Boolean(), nullable=True))
    op.add_column("article", sa.Column("other_keys", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("article", sa.Column("lead", postgresql.ARRAY(sa.BigInteger()), nullable=True))
    op.add_column("article", sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("article", sa.Column("triaged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("article", sa.Column("triaged_by", sa.Text(), server_default="", nullable=False))
    op.add_column("article", sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("ck_article_known_triage"), "article", type_="check")
    op.create_check_constraint(op.f("ck_article_known_triage"), "article", f"triage IN ({_TRIAGE})")
    op.create_index("ix_article_lead", "article", ["lead"], unique=False, postgresql_using="gin")
    op.create_index("ix_article_other_keys", "article", ["other_keys"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_article_not_compared", "article", ["id"], unique=False, postgresql_where=sa.text("compared_at IS NULL")
    )
    # What is there already has not been left alone for weeks: it starts anew.
    op.execute("UPDATE article SET triaged_at = now()")


def _create_likeness() -> None:
    op.create_table(
        "likeness",
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("shared", sa.Integer(), nullable=False),
        sa.Column("apart_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("apart_by", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("article_id < other_id", name=op.f("ck_likeness_older_first")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_likeness_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["other_id"], ["article.id"], name=op.f("fk_likeness_other_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "other_id", name=op.f("pk_likeness")),
    )
    op.create_index("ix_likeness_other", "likeness", ["other_id"], unique=False)


def _create_act() -> None:
    op.create_table(
        "act",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("changes", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("answer", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_act_newsletter_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
        sa.UniqueConstraint("newsletter_id", "key", name=op.f("uq_act_newsletter_id_key")),
    )
    op.create_index("ix_act_at", "act", ["at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("There is no way back from a revision: restore a backup.")
