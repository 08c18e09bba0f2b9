"""What a command says: one JSON document for machines, or tables for people. Nothing else goes to stdout."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
"""The option every command takes."""


def say_json(value: Any) -> None:
    """`value` as the one document on stdout."""
    print(json.dumps(value, ensure_ascii=False, default=_plain))  # noqa: T201


def say(message: str) -> None:
    """A line for a person."""
    print(message)  # noqa: T201


def say_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """A table for a person; an empty one says so."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.show_header = any(columns)
    count = 0
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row))
        count += 1
    if count == 0:
        say(f"{title}: nothing yet." if title else "Nothing yet.")
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a pipe has no width: do not fold lines somebody will search
    console.print(table)


def say_facts(facts: Mapping[str, Any]) -> None:
    """Names and values, one line each."""
    say_table(("", ""), [(name.replace("_", " "), value) for name, value in facts.items()])


def say_csv(lines: Iterable[str], out: Path | None, as_json: bool) -> None:
    """CSV text: to a file when one is named, as a JSON list of rows with --json, else to stdout as it is."""
    if out is not None:
        with out.open("w+", encoding="utf-8", newline="") as file:
            file.writelines(lines)
            file.seek(0)
            count = max(sum(1 for _ in csv.reader(file)) - 1, 0)
        if as_json:
            say_json({"file": str(out), "rows": count})
        else:
            say(f"{count} rows written to {out}.")
    elif as_json:
        say_json(list(csv.DictReader(io.StringIO("".join(lines)))))
    else:
        sys.stdout.writelines(lines)


def say_step(message: str) -> None:
    """What is happening, on stderr, when a person watches."""
    if sys.stderr.isatty():
        print(message, file=sys.stderr)  # noqa: T201


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """A function to tell how far it is; a line that counts, on stderr, when a person watches."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda count: None
        return
    with console.status(f"{what} …") as status:
        yield lambda count: status.update(f"{what} … {count:,}")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(amount)}" for name, amount in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(part) for part in value) or "–"
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
