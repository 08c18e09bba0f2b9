"""The edge of the command line: exit codes, one JSON document also for errors, quick help, nothing loaded in vain."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from curator.cli.main import NOUNS, PROCESSES, build
from curator.settings import Settings
from tests.laws.code import ROOT


def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    import os

    command = [sys.executable, "-m", "curator.cli.main", *words]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_help_names_every_command() -> None:
    said = run("--help")
    assert said.returncode == 0
    assert all(name in said.stdout for name in [*PROCESSES, *NOUNS, "doctor"])


def test_help_loads_no_stage_and_no_database() -> None:
    code = "import sys; from curator.cli.main import build; build('--help'); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(said.stdout.split())
    assert not loaded & {"sqlalchemy", "celery", "fastapi", "curator.db.session", "curator.delivery"}


def test_words_it_does_not_know_are_two(settings: Settings) -> None:
    said = run("issues", "send", "1", "--when", "now", "--json")
    assert said.returncode == 2
    assert json.loads(said.stdout)["error"] == "usage"
    plain = run("nonsense")
    assert plain.returncode == 2 and "nonsense" in plain.stderr and plain.stdout == ""


def test_a_refusal_is_one_and_one_clear_line(settings: Settings) -> None:
    said = run("issues", "list", "nothing-here", "--json")
    assert said.returncode == 1
    answer = json.loads(said.stdout)
    assert answer["error"] == "not_found" and "nothing-here" in answer["message"]
    plain = run("issues", "list", "nothing-here")
    assert plain.returncode == 1 and plain.stdout == "" and plain.stderr.count("\n") == 1


@pytest.mark.parametrize("address", ["", "postgresql://nobody@127.0.0.1:9/none"])
def test_without_a_database_it_says_how_to_get_one(tmp_path: Path, address: str) -> None:
    said = run("newsletters", "list", "--json", DATABASE_URL=address, CURATOR_HOME=str(tmp_path))
    assert said.returncode == 1
    assert json.loads(said.stdout)["error"] == "unavailable"
    assert "curator up" in json.loads(said.stdout)["message"]


def test_settings_that_are_wrong_are_named(tmp_path: Path) -> None:
    said = run("newsletters", "list", CURATOR_PORT="eighty", CURATOR_HOME=str(tmp_path))
    assert said.returncode == 1 and "CURATOR_PORT" in said.stderr


def test_everything_can_be_loaded() -> None:
    groups = build("*").registered_groups
    assert {group.name for group in groups} == set(NOUNS)
