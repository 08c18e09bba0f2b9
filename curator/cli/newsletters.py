"""Newsletters: create one, list them."""

from typing import Annotated, Any

import typer

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.issues.models import Newsletter, Tracking
from curator.issues.newsletters import create_newsletter, list_newsletters

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    slug: Slug,
    from_address: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="The address it comes from.")],
    name: Annotated[str, typer.Option(help="Its title; made from the slug when left out.")] = "",
    language: Annotated[str, typer.Option(help="nl or en: the wording around the articles.")] = "nl",
    tracking: Annotated[Tracking, typer.Option(help="How much is measured.")] = Tracking.INDIVIDUAL,
    from_name: Annotated[str, typer.Option(help="The name beside the address; the title when left out.")] = "",
    timezone: Annotated[str, typer.Option(help="Where its editors live.")] = "Europe/Amsterdam",
    description: Annotated[str, typer.Option(help="One sentence for the sign-up page.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a newsletter with four sections."""
    title = name or slug.replace("-", " ").capitalize()
    with transaction() as session:
        newsletter = create_newsletter(
            session,
            slug,
            name=title,
            from_address=from_address,
            language=language,
            tracking=tracking.value,
            from_name=from_name or title,
            timezone=timezone,
            description=description,
        )
        record(session, ACTOR, "newsletter.created", "newsletter", newsletter.id, slug=slug)
        facts = _facts(newsletter)
    if as_json:
        say_json(facts)
    else:
        say(f"{title} is there. Next: curator articles add {slug} --text-file FILE")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All newsletters."""
    with transaction() as session:
        rows = [_facts(newsletter) for newsletter in list_newsletters(session)]
    if as_json:
        say_json(rows)
    else:
        columns = ("id", "slug", "name", "from_address", "language", "tracking")
        say_table(columns, [[row[column] for column in columns] for row in rows])


def _facts(newsletter: Newsletter) -> dict[str, Any]:
    return {
        "id": newsletter.id,
        "slug": newsletter.slug,
        "name": newsletter.name,
        "from_name": newsletter.from_name,
        "from_address": newsletter.from_address,
        "language": newsletter.language,
        "tracking": Tracking(newsletter.tracking).value,
        "timezone": newsletter.timezone,
        "sections": [section["name"] for section in newsletter.section_template],
    }
