"""The database: bring its tables to this version of Curator."""

import typer

from curator.cli.output import AsJson, say, say_json
from curator.db import upgrade as migrations
from curator.db.session import get_engine
from curator.settings import get_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def db() -> None:
    """Keeps `upgrade` a command of its own, however few there are."""


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Make or change the tables. Safe to repeat, and with several processes starting at once."""
    get_engine()  # says what to do when no database is configured
    migrations.upgrade(get_settings().database_url)
    revision = migrations.head()
    if as_json:
        say_json({"revision": revision})
    else:
        say(f"The database is at {revision}.")
