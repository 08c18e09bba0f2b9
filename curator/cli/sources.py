"""Sources: watch a feed, list what is watched, look for news now."""

from typing import Annotated, Any

import typer

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_step, say_table
from curator.db.session import transaction
from curator.issues.newsletters import get_newsletter
from curator.settings import get_settings
from curator.sources.models import Source, SourceState
from curator.sources.watch import add_source, list_sources, refresh_source

app = typer.Typer(no_args_is_help=True)


@app.command()
def add(slug: Slug, url: Annotated[str, typer.Argument(metavar="URL")], as_json: AsJson = False) -> None:
    """Watch a feed, or the feed a page names."""
    say_step(f"Reading {url} …")
    with transaction() as session:
        source = add_source(session, get_newsletter(session, slug).id, url, get_settings())
        record(session, ACTOR, "source.added", "source", source.id)
        facts = _facts(source)
    if as_json:
        say_json(facts)
    else:
        say(f"Watching {facts['title']} ({facts['address']}).")


@app.command("list")
def list_all(slug: Slug, as_json: AsJson = False) -> None:
    """What is watched for a newsletter."""
    with transaction() as session:
        rows = [_facts(source) for source in list_sources(session, get_newsletter(session, slug).id)]
    if as_json:
        say_json(rows)
    else:
        columns = ("id", "title", "address", "state", "succeeded_at", "last_error")
        say_table(columns, [[row[column] for column in columns] for row in rows])


@app.command()
def refresh(slug: Slug, as_json: AsJson = False) -> None:
    """Read every source of a newsletter now."""
    with transaction() as session:
        sources = [(s.id, s.title) for s in list_sources(session, get_newsletter(session, slug).id)]
    rows: list[dict[str, Any]] = []
    for source_id, title in sources:
        say_step(f"Reading {title} …")
        with transaction() as session:
            found = refresh_source(session, source_id, get_settings())
        rows.append({"id": source_id, "title": title, "new": found.new, "seen": found.seen, "error": found.error})
    if as_json:
        say_json(rows)
    else:
        say_table(("title", "new", "seen", "error"), [(r["title"], r["new"], r["seen"], r["error"]) for r in rows])


def _facts(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "title": source.title,
        "address": source.address,
        "site_address": source.site_address,
        "state": SourceState(source.state or SourceState.ACTIVE).value,
        "succeeded_at": source.succeeded_at,
        "last_error": source.last_error,
    }
