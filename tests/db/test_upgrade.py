"""Migrations: two starters at once, a database that is current already, a head found without Alembic."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from curator.db import upgrade
from curator.delivery import batches
from curator.delivery.models import Batch
from curator.issues.content import newsletter_content
from curator.issues.newsletters import get_newsletter
from curator.settings import Settings

REVISION = '''
"""Make a table, slowly enough for two starters to meet."""

from alembic import op

revision: str = "{name}"
down_revision: str | None = {before}


def upgrade() -> None:
    op.execute("SELECT pg_sleep(0.2)")
    op.execute("CREATE TABLE made_by_{name} (n int)")
'''


@pytest.fixture
def empty_database(settings: Settings) -> "pytest.Generator[str]":
    """The address of a database without a table; the name is that of this test process's own."""
    engine = create_engine(settings.sqlalchemy_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        current = connection.scalar(text("SELECT current_database()"))
        name = f"upgrade_{current}"
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield settings.database_url.replace(f"/{current}?", f"/{name}?")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "pytest.Generator[Path]":
    """A folder with two revisions, used instead of ours."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text((upgrade.MIGRATIONS / "env.py").read_text())
    for name, before in (("first", None), ("second", "first")):
        (tmp_path / "versions" / f"{name}.py").write_text(REVISION.format(name=name, before=repr(before)))
    monkeypatch.setattr(upgrade, "MIGRATIONS", tmp_path)
    upgrade.head.cache_clear()
    yield tmp_path
    upgrade.head.cache_clear()


def test_two_starters_do_the_work_once(empty_database: str, migrations: Path) -> None:
    assert upgrade.head() == "second"
    outcomes: list[bool] = []
    starters = [threading.Thread(target=lambda: outcomes.append(upgrade.upgrade(empty_database))) for _ in range(2)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert sorted(outcomes) == [False, True]
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg://"))
    assert upgrade.is_current(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM made_by_second")) == 0
    engine.dispose()


def test_a_new_revision_makes_it_old_again(empty_database: str, migrations: Path) -> None:
    (migrations / "versions" / "second.py").rename(migrations / "later")
    upgrade.upgrade(empty_database)
    (migrations / "later").rename(migrations / "versions" / "second.py")
    upgrade.head.cache_clear()
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg://"))
    assert not upgrade.is_current(engine)
    engine.dispose()
    assert upgrade.upgrade(empty_database)
    assert not upgrade.upgrade(empty_database)


def test_deliveries_of_before_are_cut_and_counted(empty_database: str) -> None:
    """A ledger written before batches goes on with them."""
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg://"))
    upgrade._run(empty_database, "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO newsletter (id, slug, name, from_name, from_address, language, section_template)
                VALUES (1, 'w', 'W', 'W', 'w@example.org', 'nl', '[]');
                INSERT INTO issue (id, newsletter_id, number, subject, state) VALUES (1, 1, 1, 'One', 'sending');
                INSERT INTO delivery (id, issue_id, newsletter_id, state, scheduled_at, by, expected)
                VALUES (1, 1, 1, 'sending', now(), 'w', 1200);
                INSERT INTO message (delivery_id, address, state, reason)
                SELECT 1, 'r' || n, CASE WHEN n <= 600 THEN 'accepted' WHEN n <= 700 THEN 'claimed' ELSE 'pending' END,
                    NULL FROM generate_series(1, 1200) AS n
                """
            )
        )
    assert upgrade.upgrade(empty_database)
    with Session(engine) as session:
        counts = {count.state.value: count.messages for count in batches.count(session, 1)}
        opened = session.scalars(select(Batch.is_open).order_by(Batch.first_id)).all()
    engine.dispose()
    assert counts == {"accepted": 600, "pending": 600}
    assert opened == [False, True, True]


def test_a_template_of_before_becomes_the_first_version_of_a_design(empty_database: str) -> None:
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg://"))
    upgrade._run(empty_database, "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO newsletter (slug, name, from_name, from_address, language, section_template, design_source)
                VALUES ('w', 'W', 'W', 'w@example.org', 'nl', '[]', '<p>{{ subject }}</p>'),
                       ('v', 'V', 'V', 'v@example.org', 'nl', '[]', NULL)
                """
            )
        )
    assert upgrade.upgrade(empty_database)
    with Session(engine) as session:
        ours, plain = (newsletter_content(session, get_newsletter(session, slug)) for slug in ("w", "v"))
    engine.dispose()
    assert ours.own_design is not None
    assert (ours.own_design.based_on, ours.own_design.files) == ("classic", {"issue.html": "<p>{{ subject }}</p>"})
    assert (plain.design, plain.own_design) == ("classic", None)


def test_weeks_and_days_of_before_become_one_calendar(empty_database: str) -> None:
    """Made weeks are not made again, what either page had skipped is skipped, and its draft waits."""
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg://"))
    upgrade._run(empty_database, "0025")
    with engine.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO newsletter (id, slug, name, from_name, from_address, language, section_template)
                VALUES (1, 'w', 'W', 'W', 'w@example.org', 'nl', '[]');
                INSERT INTO issue (id, newsletter_id, number, subject, state, due_at)
                VALUES (1, 1, 1, 'One', 'draft', now()), (2, 1, 2, 'Two', 'draft', now());
                INSERT INTO occasion (newsletter_id, day, issue_id, skipped_at, skipped_by)
                VALUES (1, '2026-11-05', 1, NULL, NULL), (1, '2026-11-12', NULL, now(), 'ada'),
                       (1, '2026-11-19', 2, NULL, NULL);
                INSERT INTO calendar_day (newsletter_id, day, intent, note, by)
                VALUES (1, '2026-11-12', 'planned', 'Theme', 'bo'), (1, '2026-11-19', 'skipped', 'Holiday', 'bo'),
                       (1, '2026-11-20', 'planned', 'Extra', 'bo')
                """
            )
        )
    assert upgrade.upgrade(empty_database)
    with engine.begin() as connection:
        days = "SELECT extract(day FROM day)::int, intent, issue_id, note, made_at IS NULL FROM calendar_day ORDER BY 1"
        rows = connection.execute(text(days)).all()
        deadlines = connection.execute(text("SELECT due_at IS NULL FROM issue ORDER BY id")).scalars().all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [
        (5, "planned", 1, "", False),
        (12, "skipped", None, "Theme", True),
        (19, "skipped", 2, "Holiday", False),
        (20, "planned", None, "Extra", True),
    ]
    assert deadlines == [False, True]
