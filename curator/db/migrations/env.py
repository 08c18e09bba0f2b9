"""Alembic's entry: where the database is and what the tables should be. Run by `curator.db.upgrade` or by Alembic.

Every revision runs in one transaction. Partitions of `event` are made at run time and are no business of revisions.
"""

from typing import Any

from alembic import context
from sqlalchemy import create_engine

from curator.db.registry import load_models
from curator.settings import get_settings


def _is_ours(name: str | None, kind: str, parents: Any) -> bool:
    return not (kind == "table" and (name or "").startswith("event_"))


def _run() -> None:
    engine = create_engine(context.config.attributes.get("url") or get_settings().sqlalchemy_url)
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=load_models(), compare_type=True, include_name=_is_ours
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


_run()
