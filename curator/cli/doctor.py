"""What is missing or down, and the next step. Changes nothing; every check says how to repair what it found."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, NamedTuple

import redis
import typer
from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session

from curator.cli.output import AsJson, say, say_json
from curator.db.heartbeats import Process, alive
from curator.db.session import get_engine, transaction
from curator.db.upgrade import is_current
from curator.errors import CuratorError
from curator.settings import Settings, get_settings

OLDEST_POSTGRES = 150000
"""server_version_num of PostgreSQL 15."""

LATE = timedelta(minutes=5)
"""A notice that waits longer than this has a relay that refuses it."""


class Finding(NamedTuple):
    """One thing looked at: whether it is well, what was seen, and what to do when it is not."""

    name: str
    ok: bool
    detail: str
    next_step: str = ""


def doctor(
    process: Annotated[
        Process | None, typer.Option("--process", help="Only this: is one alive? For health checks.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is missing or down, and the next step."""
    if process is None:
        findings = list(examine(get_settings()))
    else:
        with transaction() as session:
            findings = [_process(process, alive(session)[process])]
    if as_json:
        say_json({"ok": all(f.ok for f in findings), "checks": [_facts(f) for f in findings]})
    else:
        for finding in findings:
            say(f"{'ok  ' if finding.ok else 'DOWN'}  {finding.name}: {finding.detail}")
            if not finding.ok:
                say(f"      Next: {finding.next_step}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check in the order in which things need each other; what needs a database stops where there is none."""
    yield _home(settings)
    yield _broker(settings)
    database = _database(settings)
    yield database
    if not database.ok:
        return
    tables = _tables()
    yield tables
    if not tables.ok:
        return
    with transaction() as session:
        yield from _processes(session)
        yield _relay(session)
        yield _people(session)
        yield _address(session, settings)
    if settings.imap_url:
        yield _polled_mailbox(settings)
    if settings.model_address:
        yield _model(settings)


def _home(settings: Settings) -> Finding:
    home = settings.home.absolute()
    try:
        settings.secret("tokens")
    except (OSError, ValueError) as error:
        step = "Make the folder writable for this user, or set CURATOR_HOME or CURATOR_SECRET_FILE."
        return Finding("data folder", False, f"{home}: {error}", step)
    return Finding("data folder", True, str(home))


def _broker(settings: Settings) -> Finding:
    step = "Start everything with `curator up`, or set REDIS_URL to a Valkey or Redis 6.2 or newer."
    if not settings.redis_url:
        return Finding("valkey", False, "no server runs here and no REDIS_URL is set", step)
    try:
        with redis.Redis.from_url(settings.redis_url, socket_connect_timeout=3, socket_timeout=3) as client:
            facts: dict[str, Any] = client.info("server")
    except (redis.RedisError, OSError, ValueError) as error:
        return Finding("valkey", False, f"no answer ({type(error).__name__})", step)
    return Finding("valkey", True, f"version {facts.get('valkey_version') or facts.get('redis_version')}")


def _database(settings: Settings) -> Finding:
    step = "Start everything with `curator up`, or set DATABASE_URL to a PostgreSQL 15 or newer."
    try:
        with get_engine().connect() as connection:
            number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    except CuratorError as error:
        return Finding("postgresql", False, error.message, step)
    except Exception as error:  # noqa: BLE001 - an edge: whatever keeps it from answering, it does not answer
        return Finding("postgresql", False, f"no answer ({type(error).__name__})", step)
    return Finding("postgresql", number >= OLDEST_POSTGRES, f"version {number // 10000}", step)


def _tables() -> Finding:
    ready = is_current(get_engine())
    return Finding("tables", ready, "up to date" if ready else "not of this version", "curator db upgrade")


def _processes(session: Session) -> Iterator[Finding]:
    yield from (_process(kind, lives) for kind, lives in alive(session).items())
    late = _late_notices(session)
    yield Finding("notices", late == 0, f"{late} are late", "Look at the relay: curator relays test")


def _process(kind: Process, lives: bool) -> Finding:
    detail = "running" if lives else "no sign of life for 30 s"
    return Finding(str(kind), lives, detail, f"Start it: curator {kind} (or everything with `curator up`).")


def _late_notices(session: Session) -> int:
    from curator.delivery.models import Notice, NoticeState

    late = Notice.not_before < func.now() - LATE
    query = select(func.count()).select_from(Notice).where(Notice.state == NoticeState.WAITING, late)
    return session.scalar(query) or 0


def _relay(session: Session) -> Finding:
    from curator.delivery.models import Relay
    from curator.delivery.relays import test_relay

    relay = session.scalar(select(Relay).where(Relay.name == "default"))
    if relay is None:
        step = "curator relays set default --host HOST --port PORT --security starttls --user USER"
        return Finding("relay", False, "there is none named default", step)
    result = test_relay(relay)
    detail = f"{relay.host}:{relay.port} " + ("answers" if result.ok else f"does not work: {result.error}")
    return Finding("relay", result.ok, detail, "curator relays test, then correct it with curator relays set default")


def _people(session: Session) -> Finding:
    from curator.accounts.models import User

    somebody = bool(session.scalar(select(exists(select(User.id)))))
    step = "curator users add EMAIL --role owner, then curator users link EMAIL"
    return Finding("users", somebody, "there are accounts" if somebody else "nobody can sign in", step)


def _address(session: Session, settings: Settings) -> Finding:
    """Links in mail to the outside world must not point at this machine alone."""
    from curator.delivery.models import Relay

    host = session.scalar(select(Relay.host).where(Relay.name == "default")) or ""
    is_outside = host not in ("", "127.0.0.1", "localhost", "::1")
    well = not is_outside or settings.public_url.startswith("https://")
    step = "Set CURATOR_BASE_URL to the public https:// address of the web process."
    return Finding("public address", well, settings.public_url, step)


def _polled_mailbox(settings: Settings) -> Finding:
    """Articles by mail come to a standstill without a word when its password changes."""
    from curator.sources.imap import Mailbox

    step = "Correct CURATOR_IMAP_URL or the file of CURATOR_IMAP_PASSWORD_FILE, and restart the workers."
    try:
        with Mailbox(settings):
            return Finding("mail-in mailbox", True, "opens")
    except CuratorError as error:
        return Finding("mail-in mailbox", False, error.message, step)


def _model(settings: Settings) -> Finding:
    """One small question, answered within the time an editor's question has."""
    from curator.issues.language_model import Question, ask_model

    form = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    small = Question("Answer with one JSON object and nothing else.", '{"answer": "yes"}', form, most_tokens=30)
    step = "Look at CURATOR_MODEL_ADDRESS, CURATOR_MODEL_NAME and CURATOR_MODEL_KEY, and at the model's server."
    try:
        ask_model(small, settings)
    except CuratorError as error:
        return Finding("model", False, f"{settings.model_name} at {settings.model_address}: {error.message}", step)
    return Finding("model", True, f"{settings.model_name} at {settings.model_address} answers")


def _facts(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "ok": finding.ok,
        "detail": finding.detail,
        "next": "" if finding.ok else finding.next_step,
    }
