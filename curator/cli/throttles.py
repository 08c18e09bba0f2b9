"""Throttles: how many mails a second may leave from a sender's domain or go to a recipient's."""

from typing import Annotated, Any

import typer

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.delivery.models import Throttle, ThrottleScope
from curator.delivery.throttles import list_throttles, remove_throttle, set_throttle

app = typer.Typer(no_args_is_help=True)

Scope = Annotated[ThrottleScope, typer.Argument(metavar="SCOPE", help="sender-domain or recipient-domain.")]
Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="Like gmail.com.")]


@app.command("set")
def set_one(
    scope: Scope,
    domain: Domain,
    rate: Annotated[float, typer.Option(min=0.001, help="Messages per second at most.")],
    as_json: AsJson = False,
) -> None:
    """Set or change a throttle; it takes effect within seconds."""
    with transaction() as session:
        throttle = set_throttle(session, scope, domain, rate)
        record(session, ACTOR, "throttle.set", "throttle", throttle.id, domain=throttle.domain, rate=rate)
        facts = _facts(throttle)
    if as_json:
        say_json(facts)
    else:
        word = "from" if scope is ThrottleScope.SENDER_DOMAIN else "to"
        say(f"At most {rate:g} messages a second {word} {facts['domain']}.")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All throttles."""
    with transaction() as session:
        rows = [_facts(throttle) for throttle in list_throttles(session)]
    if as_json:
        say_json(rows)
    else:
        columns = ("scope", "domain", "rate")
        say_table(columns, [[row[column] for column in columns] for row in rows])


@app.command()
def remove(scope: Scope, domain: Domain, as_json: AsJson = False) -> None:
    """Take a throttle away."""
    with transaction() as session:
        remove_throttle(session, scope, domain)
        record(session, ACTOR, "throttle.removed", "throttle", None, scope=scope.value, domain=domain)
    if as_json:
        say_json({"scope": scope.value, "domain": domain, "removed": True})
    else:
        say(f"No throttle for {domain} any more.")


def _facts(throttle: Throttle) -> dict[str, Any]:
    return {"scope": throttle.scope.value, "domain": throttle.domain, "rate": throttle.rate}
