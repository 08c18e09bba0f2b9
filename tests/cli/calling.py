"""Call a command in this process, with the test's settings and session, and see what a script would see."""

import io
import json
from contextlib import redirect_stdout
from typing import Any, NamedTuple

import typer
from structlog.testing import capture_logs

from curator.cli.main import build


class Said(NamedTuple):
    """The exit code and what went to stdout."""

    code: int
    out: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


def call(*words: object, as_json: bool = True) -> Said:
    """Run `curator <words>`. Our own errors are raised as they are; the edge that prints them has its own test."""
    arguments = [*map(str, words), *(["--json"] if as_json else [])]
    out = io.StringIO()
    with redirect_stdout(out), capture_logs():  # a process of its own writes them to stderr
        code = typer.main.get_command(build(arguments[0])).main(arguments, "curator", standalone_mode=False)
    return Said(code if isinstance(code, int) else 0, out.getvalue())
