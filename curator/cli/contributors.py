"""Readers who suggest articles: what they suggested, and erasing a person."""

from typing import Annotated

import typer

from curator.accounts.audit import record
from curator.audience.addresses import canonical
from curator.cli.lookup import ACTOR, Slug
from curator.cli.output import AsJson, say, say_json, say_table
from curator.db.session import transaction
from curator.delivery.thanks import erase_thanks
from curator.issues.credits import issues_naming
from curator.issues.newsletters import get_newsletter
from curator.settings import get_settings
from curator.sources.suggestions import erase_contributor, list_suggestions, suggestions_by

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_all(slug: Slug, as_json: AsJson = False) -> None:
    """The newest hundred suggestions to a newsletter. No addresses: those are for thanking alone."""
    with transaction() as session:
        rows = [
            {
                "id": one.id,
                "at": one.created_at,
                "article": article.id,
                "title": article.title,
                "name": one.name,
                "may_be_named": one.may_name,
                "note": one.note,
                "thanked_at": one.thanked_at,
            }
            for one, article in list_suggestions(session, get_newsletter(session, slug).id)
        ]
    if as_json:
        say_json(rows)
    else:
        columns = ("at", "title", "name", "note", "thanked_at")
        say_table(columns, [[row[column] for column in columns] for row in rows])


@app.command()
def erase(email: Annotated[str, typer.Argument(metavar="EMAIL")], as_json: AsJson = False) -> None:
    """Delete what the person of this address suggested, and every thank-you to them. The articles stay.

    What cannot be taken back is named: issues that credit them. A mail that was sent is in its readers' inboxes.
    """
    address = canonical(email).address
    with transaction() as session:
        named = issues_naming(session, suggestions_by(session, address, get_settings()))
        gone = erase_contributor(session, address, get_settings())
        mails = erase_thanks(session, address)
        record(session, ACTOR, "contributor.erased", "suggestion", None, suggestions=gone, thank_yous=mails)
    if as_json:
        say_json({"suggestions": gone, "thank_yous": mails, "named_in": [one._asdict() for one in named]})
        return
    say(f"Erased: {gone} suggestions, {mails} thank-yous. Where they are muted they still are, without their name.")
    if not named:
        say("No issue names them for an article they suggested.")
        return
    issues = ", ".join(f"{one.newsletter}#{one.issue} ({one.state.value})" for one in named)
    say(
        f"Their name stands in {issues}, with its history. Take it out of drafts under Link, source, picture. What "
        "was sent, and its page in the archive, stay as they were."
    )
