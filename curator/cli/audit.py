"""The audit chain from the command line: is every entry as it was written?"""

import typer

from curator.accounts.audit import verify as find_breaks
from curator.cli.output import AsJson, say, say_json
from curator.db.session import transaction

app = typer.Typer(no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Keeps `verify` a command of its own, however few there are."""


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Look for entries that were altered or removed. Exit code 1 when there are any."""
    with transaction() as session:
        problems = find_breaks(session)
    if as_json:
        say_json({"holds": not problems, "problems": problems})
    else:
        say("\n".join(problems) or "Every entry is as it was written.")
    if problems:
        raise typer.Exit(1)
