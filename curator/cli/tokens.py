"""Tokens with which programs bring articles: create, list, revoke."""

from typing import Annotated

import typer

from curator.accounts.api_tokens import create_token, list_tokens, revoke_token
from curator.accounts.audit import record
from curator.accounts.models import TokenScope
from curator.accounts.users import find_user
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.issues.newsletters import get_newsletter

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    slug: Slug,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose token it is: what they may do, it may.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    days: Annotated[int, typer.Option(help="After so many days it ends.")] = 365,
    read_only: Annotated[bool, typer.Option("--read-only", help="It brings nothing, it only reads.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token; its secret is shown this once."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        scope = TokenScope.READ if read_only else TokenScope.WRITE
        token, secret = create_token(session, find_user(session, email), newsletter.id, name, days, scope)
        facts = {"token": token.id, "name": token.name, "scope": scope.value}
        record(session, ACTOR, "token.created", "newsletter", newsletter.id, **facts)
        facts = {"id": token.id, "name": token.name, "token": secret}
    if as_json:
        say_json(facts)
    else:
        say(f"Token {facts['id']}, shown this once: {secret}")


@app.command("list")
def list_all(slug: Slug, as_json: AsJson = False) -> None:
    """The tokens of a newsletter; never their secrets."""
    with transaction() as session:
        rows = [
            {
                "id": token.id,
                "name": token.name,
                "scope": token.scope.value,
                "user": user.address,
                "created_at": token.created_at,
                "used_at": token.used_at,
                "expires_at": token.expires_at,
            }
            for token, user in list_tokens(session, get_newsletter(session, slug).id)
        ]
    if as_json:
        say_json(rows)
    else:
        columns = ("id", "name", "scope", "user", "used_at", "expires_at")
        say_table(columns, [[row[column] for column in columns] for row in rows])


@app.command()
def revoke(slug: Slug, token_id: Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.")]) -> None:
    """End a token at once."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        revoke_token(session, newsletter.id, token_id)
        record(session, ACTOR, "token.revoked", "newsletter", newsletter.id, token=token_id)
    say("It is worthless now.")
