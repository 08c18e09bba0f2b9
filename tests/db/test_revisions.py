"""The revisions and the tables in code say the same: nobody changes one and forgets the other."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from curator.db.registry import load_models


def test_the_revisions_make_exactly_the_tables_in_code(engine: Engine) -> None:
    def is_ours(name: str | None, kind: str, parents: object) -> bool:
        return not (kind == "table" and (name or "").startswith("event_"))  # partitions, made at run time

    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": is_ours}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), load_models())
    assert differences == []
