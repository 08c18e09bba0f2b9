"""People of the desk: add them, list them, give them a link to sign in with."""

from typing import Annotated

import typer
from sqlalchemy import select

from curator.accounts.audit import record
from curator.accounts.links import create_link
from curator.accounts.models import Grant, Role, User
from curator.accounts.users import add_user, find_user
from curator.cli.lookup import ACTOR
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.issues.models import Newsletter
from curator.issues.newsletters import get_newsletter
from curator.settings import get_settings

app = typer.Typer(no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL")]


@app.command()
def add(
    email: Email,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.EDITOR,
    newsletter: Annotated[str, typer.Option(help="Only for this newsletter (its slug).")] = "",
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a person, or give one another role."""
    with transaction() as session:
        newsletter_id = get_newsletter(session, newsletter).id if newsletter else None
        user = add_user(session, email, role, newsletter_id, name)
        record(session, ACTOR, "user.added", "user", user.id, role=role.value, newsletter_id=newsletter_id)
        result = {"id": user.id, "address": user.address, "role": role.value, "newsletter": newsletter or None}
    if as_json:
        say_json(result)
    else:
        say(f"{email} is {role.value} of {newsletter or 'all newsletters'}. Next: curator users link {email}")


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """Everybody with an account."""
    with transaction() as session:
        rows = session.execute(
            select(User.address, User.name, Grant.role, Newsletter.slug, User.is_active)
            .outerjoin(Grant, Grant.user_id == User.id)
            .outerjoin(Newsletter, Newsletter.id == Grant.newsletter_id)
            .order_by(User.address_key, Newsletter.slug)
        ).all()
    if as_json:
        say_json([dict(zip(("address", "name", "role", "newsletter", "is_active"), row, strict=True)) for row in rows])
    else:
        say_table(
            ("address", "name", "role", "newsletter"),
            [(row[0], row[1], row[2].value if row[2] else None, row[3] or "all") for row in rows],
        )


@app.command()
def link(email: Email, as_json: AsJson = False) -> None:
    """Print an address that signs this person in once, within the hour."""
    with transaction() as session:
        user = find_user(session, email)
        address = f"{get_settings().public_url}/sign-in/{create_link(session, user)}"
        record(session, ACTOR, "user.link_made", "user", user.id)
    if as_json:
        say_json({"address": address})
    else:
        say(address)
