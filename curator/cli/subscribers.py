"""Subscribers: import and export them, and answer "where is my mail?"."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from curator.accounts.audit import record
from curator.audience.exports import export_csv
from curator.audience.imports import ImportResult, import_csv
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, counting, say, say_csv, say_facts, say_json, say_table
from curator.db.session import transaction
from curator.errors import Invalid
from curator.issues.newsletters import get_newsletter
from curator.reports.timeline import subscriber_view
from curator.settings import get_settings

app = typer.Typer(no_args_is_help=True)


@app.command("import")
def import_file(
    slug: Slug,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="A CSV file whose first line names the columns.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="email, name or language is in COLUMN.")
    ] = None,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="They have confirmed; you can prove it.")] = False,
    tracking_consent: Annotated[
        bool, typer.Option("--tracking-consent", help="They agreed to individual measuring as well.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import people from a CSV file. Bad rows are set aside with line number and reason; the rest goes on."""
    if not file.is_file():
        raise Invalid(f"{file} is a folder. Name the CSV file." if file.is_dir() else f"There is no file {file}.")
    with transaction() as session, counting(f"Reading {file}") as progress:
        newsletter = get_newsletter(session, slug)
        result = import_csv(
            session,
            newsletter.id,
            file,
            mapping=_read_mapping(mapping or []),
            confirmed=confirmed,
            tracking_consent=tracking_consent,
            dry_run=dry_run,
            actor=ACTOR,
            file_name=file.name,
            settings=get_settings(),
            progress=progress,
        )
        if not dry_run:
            counts = {"created": result.created, "rejected": result.rejected}
            record(session, ACTOR, "subscribers.imported", "newsletter", newsletter.id, **counts)
    if as_json:
        say_json(_facts(result) | {"dry_run": dry_run})
        return
    for line, address, reason in result.rejects[:20]:
        say(f"line {line}: {address}: {reason}" if address else f"line {line}: {reason}")
    say_facts({name: value for name, value in _facts(result).items() if name not in ("rejects", "note")})
    if result.note:
        say(result.note)


@app.command()
def export(
    slug: Slug,
    out: Annotated[Path | None, typer.Option(help="Write here instead of stdout.")] = None,
    as_json: AsJson = False,
) -> None:
    """All subscriptions of a newsletter as CSV."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        record(session, ACTOR, "subscribers.exported", "newsletter", newsletter.id)
        say_csv(export_csv(session, newsletter.id), out, as_json)


@app.command()
def show(email: Annotated[str, typer.Argument(metavar="EMAIL")], as_json: AsJson = False) -> None:
    """Everything known of one person: subscriptions, consent, and what was sent and came back."""
    with transaction() as session:
        view = subscriber_view(session, email, get_settings())
    if as_json:
        say_json(view)
        return
    say(f"{view['address']} {view.get('name') or ''}".rstrip())
    for part in ("subscriptions", "consent", "suppressed", "suggestions", "timeline"):
        _say_part(part, view[part])


def _say_part(title: str, rows: list[Any]) -> None:
    say("")
    columns = list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
    if columns:
        say_table(columns, [[_readable(row.get(column)) for column in columns] for row in rows], title.capitalize())
    else:
        say_table((title,), [(row,) for row in rows], title.capitalize())


def _readable(value: Any) -> Any:
    """Times come as text for JSON; a person reads them to the minute."""
    if isinstance(value, str) and len(value) > 18 and value[4:5] == "-" and value[10:11] == "T":
        return datetime.fromisoformat(value)
    return value


def _read_mapping(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise Invalid(f"--map takes FIELD=COLUMN, for example email=E-mailadres; not {pair!r}.")
    return {field.strip(): column for field, _, column in (pair.partition("=") for pair in pairs)}


def _facts(result: ImportResult) -> dict[str, Any]:
    names = ("read", "created", "updated", "unchanged", "rejected", "rejects_file", "note")
    rejects = [{"line": line, "address": address, "reason": reason} for line, address, reason in result.rejects]
    return {name: getattr(result, name) for name in names} | {"rejects": rejects}
