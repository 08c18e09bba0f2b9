"""What is not documented does not exist: every setting, every command and every page stands in docs/."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from curator.cli.main import build
from curator.settings import Settings
from tests.laws.code import ROOT

RUNNING = ROOT / "docs" / "running.md"
PAGES = ROOT / "docs" / "pages.md"


def told() -> str:
    return "\n".join(path.read_text() for path in (RUNNING, PAGES) if path.exists())


def environment_names() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        yield alias if isinstance(alias, str) else f"CURATOR_{name.upper()}"


def commands() -> Iterator[str]:
    tree: Any = typer.main.get_command(build("*"))
    for name, command in tree.commands.items():
        inner = getattr(command, "commands", None)
        yield from ([f"curator {name} {verb}" for verb in inner] if inner else [f"curator {name}"])


def pages() -> Iterator[str]:
    """The page of every address that answers a GET: /n/{}/NAME of the desk, /NAME elsewhere. Parts belong to a page."""
    from tests.browser.routes import get_routes

    for path in get_routes():
        segments = without_names(path).split("/")
        yield "/".join(segments[: 4 if segments[1] == "n" else 2]) or "/"


def without_names(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def is_told(command: str, text: str) -> bool:
    """Alone, or as one of several: `curator deliveries pause|resume|cancel ISSUE`."""
    noun, _, verb = command.removeprefix("curator ").partition(" ")
    pattern = rf"curator {noun}\b" + (rf"[^`\n]*?(?<![\w-]){verb}(?![\w-])" if verb else "")
    return re.search(pattern, text) is not None


def test_every_setting_is_documented() -> None:
    text = RUNNING.read_text()
    assert [name for name in environment_names() if not re.search(rf"\b{name}\b", text)] == []


def test_every_command_is_documented() -> None:
    text = told()
    assert [command for command in commands() if not is_told(command, text)] == []


def test_every_page_is_documented() -> None:
    documented = without_names(told())
    missing = sorted({path for path in pages() if not re.search(rf"[`\s]{re.escape(path)}(?![\w-])", documented)})
    assert missing == []
