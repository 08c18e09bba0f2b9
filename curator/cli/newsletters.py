"""Newsletters: create one, list them, set how one looks."""

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.errors import Invalid
from curator.issues.brand import FONTS
from curator.issues.models import Newsletter, Tracking
from curator.issues.newsletters import change_newsletter, create_newsletter, get_newsletter, list_newsletters
from curator.sources.pictures import store_picture

BRAND = ("accent", "accent_night", "paper", "heading_font", "text_font", "header", "footer")
FONT_NAMES = ", ".join(FONTS)

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    slug: Slug,
    from_address: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="The address it comes from.")],
    name: Annotated[str, typer.Option(help="Its title; made from the slug when left out.")] = "",
    language: Annotated[str, typer.Option(help="The wording around the articles: nl, en, de, fr, ar …")] = "nl",
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


@app.command("set")
def set_facts(
    slug: Slug,
    design: Annotated[str | None, typer.Option(help="classic, magazine, compact, letter, or one of its own.")] = None,
    language: Annotated[str | None, typer.Option(help="The wording around the articles, and the way it runs.")] = None,
    accent: Annotated[str | None, typer.Option(metavar="#RRGGBB", help="The colour of links and headings.")] = None,
    accent_night: Annotated[
        str | None, typer.Option(metavar="#RRGGBB", help="The same by night; '' for a shade.")
    ] = None,
    paper: Annotated[str | None, typer.Option(metavar="#RRGGBB", help="The ground; '' for a warm white.")] = None,
    heading_font: Annotated[str | None, typer.Option(help=f"{FONT_NAMES}; '' as in the design.")] = None,
    text_font: Annotated[str | None, typer.Option(help="The same list, for the text.")] = None,
    logo: Annotated[str | None, typer.Option(metavar="FILE", help="PNG, JPEG, WebP or GIF; '' takes it away.")] = None,
    header: Annotated[str | None, typer.Option(help="Markdown under the title of every issue.")] = None,
    footer: Annotated[str | None, typer.Option(help="Markdown above the ways to leave.")] = None,
    postal_address: Annotated[str | None, typer.Option(help="The organisation's address.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change how a newsletter looks from its next issue on; what is not named stays."""
    given = {
        "design": design,
        "language": language,
        "accent": accent,
        "accent_night": accent_night,
        "paper": paper,
        "heading_font": heading_font,
        "text_font": text_font,
        "header": header,
        "footer": footer,
        "postal_address": postal_address,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not changes and logo is None:
        raise Invalid("Name what to set; `curator newsletters set --help` has the options.")
    with transaction() as session:
        if logo is not None:
            changes["logo_id"] = _stored(session, logo)
        newsletter = change_newsletter(session, get_newsletter(session, slug), ACTOR, **changes)
        facts = _facts(newsletter)
    if as_json:
        say_json(facts)
    else:
        say(f"{facts['name']} has a new {', '.join(name.removesuffix('_id').replace('_', ' ') for name in changes)}.")


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


def _stored(session: Session, logo: str) -> int | None:
    """The picture of a file, decoded and encoded anew; None for no file."""
    return store_picture(session, Path(logo).read_bytes()).id if logo else None


def _facts(newsletter: Newsletter) -> dict[str, Any]:
    return {
        "id": newsletter.id,
        "slug": newsletter.slug,
        "name": newsletter.name,
        "from_name": newsletter.from_name,
        "from_address": newsletter.from_address,
        "language": newsletter.language,
        "design": newsletter.design,
        **{name: getattr(newsletter, name) for name in BRAND},
        "logo": [newsletter.logo.width, newsletter.logo.height] if newsletter.logo else None,
        "tracking": Tracking(newsletter.tracking).value,
        "timezone": newsletter.timezone,
        "sections": [section["name"] for section in newsletter.section_template],
    }
