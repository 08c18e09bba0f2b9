"""Sources: watch a feed or a list of them, show how each is doing, look for news now."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from curator.accounts.audit import record
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_step, say_table
from curator.db.session import transaction
from curator.issues.newsletters import get_newsletter
from curator.settings import get_settings
from curator.sources.adding import add_source, list_sources, remove_source, watch_all
from curator.sources.health import SourceHealth, list_health
from curator.sources.models import Source, SourceState
from curator.sources.opml import read_opml, write_opml
from curator.sources.watch import refresh_source

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
    """What is watched for a newsletter and how it is doing; what is in trouble stands first."""
    with transaction() as session:
        found = list_health(session, get_newsletter(session, slug).id)
        rows = [_facts(one.source) | _health(one) for one in found]
    if as_json:
        say_json(rows)
    else:
        columns = ("id", "title", "address", "health", "per_week", "succeeded_at", "next_fetch_at", "last_error")
        say_table(columns, [[row[column] for column in columns] for row in rows])


@app.command()
def remove(
    slug: Slug, source_id: Annotated[int, typer.Argument(metavar="ID", help="As `curator sources list` shows it.")]
) -> None:
    """Watch a feed no more; its articles stay."""
    with transaction() as session:
        remove_source(session, get_newsletter(session, slug).id, source_id)
        record(session, ACTOR, "source.removed", "source", source_id)
    say("It is watched no more.")


@app.command("import")
def bring(
    slug: Slug, file: Annotated[Path, typer.Argument(metavar="FILE", help="A list as OPML.")], as_json: AsJson = False
) -> None:
    """Watch every feed of an OPML file; workers look at them."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        outcomes = watch_all(session, newsletter.id, read_opml(file.read_bytes()))
        counts = Counter(str(one.outcome) for one in outcomes)
        record(session, ACTOR, "sources.imported", "newsletter", newsletter.id, file=file.name, **counts)
    if as_json:
        say_json({"read": len(outcomes), **counts, "feeds": [one._asdict() for one in outcomes]})
        return
    say_table(("line", "title", "address", "outcome", "reason"), [tuple(one) for one in outcomes])
    say(f"{counts['added']} of {len(outcomes)} feeds are watched from now on.")


@app.command()
def export(slug: Slug, out: Annotated[str, typer.Option(help="A file to write; - writes to stdout.")] = "-") -> None:
    """Every feed that is watched, as OPML for another reader."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        document = write_opml(newsletter.name, list_sources(session, newsletter.id))
    if out == "-":
        say(document.decode())
    else:
        Path(out).write_bytes(document)


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
        "folder": source.folder,
        "state": SourceState(source.state or SourceState.ACTIVE).value,
        "succeeded_at": source.succeeded_at,
        "last_error": source.last_error,
    }


def _health(one: SourceHealth) -> dict[str, Any]:
    return {
        "health": one.health.value,
        "failures": one.source.failures,
        "fetched_at": one.source.fetched_at,
        "next_fetch_at": one.source.next_fetch_at if one.source.state is SourceState.ACTIVE else None,
        "articles": one.articles,
        "per_week": one.per_week,
        "last_article_at": one.last_article_at,
    }
