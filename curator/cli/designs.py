"""Designs of mails: list them, files out, files in as a new version, restore an old one, delete a design."""

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.editions.design_rules import faults_of
from curator.editions.designs import design_files
from curator.editions.render import render_issue
from curator.editions.slots import Marks
from curator.errors import Invalid
from curator.issues.brand import DESIGNS
from curator.issues.content import OwnDesign
from curator.issues.models import Newsletter
from curator.issues.newsletters import get_newsletter
from curator.issues.own_designs import (
    FILES,
    delete_design,
    find_design,
    get_version,
    list_designs,
    list_versions,
    newest_version,
    restore_version,
    save_version,
    start_design,
)
from curator.issues.specimen import issue_to_show, with_newsletter
from curator.settings import get_settings

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The design's name.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help=f"The folder of its files: {', '.join(FILES)}.")]


@app.command("list")
def list_all(slug: Slug, as_json: AsJson = False) -> None:
    """Ours and the newsletter's own, with their versions."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        rows: list[dict[str, Any]] = [{"name": name, "based_on": None, "versions": []} for name in DESIGNS]
        for design in list_designs(session, newsletter.id):
            versions = [
                {"number": version.number, "by": version.by, "at": version.at, "note": version.note}
                for version in list_versions(session, design.id)
            ]
            rows.append({"name": design.name, "based_on": design.based_on, "versions": versions})
        rows = [row | {"is_used": row["name"] == newsletter.design} for row in rows]
    if as_json:
        say_json(rows)
    else:
        columns = ("name", "based on", "versions", "used")
        say_table(
            columns,
            [[r["name"], r["based_on"], len(r["versions"]) or None, "yes" if r["is_used"] else ""] for r in rows],
        )


@app.command()
def export(
    slug: Slug,
    name: Name,
    folder: Folder,
    version: Annotated[int | None, typer.Option(help="An older one than the newest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the files of a design, one of ours or the newsletter's own, into a folder."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        files = design_files(name) if name in DESIGNS else _files(session, newsletter, name, version)
    folder.mkdir(parents=True, exist_ok=True)
    for file, words in files.items():
        (folder / file).write_text(words, encoding="utf-8")
    if as_json:
        say_json({"folder": str(folder), "files": list(files)})
    else:
        say(f"{', '.join(files)} written to {folder}.")


@app.command()
def save(
    slug: Slug,
    name: Name,
    folder: Folder,
    based_on: Annotated[str, typer.Option(help="For a new one: the design of ours it began as.")] = "classic",
    note: Annotated[str, typer.Option(help="What changed.")] = "",
    as_json: AsJson = False,
) -> None:
    """Bring a folder's files in as a new version, or as a new design; tried on the latest issue first."""
    files = {file: (folder / file).read_text(encoding="utf-8") for file in FILES if (folder / file).is_file()}
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        known = {design.name: design for design in list_designs(session, newsletter.id)}
        design = known.get(name)
        _judge(session, newsletter, OwnDesign(0, 0, design.based_on if design else based_on, files))
        if design is None:
            design = start_design(session, newsletter, name, based_on=based_on, files=files, by=ACTOR)
        else:
            save_version(session, design, files, by=ACTOR, note=note)
        number = newest_version(session, design.id).number
    _say_saved(name, number, as_json)


@app.command()
def restore(
    slug: Slug, name: Name, number: Annotated[int, typer.Argument(metavar="VERSION")], as_json: AsJson = False
) -> None:
    """Make an old version the newest again."""
    with transaction() as session:
        design = find_design(session, get_newsletter(session, slug).id, name)
        made = restore_version(session, design, number, by=ACTOR).number
    _say_saved(name, made, as_json)


@app.command()
def delete(slug: Slug, name: Name, as_json: AsJson = False) -> None:
    """Offer a design of the newsletter's own no more; refused while the newsletter uses it."""
    with transaction() as session:
        newsletter = get_newsletter(session, slug)
        delete_design(session, newsletter, find_design(session, newsletter.id, name), by=ACTOR)
    if as_json:
        say_json({"name": name, "deleted": True})
    else:
        say(f"{name} is deleted. Issues that were sent in it keep it.")


def _files(session: Session, newsletter: Newsletter, name: str, version: int | None) -> dict[str, Any]:
    design = find_design(session, newsletter.id, name)
    found = newest_version(session, design.id) if version is None else get_version(session, design.id, version)
    return dict(found.files)


def _judge(session: Session, newsletter: Newsletter, own: OwnDesign) -> None:
    """`TemplateFailed` or `Invalid` when the latest issue cannot be a mail in it."""
    content = with_newsletter(issue_to_show(session, newsletter), design="own", own_design=own)
    rendered = render_issue(content, public_url=get_settings().public_url)
    if faults := faults_of(rendered.html, Marks(content.content_hash)):
        raise Invalid(" ".join(faults))


def _say_saved(name: str, number: int, as_json: bool) -> None:
    if as_json:
        say_json({"name": name, "version": number})
    else:
        say(f"{name} is at version {number}. Use it: curator newsletters set SLUG --design “{name}”")
