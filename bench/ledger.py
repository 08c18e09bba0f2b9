"""How quick the desk is over one delivery of a million messages, on a PostgreSQL of its own, durable as in production.

Makes the readers, freezes them as the product does, gives the messages ends as a relay would (96 % accepted, 2 %
excluded, 1.5 % failed, 0.1 % unknown, the rest waiting, eight batches in a worker's hands) and prints of every look at
it the median, the worst and the work of processors in milliseconds: with statistics, and with none, as in the minute
after freezing. On a busy machine the work is what counts.

    python -m bench.ledger --messages 1000000
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPEATS = 9

_PEOPLE = """
INSERT INTO subscriber (address, address_key, address_hash, name)
SELECT address, lower(address), sha256(convert_to(lower(address), 'UTF8')), 'Reader ' || number
FROM (SELECT number, 'Reader' || number || '@d' || mod(number, 997) || '.example' AS address
      FROM generate_series(1, %(people)s) AS number) AS made ORDER BY number
"""
_SUBSCRIPTIONS = """
INSERT INTO subscription (subscriber_id, newsletter_id, state, tracking_consent, paused_until)
SELECT id, %(newsletter)s, CASE WHEN id %% 1000 < 7 THEN 'left' WHEN id %% 1000 < 11 THEN 'pending' ELSE 'active' END,
    id %% 3 = 0, CASE WHEN id %% 1000 BETWEEN 11 AND 14 THEN current_date + 30 END
FROM subscriber ORDER BY id
"""
_SUPPRESSIONS = """
INSERT INTO suppression (address_hash, scope)
SELECT address_hash, CASE mod(id, 2) WHEN 0 THEN 'complaint' ELSE 'hard bounce' END
FROM subscriber WHERE mod(id, 1000) BETWEEN 15 AND 19
"""
# In the order of the ids, the last ones still waiting.
_OUTCOMES = """
UPDATE message SET attempts = 1, relay_id = 1, owner = 'bench',
    marked_at = clock_timestamp(), done_at = clock_timestamp(),
    state = CASE WHEN id %% 200 < 3 THEN 'rejected' WHEN id %% 1000 = 999 THEN 'unknown' ELSE 'accepted' END,
    reason = CASE WHEN id %% 200 < 3 THEN (ARRAY['mailbox unknown (550 5.1.1)', 'mailbox full (552 5.2.2)',
        'refused by policy (554 5.7.1)'])[id %% 3 + 1] WHEN id %% 1000 = 999 THEN 'connection lost after the dot' END,
    last_reply = '250 2.0.0 Ok: queued as ' || id
WHERE delivery_id = %(delivery)s AND state = 'pending' AND id <= %(last)s
"""
_DEFER = """
UPDATE message SET state = 'deferred', reason = 'relay asked to wait (451)', attempts = 1,
    not_before = clock_timestamp() + interval '10 minutes'
WHERE delivery_id = %(delivery)s AND state = 'pending' AND id %% 4 = 0
"""
_HOLD = """
UPDATE batch SET owner = 'bench:1', lease_until = clock_timestamp() + interval '1 hour'
WHERE id IN (SELECT id FROM batch WHERE delivery_id = %(delivery)s AND is_open ORDER BY first_id LIMIT 8)
"""
_EVENTS = """
INSERT INTO event (at, kind, actor, issue_id, edition_id, message_id, subscription_id, link_number)
SELECT clock_timestamp() + make_interval(secs => id %% 86400), CASE id %% 5 WHEN 0 THEN 'click' ELSE 'open' END,
    'person', %(issue)s, %(edition)s, id, subscription_id, CASE id %% 5 WHEN 0 THEN 1 + id %% 4 END
