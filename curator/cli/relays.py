"""Relays: the SMTP servers mail goes out through. The one named `default` serves whoever names no other."""

import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_step, say_table
from curator.db.session import transaction
from curator.delivery.models import Relay, RelayHealth, Security
from curator.delivery.published import check_published, sending_of, wanted_records
from curator.delivery.relay_health import healths
from curator.delivery.relays import HEAVIEST, RelayTest, list_relays, remove_relay, set_relay, test_relay
from curator.delivery.resolver import Resolver
from curator.delivery.warm_up import end_warm_up, set_warm_up
from curator.delivery.zone_file import zone_line
from curator.errors import Invalid, NotFound
from curator.issues.newsletters import get_newsletter
from curator.settings import get_settings

app = typer.Typer(no_args_is_help=True)

STDIN = "-"
_MARKS = {True: "ok  ", False: "BAD ", None: "?   "}
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


@app.command("warm-up")
def warm_up(
    name: Name,
    plan: Annotated[str, typer.Option(help="Messages a day at most, day by day: 50,100,500,1000,5000.")] = "",
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day (UTC); else today.")] = "",
    off: Annotated[bool, typer.Option("--off", help="End it: no ceiling any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a new relay be known: a ceiling of messages for each day, none after the plan's last."""
    if bool(plan) == off:
        raise Invalid("Give either --plan 50,100,500 or --off.")
    with transaction() as session:
        relay = end_warm_up(session, name) if off else set_warm_up(session, name, read_plan(plan), read_day(first))
        record(session, ACTOR, "relay.warm_up", "relay", relay.id, plan=relay.warm_up or [])
        facts = {"name": relay.name, "plan": relay.warm_up, "from": relay.warm_up_from}
    if as_json:
        say_json(facts)
    else:
        say(f"Relay {name} has no ceiling." if off else f"Relay {name} warms up from {facts['from']} on: {plan}.")


def read_plan(text: str) -> list[int]:
    """Whole numbers with commas between them."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise Invalid(f"{text!r} is no plan. Write it as 50,100,500,1000,5000.") from None


def read_day(text: str) -> date:
    """A day as 2026-11-27; today (UTC) when empty."""
    try:
        return date.fromisoformat(text) if text else datetime.now(UTC).date()
    except ValueError:
        raise Invalid(f"{text!r} is no day. Write it as 2026-11-27.") from None


@app.command()
def dns(slug: Slug, as_json: AsJson = False) -> None:
    """Check what DNS says about a newsletter's mail, and print what should be published."""
    settings = get_settings()
    with transaction() as session:
        sending = sending_of(session, get_newsletter(session, slug), settings)
    say_step(f"Asking DNS about {sending.from_domain} …")
    findings = check_published(sending, Resolver(settings.dns_address))
    is_well = all(finding.ok is not False for finding in findings)
    if as_json:
        domains = {"from_domain": sending.from_domain, "return_domain": sending.return_domain}
        records = [asdict(wanted) for wanted in wanted_records(sending)]
        say_json({"ok": is_well, **domains, "records": records, "findings": [asdict(found) for found in findings]})
    else:
        say("What should be published:")
        for wanted in wanted_records(sending):
            say(f"  {zone_line(wanted.name, wanted.type, wanted.value)}")
        say("What is found:")
        for finding in findings:
            say(f"{_MARKS[finding.ok]}  {finding.message}")
            if finding.next_step:
                say(f"      Next: {finding.next_step}")
    if not is_well:
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
