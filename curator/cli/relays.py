"""Relays: the SMTP servers mail goes out through. The one named `default` serves whoever names no other."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR
from curator.cli.output import AsJson, say, say_json, say_step, say_table
from curator.db.session import transaction
from curator.delivery.models import Relay, RelayHealth, Security
from curator.delivery.relay_health import healths
from curator.delivery.relays import HEAVIEST, RelayTest, list_relays, remove_relay, set_relay, test_relay
from curator.errors import Invalid, NotFound

app = typer.Typer(no_args_is_help=True)

STDIN = "-"
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name; `default` serves every newsletter.")]


@app.command("set")
def set_one(
    name: Name,
    host: Annotated[str, typer.Option(help="Name or number of the machine.")],
    port: Annotated[int, typer.Option(min=1, max=65535)] = 587,
    security: Annotated[Security, typer.Option(help="How the connection is protected.")] = Security.STARTTLS,
    user: Annotated[str, typer.Option(help="User name, when it wants one.")] = "",
    password_file: Annotated[
        str, typer.Option(help="File with the password; - reads stdin. Asked for otherwise.")
    ] = "",
    connections: Annotated[int, typer.Option(min=1, max=256, help="Connections of one worker at most.")] = 8,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Messages per second at most.")] = None,
    pool: Annotated[
        str | None, typer.Option(help="Relays of one pool stand in for each other. Its own name at first.")
    ] = None,
    weight: Annotated[
        int | None,
        typer.Option(min=0, max=HEAVIEST, help="Its part of the pool's mail; 0 is only when no other is up."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set or change a relay."""
    with transaction() as session:
        relay = set_relay(
            session,
            name,
            host=host,
            port=port,
            security=security.value,
            username=user or None,
            password=_password(user, password_file),
            connections=connections,
            rate=rate,
            pool=pool,
            weight=weight,
        )
        record(session, ACTOR, "relay.set", "relay", relay.id, host=host, port=port, security=security.value)
        facts = _facts(relay, None)
    if as_json:
        say_json(facts)
    else:
        say(f"Relay {name} is {host}:{port}. Next: curator relays test {name}")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All relays, the pools they are in, and how each is."""
    with transaction() as session:
        relays = list_relays(session)
        known = healths(session, [relay.id for relay in relays])
        rows = [_facts(relay, known.get(relay.id)) for relay in relays]
    if as_json:
        say_json(rows)
    else:
        columns = ("name", "host", "port", "security", "user", "connections", "rate", "pool", "weight")
        told = [[*(row[column] for column in columns), _health_words(row)] for row in rows]
        say_table((*columns, "health"), told)


@app.command()
def test(name: Name = "default", as_json: AsJson = False) -> None:
    """Talk to a relay and show the conversation, what protects it and what the relay can do."""
    with transaction() as session:
        relay = session.scalar(select(Relay).where(Relay.name == name))
        if relay is None:
            raise NotFound(f"There is no relay {name}. Set it with `curator relays set {name} --host … --port …`.")
        say_step(f"Talking to {relay.host}:{relay.port} …")
        result = test_relay(relay)
    if as_json:
        say_json(_test_facts(name, result))
    else:
        for line in result.dialogue:
            say(str(line))
        if result.protection is not None:
            say(f"Protected by {result.protection}.")
        say("It works." if result.ok else f"It does not work: {result.error}")
    if not result.ok:
        raise typer.Exit(1)


@app.command()
def remove(name: Name, as_json: AsJson = False) -> None:
    """Take a relay away; refused while a newsletter names it or something is being sent."""
    with transaction() as session:
        remove_relay(session, name)
        record(session, ACTOR, "relay.remove", "relay", None, name=name)
    if as_json:
        say_json({"name": name, "removed": True})
    else:
        say(f"Relay {name} is gone.")


def _password(user: str, password_file: str) -> str | None:
    """From a file, from stdin or from the keyboard, never from the command line where others can read it."""
    if not user:
        return None
    if password_file == STDIN:
        return sys.stdin.readline().rstrip("\n")
    if password_file:
        try:
            return Path(password_file).read_text().rstrip("\n")
        except OSError as error:
            raise Invalid(f"{password_file} cannot be read: {error.strerror}.") from error
    if not sys.stdin.isatty():
        raise Invalid("Give the password with --password-file FILE (or - for stdin).")
    return str(typer.prompt("Password", hide_input=True))


def _facts(relay: Relay, known: RelayHealth | None) -> dict[str, Any]:
    return {
        "id": relay.id,
        "name": relay.name,
        "host": relay.host,
        "port": relay.port,
        "security": Security(relay.security).value,
        "user": relay.username,
        "connections": relay.connections,
        "rate": relay.rate,
        "pool": relay.pool,
        "weight": relay.weight,
        "health": known.state.value if known else None,
        "reason": known.reason if known else None,
        "since": known.since.isoformat() if known else None,
        "last_success": known.last_success.isoformat() if known and known.last_success else None,
    }


def _health_words(row: dict[str, Any]) -> str:
    if row["health"] is None:
        return "not tried yet"
    return f"{row['health']}: {row['reason']}" if row["reason"] else str(row["health"])


def _test_facts(name: str, result: RelayTest) -> dict[str, Any]:
    shown = result.protection
    tls = shown._asdict() | {"expires": shown.expires.isoformat()} if shown is not None else None
    return {
        "name": name,
        "ok": result.ok,
        "error": result.error,
        "dialogue": list(result.dialogue),
        "capabilities": list(result.capabilities),
        "tls": tls,
    }
