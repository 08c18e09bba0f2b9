"""The command `curator`: finds the noun, loads its file alone, and turns every error into one clear line.

Exit codes: 0 done, 1 refused or failed, 2 not understood. With --json exactly one JSON document goes to stdout,
also for errors; logs go to stderr.
"""

import json
import sys
from importlib import import_module
from typing import Any, NoReturn

import typer

from curator.errors import CuratorError, Invalid, Unavailable

PROCESSES = {
    "demo": "Try everything: servers, processes, a mailbox and a sample newsletter.",
    "up": "Run everything on this machine: servers, web, worker and beat.",
    "web": "Run the web process.",
    "worker": "Run a worker.",
    "beat": "Run the scheduler.",
    "receiver": "Run the receiver: mail for newsletters comes in as articles.",
    "mailbox": "Run the mailbox: an SMTP server that keeps what it receives.",
}
"""Commands of curator/cli/processes.py, in the order of the help."""

_PROGRAMS = ("web", "worker", "beat", "receiver", "mailbox")  # commands that become another program

NOUNS = {
    "newsletters": "Newsletters: create, set how they look, list.",
    "designs": "Designs of mails: list, export, save, restore.",
    "sources": "Feeds that are watched: add, list, remove, refresh, import, export.",
    "articles": "Articles: add an address or a text, import links, list.",
    "contributors": "Readers who suggest articles: list what they suggested, erase a person.",
    "issues": "Issues: create, fill, check, render, test, send.",
    "subscribers": "Subscribers: import, export, and where is my mail?",
    "deliveries": "Deliveries: show, export, pause, resume, cancel.",
    "reports": "Reports: what came back.",
    "throttles": "Mails a second from or to a domain: set, list, remove.",
    "relays": "SMTP servers to send through: set, list, test, warm up; what DNS says about them.",
    "dkim": "Keys that sender domains sign with: create, list, activate, off.",
    "users": "People of the desk: add, list, one-time sign-in links.",
    "tokens": "Tokens with which programs bring articles: create, list, revoke.",
    "audit": "Who did what: verify that nothing was altered.",
    "db": "The database: upgrade.",
}
"""Groups of commands, one file each."""

DOCTOR = "Say what is missing or down, and the next step."


def main() -> None:
    """Entry point of the console script."""
    arguments = sys.argv[1:]
    as_json = "--json" in arguments
    if arguments and arguments[0] not in (
        "web",
        "worker",
        "beat",
        "receiver",
        "mailbox",
    ):  # those become other programs
        from curator.logs import configure_logs

        configure_logs("warning")
    try:
        code = typer.main.get_command(build(*arguments[:1])).main(arguments, "curator", standalone_mode=False)
    except typer.TyperException as misunderstood:
        show = getattr(misunderstood, "show", None)  # with the usage line, where the mistake is in the words
        if show and not as_json:
            show()
        _leave(misunderstood.exit_code, "usage", misunderstood.format_message(), as_json, quiet=bool(show))
    except typer.Abort:
        _leave(1, "aborted", "Nothing was done.", as_json)
    except CuratorError as refusal:
        _leave(1, refusal.code, refusal.message, as_json, **refusal.facts)
    except KeyboardInterrupt:
        _leave(1, "interrupted", "Interrupted.", as_json)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left; nothing more to say
        sys.exit(1)
    except Exception as error:
        known = _server_away(error) or _file_trouble(error)
        if known is None:
            if as_json:  # a fault of ours: the script gets its document, stderr the traceback
                _print_json({"error": "failed", "message": f"Something went wrong inside: {error!r}"})
            raise
        _leave(1, known.code, known.message, as_json)
    sys.exit(code if isinstance(code, int) else 0)


def build(word: str = "") -> typer.Typer:
    """The command tree. Only what `word` names is loaded; the rest is there for the help. "*" loads everything."""
    app = typer.Typer(
        name="curator",
        help="Curator: a self-hosted newsletter desk and mailer.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for name, summary in PROCESSES.items():
        function = _stub
        if word in (name, "*"):
            function = getattr(import_module("curator.cli.processes"), name)
        app.command(name, help=summary, short_help=summary)(function)
    doctor = import_module("curator.cli.doctor").doctor if word in ("doctor", "*") else _stub
    app.command("doctor", help=DOCTOR, short_help=DOCTOR)(doctor)
    for name, summary in NOUNS.items():
        if word in (name, "*"):
            app.add_typer(import_module(f"curator.cli.{name}").app, name=name, help=summary, short_help=summary)
        else:
            app.command(name, help=summary, short_help=summary)(_stub)
    return app


def _stub() -> None:
    """Stands for a command that was not asked for."""


def _server_away(error: Exception) -> Unavailable | None:
    """PostgreSQL or Valkey not answering, said plainly; None for any other error."""
    kind = f"{type(error).__module__}.{type(error).__name__}"
    if kind in ("sqlalchemy.exc.OperationalError", "sqlalchemy.exc.InterfaceError", "psycopg.OperationalError"):
        return Unavailable("PostgreSQL does not answer. Start it with `curator up`, or see `curator doctor`.")
    if kind == "sqlalchemy.exc.ProgrammingError" and "UndefinedTable" in str(error):
        return Unavailable("The database has no tables yet. Run `curator db upgrade`.")
    if kind.startswith("redis.exceptions."):
        return Unavailable("Valkey (Redis) does not answer. Start it with `curator up`, or see `curator doctor`.")
    return None


def _file_trouble(error: Exception) -> Invalid | None:
    """A file or folder somebody named that cannot be read or written; None for any other error."""
    if not isinstance(error, OSError) or error.filename is None:
        return None
    return Invalid(f"{error.filename} cannot be used: {error.strerror or error}. Name another file or folder.")


def _leave(code: int, error: str, message: str, as_json: bool, *, quiet: bool = False, **facts: Any) -> NoReturn:
    if as_json:
        _print_json({"error": error, "message": message} | facts)
    elif not quiet:
        print(message, file=sys.stderr)  # noqa: T201
    sys.exit(code)


def _print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, default=str))  # noqa: T201


if __name__ == "__main__":
    main()
