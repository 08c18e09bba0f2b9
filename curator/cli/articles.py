"""Articles: add an address, a text, a page or a file of links; list what there is."""

import sys
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from curator.audience.csv_file import look_at_links, read_rows
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_step, say_table
from curator.db.session import transaction
from curator.errors import FetchFailed, Invalid
from curator.issues.newsletters import get_newsletter
from curator.issues.shelf import MOST_WEEKS, on_shelf, shelve, take_off
from curator.reports.item_clicks import seen_facts
from curator.settings import get_settings
from curator.sources import intake
from curator.sources.link_files import LARGEST as LARGEST_FILE
from curator.sources.link_files import is_bookmarks, links_in_rows, read_bookmarks
from curator.sources.link_import import import_links
from curator.sources.models import Article, CapturedBy, FetchState, Triage
from curator.sources.triage import candidates

app = typer.Typer(no_args_is_help=True)

LARGEST = 5_000_000
"""Bytes of a pasted text or page."""


@app.command()
def add(
    slug: Slug,
    url: Annotated[str, typer.Argument(metavar="[URL]", help="The page to read.")] = "",
    text_file: Annotated[str, typer.Option(help="A file with the text of an article; - reads stdin.")] = "",
    html_file: Annotated[str, typer.Option(help="A file with a page; - reads stdin.")] = "",
    page_url: Annotated[str, typer.Option("--url", help="Where the page of --html-file was found.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add an article: an address, a text, or a saved page."""
    if sum(map(bool, (url, text_file, html_file))) != 1:
        raise Invalid("Give one of: an address, --text-file FILE, --html-file FILE --url ADDRESS.")
    if html_file and not page_url:
        raise Invalid("Say where the page was found: --html-file FILE --url ADDRESS.")
    facts = _add_address(slug, url) if url else _add_content(slug, text_file, html_file, page_url)
    if as_json:
        say_json(facts)
    else:
        again = f" (already there as {facts['duplicate_of']})" if facts["duplicate_of"] else ""
        say(f"Article {facts['id']}: {facts['title']}{again}")
        if seen := facts["seen_before"]:
            what = "The same story was" if seen["by_words"] else "It was"
            when = f" on {seen['sent_at']:%Y-%m-%d}" if seen["sent_at"] else ""
            say(f"{what} in issue {seen['issue']}{when}, {seen['clicks']} clicks.")


@app.command("shelve")
def keep(
    slug: Slug,
    article: Annotated[int, typer.Argument(metavar="ARTICLE", help="The id of the article.")],
    weeks: Annotated[int, typer.Option(min=0, max=MOST_WEEKS, help="How long it keeps; 0 takes it off.")] = 12,
    as_json: AsJson = False,
) -> None:
    """Keep an article on the shelf for an issue that has room."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        today = datetime.now(ZoneInfo(newsletter.timezone)).date()
        if weeks:
            until = shelve(session, newsletter.id, article, weeks, ACTOR, today=today).until
        else:
            take_off(session, newsletter.id, article)
            until = None
    if as_json:
        say_json({"id": article, "until": until})
    else:
        say(f"Article {article} is on the shelf until {until}." if until else f"Article {article} is off the shelf.")


@app.command("shelf")
def list_shelf(slug: Slug, as_json: AsJson = False) -> None:
    """The unused articles on the shelf, the first to go first."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        today = datetime.now(ZoneInfo(newsletter.timezone)).date()
        kept = on_shelf(session, newsletter.id, today=today)
        rows = [{"id": a.id, "title": a.title, "site": a.site, "until": until} for a, until in kept]
    if as_json:
        say_json(rows)
    else:
        say_table(("id", "title", "site", "until"), [list(row.values()) for row in rows])


@app.command("list")
def list_all(
    slug: Slug,
    triage: Annotated[Triage | None, typer.Option(help="Only these; without it candidates and starred.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 200,
    as_json: AsJson = False,
) -> None:
    """The articles of a newsletter, newest first."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        rows = [article_facts(article) for article in candidates(session, newsletter.id, triage, limit)]
    if as_json:
        say_json(rows)
    else:
        columns = ("id", "title", "site", "published_at", "triage")
        say_table(columns, [[row[column] for column in columns] for row in rows])


@app.command("import")
def bring(
    slug: Slug,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Bookmarks as a browser exports them, or a CSV.")],
    as_json: AsJson = False,
) -> None:
    """Take in every link of a file; workers read the pages."""
    with transaction() as session, file.open("rb") as opened:
        newsletter = get_newsletter(session, slug)
        if file.stat().st_size > LARGEST_FILE:
            raise Invalid(f"{file} is larger than {LARGEST_FILE // 1_000_000} MB. Split it.")
        bookmarks = is_bookmarks(opened.read(8_000))
        opened.seek(0)
        links = read_bookmarks(opened) if bookmarks else links_in_rows(read_rows(opened, look_at_links(opened)))
        report = asdict(import_links(session, newsletter.id, links, intake.Way(CapturedBy.IMPORT, file.name)))
    if as_json:
        say_json(report)
        return
    for row in report["refusals"]:
        say(f"line {row['line']}: {row['address']}: {row['reason']}")
    say("{added} of {read} links are candidates now; {known} known, {twice} twice, {refused} refused.".format(**report))
    if report["left_out"]:
        say("The file has more links than one import takes. Bring the rest in a second file.")


def article_facts(article: Article) -> dict[str, Any]:
    """What is told of an article; times with the offset they were published with."""
    return {
        "id": article.id,
        "title": article.title,
        "author": article.author,
        "site": article.site,
        "language": article.language,
        "published_at": _as_published(article.published_at, article.published_offset),
        "tags": list(article.tags or ()),
        "address": article.address,
        "captured_by": CapturedBy(article.captured_by).value,
        "brought_by": article.brought_by,
        "words": article.words,
        "triage": Triage(article.triage).value,
        "fetch_state": FetchState(article.fetch_state).value,
    }


def _add_content(slug: str, text_file: str, html_file: str, address: str) -> dict[str, Any]:
    settings = get_settings()
    data = _read(text_file or html_file)
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        if text_file:
            text = data.decode("utf-8-sig", errors="replace")
            added = intake.add_text(session, newsletter.id, text, timezone=newsletter.timezone, settings=settings)
        else:
            page = data.decode("utf-8-sig", errors="replace")
            added = intake.add_html(session, newsletter.id, page, address=address, timezone=newsletter.timezone)
        told = {"duplicate_of": added.duplicate_of, "outcome": added.outcome}
        return article_facts(added.article) | told | {"seen_before": seen_facts(session, added.article)}


def _add_address(slug: str, address: str) -> dict[str, Any]:
    """The address is kept first, then read: whatever becomes of the page, the find is not lost."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        added = intake.add_address(session, newsletter.id, address)
        outcome, duplicate_of, article_id = added.outcome, added.duplicate_of, added.article.id
        is_read = added.article.fetch_state is FetchState.DONE
    say_step(f"Reading {address} …")
    with transaction() as session:
        article = session.get_one(Article, article_id) if is_read else None
        article = article or intake.read_article(session, article_id, get_settings())
        facts = article_facts(article) | {"duplicate_of": duplicate_of, "outcome": outcome}
        facts["seen_before"] = seen_facts(session, article)
        error = article.fetch_error if article.fetch_state is FetchState.FAILED else None
    if error:
        raise FetchFailed(f"The address is kept as article {article_id}, but could not be read: {error}", id=article_id)
    return facts


def _read(name: str) -> bytes:
    """The bytes of a file or of stdin; `Invalid` when there is none or too much."""
    try:
        data = sys.stdin.buffer.read(LARGEST + 1) if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Invalid(f"{name} cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST:
        raise Invalid(f"{name} is larger than {LARGEST // 1_000_000} MB. Leave out what is not the article.")
    return data


def _as_published(at: datetime | None, offset: int | None) -> datetime | None:
    """The moment with the offset of its publication (minutes east of UTC)."""
    return at.astimezone(timezone(timedelta(minutes=offset or 0))) if at else None
