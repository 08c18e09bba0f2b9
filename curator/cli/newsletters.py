"""Newsletters: create one, list them, set how one looks, give one a rhythm, skip a week of it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.doorbell import ring
from curator.errors import Invalid
from curator.issues.brand import FONTS
from curator.issues.models import Newsletter, Tracking
from curator.issues.newsletters import change_newsletter, create_newsletter, get_newsletter, list_newsletters
from curator.issues.planning import (
    Coming,
    bring_back_week,
    coming_weeks,
    set_rhythm,
    skip_week,
    stop_rhythm,
)
from curator.issues.rhythm import time_of, weekday_named
from curator.sources.pictures import store_picture

BRAND = ("accent", "accent_night", "paper", "heading_font", "text_font", "header", "footer")
_SAID = {
    "logo_id": "logo",
    "takes_suggestions": "rule for suggestions",
    "thanks_contributors": "rule for thanking contributors",
}
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
    suggestions: Annotated[bool | None, typer.Option(help="Whether readers may suggest articles.")] = None,
    thanks: Annotated[bool | None, typer.Option(help="Whether they are thanked once one is published.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change how a newsletter looks from its next issue on, or its contributors' door; what is not named stays."""
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
        "takes_suggestions": suggestions,
        "thanks_contributors": thanks,
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
        say(f"{facts['name']} has a new {', '.join(_SAID.get(name, name.replace('_', ' ')) for name in changes)}.")


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


@app.command()
def rhythm(
    slug: Slug,
    weekday: Annotated[str, typer.Option(metavar="DAY", help="The day it comes out: thursday.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="The time in the newsletter's zone.")] = "09:00",
    draft_days: Annotated[int, typer.Option(min=0, max=6, help="How many days before its draft is made.")] = 2,
    draft_at: Annotated[str, typer.Option(metavar="TIME", help="When on that day.")] = "07:00",
    assembles: Annotated[bool, typer.Option("--assemble/--no-assemble", help="From the starred articles.")] = True,
    off: Annotated[bool, typer.Option("--off", help="No issues by themselves any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the weeks to come; with --weekday set the rhythm, with --off end it. Nothing is ever sent by itself."""
    if off and weekday:
        raise Invalid("--off and --weekday contradict each other. Give one.")
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        if off:
            stop_rhythm(session, newsletter, ACTOR)
        elif weekday:
            facts = {"at": time_of(at), "draft_at": time_of(draft_at, "draft_at")}
            day = weekday_named(weekday)
            set_rhythm(session, newsletter, ACTOR, weekday=day, draft_days=draft_days, assembles=assembles, **facts)
            ring(session, "issues.due")
        weeks = [_week_facts(coming) for coming in coming_weeks(session, newsletter, datetime.now(UTC), 4)]
    _say_weeks(slug, weeks, as_json)


@app.command()
def skip(
    slug: Slug,
    day: Annotated[str, typer.Option(metavar="DATE", help="The day of the issue; else the next one.")] = "",
    back: Annotated[bool, typer.Option("--back", help="Have it after all.")] = False,
    as_json: AsJson = False,
) -> None:
    """No issue this week; a draft that is there waits for the next. With --back there is one after all."""
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise Invalid(f"{day!r} is no date. Write it as 2026-11-26.") from error
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        (bring_back_week if back else skip_week)(session, newsletter, chosen, ACTOR)
        ring(session, "issues.due")
        weeks = [_week_facts(coming) for coming in coming_weeks(session, newsletter, datetime.now(UTC), 4)]
    _say_weeks(slug, weeks, as_json)


def _week_facts(coming: Coming) -> dict[str, Any]:
    issue = coming.issue
    return {
        "day": coming.week.day,
        "due_at": coming.week.due_at,
        "draft_at": coming.week.draft_at,
        "skipped": coming.is_skipped,
        "issue": issue.number if issue else None,
        "state": "skipped" if coming.is_skipped else issue.state.value if issue else "to come",
    }


def _say_weeks(slug: str, weeks: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        say_json({"newsletter": slug, "weeks": weeks})
    elif not weeks:
        say(f"{slug} has no rhythm. Set one: curator newsletters rhythm {slug} --weekday thursday --at 09:00")
    else:
        columns = ("day", "due_at", "draft_at", "issue", "state")
        say_table(columns, [[week[column] for column in columns] for week in weeks])


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
        "takes_suggestions": newsletter.takes_suggestions,
        "thanks_contributors": newsletter.thanks_contributors,
        "sections": [section["name"] for section in newsletter.section_template],
    }
