"""DKIM: the keys sender domains sign their mail with. Nothing is signed before a key is active."""

from typing import Annotated, Any

import typer

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.delivery.domain_keys import (
    activate_key,
    create_key,
    list_keys,
    record_line,
    record_name,
    record_value,
    switch_off,
)
from curator.delivery.models import DkimKey

app = typer.Typer(no_args_is_help=True)

Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="The part of the sender's address after the @.")]


@app.command()
def create(
    domain: Domain,
    selector: Annotated[str, typer.Option(help="Name of the key; by default one of this month.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and print the record to publish."""
    with transaction() as session:
        key = create_key(session, domain, selector)
        record(session, ACTOR, "dkim.created", "dkim key", key.id, domain=key.domain, selector=key.selector)
        facts, line = _facts(key), record_line(key)
    if as_json:
        say_json(facts)
        return
    say("Publish this in DNS, on one line:")
    say(line)
    say(f"When it is there, sign with it: curator dkim activate {facts['domain']} {facts['selector']}")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All keys, the newest of a domain first."""
    with transaction() as session:
        rows = [_facts(key) for key in list_keys(session)]
    if as_json:
        say_json(rows)
    else:
        columns = ("domain", "selector", "active", "created_at")
        say_table(columns, [[row[column] for column in columns] for row in rows])


@app.command()
def activate(
    domain: Domain,
    selector: Annotated[str, typer.Argument(metavar="SELECTOR", help="Which of its keys.")],
    as_json: AsJson = False,
) -> None:
    """Have a domain sign with a key, and with no other."""
    with transaction() as session:
        key = activate_key(session, domain, selector)
        record(session, ACTOR, "dkim.activated", "dkim key", key.id, domain=key.domain, selector=key.selector)
        facts = _facts(key)
    if as_json:
        say_json(facts)
    else:
        say(f"{facts['domain']} signs with {facts['selector']}. Next, with its newsletter: curator relays dns SLUG")


@app.command()
def off(domain: Domain, as_json: AsJson = False) -> None:
    """Have a domain sign no more. Its keys stay."""
    with transaction() as session:
        key = switch_off(session, domain)
        record(session, ACTOR, "dkim.switched_off", "dkim key", key.id, domain=key.domain, selector=key.selector)
        facts = _facts(key)
    if as_json:
        say_json(facts)
    else:
        say(f"{facts['domain']} does not sign any more. Leave the record in DNS while mails are on their way.")


def _facts(key: DkimKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "domain": key.domain,
        "selector": key.selector,
        "active": key.is_active,
        "created_at": key.created_at,
        "record": {"name": record_name(key), "type": "TXT", "value": record_value(key), "line": record_line(key)},
    }