FROM message WHERE delivery_id = %(delivery)s AND state = 'accepted' AND id %% 4 = 0
UNION ALL
SELECT clock_timestamp(), 'bounce', 'person', %(issue)s, %(edition)s, id, subscription_id, NULL
FROM message WHERE delivery_id = %(delivery)s AND id %% 400 < 2
"""
_FORGET_STATISTICS = """
SELECT pg_clear_relation_stats('public', relname) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace;
DELETE FROM pg_statistic WHERE starelid IN (
    SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
"""


def main() -> None:
    """Start PostgreSQL, fill it unless the folder has it already, measure, print."""
    from curator.db.upgrade import upgrade

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="Keep the data here, and use what is there.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="curator-bench-") as fresh:
        folder = chosen.folder or Path(fresh)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711)
        with servers(folder):
            upgrade(os.environ["DATABASE_URL"])
            if not (folder / "filled").exists():
                fill(chosen.messages)
                (folder / "filled").touch()
            measure()


@contextmanager
def servers(folder: Path) -> Iterator[None]:
    """PostgreSQL and Valkey in this folder; the settings of this process point at them."""
    from curator.embedded.postgres import Postgres
    from curator.embedded.valkey import Valkey

    postgres, valkey = Postgres(folder), Valkey(folder)
    try:
        valkey.start()
        postgres.start()
        postgres.wait()
        valkey.wait()
        os.environ |= {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "CURATOR_HOME": str(folder)}
        yield
    finally:
        valkey.stop()
        postgres.stop()


def fill(messages: int) -> None:
    """Readers, an issue, the frozen audience (timed), outcomes, events and their counts."""
    from curator.accounts.models import Role
    from curator.accounts.users import add_user
    from curator.db.session import transaction
    from curator.delivery import batches, freeze
    from curator.delivery.plan import send_issue
    from curator.delivery.relays import set_relay
    from curator.issues.compose import add_item, create_issue
    from curator.issues.newsletters import create_newsletter
    from curator.reports import rollups
    from curator.settings import get_settings
    from tests.issues.rows import an_article

    settings = get_settings()
    with transaction() as session:
        add_user(session, "owner@bench.example", Role.OWNER)
        newsletter = create_newsletter(session, "bench", name="Bench", from_address="bench@example.org")
        issue = create_issue(session, newsletter.id, "A million")
        add_item(session, issue.id, an_article(session, newsletter).id, issue.sections[0].name, "Een zin.")
        set_relay(session, "default", host="127.0.0.1", port=25, security="none")
    with timed("make the readers"), transaction() as session:
        run(session, _PEOPLE, people=messages)
        run(session, _SUBSCRIPTIONS, newsletter=newsletter.id)
        run(session, _SUPPRESSIONS)
    with timed("freeze, all of it"), transaction() as session:
        delivery = send_issue(session, issue.id, by="bench", now=True, settings=settings)
        batches.cut = _timed_cut(batches.cut)
        assert freeze.freeze(session, delivery.id, settings)
    with timed("make the outcomes"), transaction() as session:
        last = run(session, "SELECT max(id) FROM message").scalar() - messages * 4 // 1000
        run(session, _OUTCOMES, delivery=delivery.id, last=last)
        run(session, _DEFER, delivery=delivery.id)
        batches.settle(session, delivery.id)
        run(session, _HOLD, delivery=delivery.id)
    with timed("make the events and count them"), transaction() as session:
        run(session, _EVENTS, issue=issue.id, edition=delivery.edition_id, delivery=delivery.id)
        # The watermark by hand: telling machines from people is measured elsewhere.
        rollups._recount(session, [issue.id])
        rollups._move_watermark(session, run(session, "SELECT max(id) FROM event").scalar())


def measure() -> None:
    """Every look, with statistics and without; what is slow once is done once."""
    from curator.db.session import get_engine, transaction

    rows: dict[str, list[str]] = {}
    for statement in ("ANALYZE", _FORGET_STATISTICS):
        with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)
        get_engine().dispose()
        for name, look in looks():
            before = _cpu()
            found = [_seconds(look) for _ in range(REPEATS)]
            work = (_cpu() - before) / REPEATS
            rows.setdefault(name, []).extend(
                f"{seconds * 1000:9.1f}" for seconds in (statistics.median(found), max(found), work)
            )
    print(f"\n{'milliseconds: median, worst, work':44} {'with statistics':>29} {'without':>29}")
    for name, cells in rows.items():
        print(f"{name:44} {' '.join(cells)}")
    with transaction() as session:
        one_export(session)


def looks() -> Iterator[tuple[str, Callable[[], Any]]]:
    """What people and processes ask of a delivery, each with its name."""
    from sqlalchemy import select

    from curator.db.session import transaction
    from curator.delivery.closing import close_if_done
    from curator.delivery.ledger import delivery_status
    from curator.delivery.models import Delivery, Message
    from curator.reports.issue_report import issue_report
    from curator.reports.names import Term, names_of

    def asked(verb: Callable[..., Any], *arguments: Any, **named: Any) -> Callable[[], Any]:
        def ask() -> Any:
            with transaction() as session:
                return verb(session, *arguments, **named)

        return ask

    with transaction() as session:
        delivery = session.scalars(select(Delivery)).one()
        count, top = (
            delivery.expected or 0,
            session.scalar(select(Message.id).order_by(Message.id.desc()).limit(1)) or 0,
        )
        address = session.scalar(select(Message.address).where(Message.id == top - count // 3)) or ""
    middle = top - count // 2
    yield "delivery_status", asked(delivery_status, delivery.issue_id)
    for term in Term:
        yield f"names: {term}, first page", asked(names_of, delivery.id, term)
    yield "names: accepted, a page in the middle", asked(names_of, delivery.id, Term.ACCEPTED, after=middle)
    yield "names: failed, a page in the middle", asked(names_of, delivery.id, Term.FAILED, after=middle)
    yield "names: excluded because bounced", asked(names_of, delivery.id, Term.EXCLUDED, reason="bounced")
    yield "names: failed with a reason nobody has", asked(names_of, delivery.id, Term.FAILED, reason="none such")
    yield "find one address", asked(_find, delivery.id, address)
    yield "find addresses that begin alike", asked(_find, delivery.id, address[:9])
    yield "find nobody", asked(_find, delivery.id, "nobody@nowhere.example")
    yield "close_if_done (not done)", asked(close_if_done, delivery.id)
    yield "issue_report", asked(issue_report, delivery.issue_id)
    client = browser()
    for name, path in (
        ("page of the delivery", "deliveries/1"),
        ("page of the delivery, accepted", "deliveries/1?term=accepted"),
        ("page of the delivery, one address", f"deliveries/1?q={address}"),
        ("page of all deliveries", "deliveries"),
        ("page of the report", "reports/1"),
    ):
        yield name, lambda path=path: client.get(f"/n/bench/{path}").raise_for_status()


def _find(session: Any, delivery_id: int, text: str) -> Any:
    from curator.reports.names import find

    return find(session, delivery_id, text)


def browser() -> Any:
    """A client of the whole web process, signed in as the owner."""
    from sqlalchemy import select
    from starlette.testclient import TestClient

    from curator.accounts.models import User
    from curator.accounts.sign_ins import open_sign_in
    from curator.db.session import transaction
    from curator.settings import get_settings
    from curator.web.access import cookie_name
    from curator.web.app import create_app

    client = TestClient(create_app(), base_url=get_settings().public_url)
    with transaction() as session:
        token = open_sign_in(session, session.scalars(select(User)).one(), agent="bench", settings=get_settings())
    client.cookies.set(cookie_name(), token)
    return client


def one_export(session: Any) -> None:
    """The whole ledger as CSV, and the question whether a delivery with nothing open is done."""
    from sqlalchemy import select

    from curator.delivery.closing import close_if_done
    from curator.delivery.ledger import export_csv
    from curator.delivery.models import Delivery

    delivery = session.scalars(select(Delivery)).one()
    started = time.perf_counter()
    rows = sum(1 for _ in export_csv(session, delivery.issue_id))
    seconds = time.perf_counter() - started
    print(f"{'export':44} {rows / seconds:8.0f} rows/s")
    run(session, "UPDATE message SET state = 'cancelled' WHERE state IN ('pending', 'deferred')")
    run(session, "UPDATE batch SET is_open = false, owner = NULL")
    with timed("close_if_done (done)"):
        assert close_if_done(session, delivery.id)
    session.rollback()


def run(session: Any, statement: str, **values: Any) -> Any:
    """One statement in psycopg's own words."""
    session.flush()
    return session.connection().exec_driver_sql(statement, values or None)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long it took, and how much of it processors worked: on a busy machine the two differ."""
    started, before = time.perf_counter(), _cpu()
    yield
    print(f"{what:44} {time.perf_counter() - started:8.1f} s {_cpu() - before:8.1f} s of work", flush=True)


def _cpu() -> float:
    """Seconds of processor of this process and of PostgreSQL's so far."""
    pid = next(Path(os.environ["CURATOR_HOME"]).glob("pg*/postmaster.pid")).read_text().split()[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if stat.parent.name == pid:  # with those of its children that have ended
                ticks += sum(map(int, fields[11:15]))
            elif fields[1] == pid:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


def _timed_cut(verb: Callable[..., Any]) -> Callable[..., Any]:
    def cut(*arguments: Any, **named: Any) -> Any:
        with timed("  of which the batches"):
            return verb(*arguments, **named)

    return cut


def _seconds(look: Callable[[], Any]) -> float:
    started = time.perf_counter()
    look()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
