"""Designs as files: out, changed, back in as a version."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound, TemplateFailed
from tests.cli.calling import call


@pytest.fixture(autouse=True)
def _newsletter(session: Session) -> None:
    call("newsletters", "create", "week", "--name", "Week", "--from", "desk@week.test", "--language", "en")


def test_out_changed_in_used_and_back(tmp_path: Path) -> None:
    assert call("designs", "export", "week", "letter", tmp_path).json["files"][0] == "issue.html"
    assert call("designs", "save", "week", "Ours", tmp_path, "--based-on", "letter").json["version"] == 1
    page = tmp_path / "issue.html"
    page.write_text(page.read_text().replace("{{ number }}", "No. {{ number }}"))
    assert call("designs", "save", "week", "Ours", tmp_path, "--note", "No.").json["version"] == 2
    assert call("newsletters", "set", "week", "--design", "Ours").json["design"] == "Ours"
    assert call("designs", "restore", "week", "Ours", 1).json == {"name": "Ours", "version": 3}
    ours = call("designs", "list", "week").json[-1]
    assert (ours["name"], ours["based_on"], ours["is_used"]) == ("Ours", "letter", True)
    assert [version["number"] for version in ours["versions"]] == [3, 2, 1]
    again = tmp_path / "again"
    call("designs", "export", "week", "Ours", again, "--version", 2)
    assert (again / "issue.html").read_text() == page.read_text()


def test_what_cannot_be_a_mail_is_not_saved(tmp_path: Path) -> None:
    (tmp_path / "issue.html").write_text("<html><body>{% if %}</body></html>")
    with pytest.raises(TemplateFailed) as failed:
        call("designs", "save", "week", "Ours", tmp_path)
    assert (failed.value.facts["template"], failed.value.facts["line"]) == ("issue.html", 1)
    (tmp_path / "issue.html").write_text("<html><body>nobody leaves</body></html>")
    with pytest.raises(Invalid):
        call("designs", "save", "week", "Ours", tmp_path)
    assert len(call("designs", "list", "week").json) == 4


def test_one_is_deleted_when_nobody_uses_it(tmp_path: Path) -> None:
    call("designs", "export", "week", "letter", tmp_path)
    call("designs", "save", "week", "Ours", tmp_path, "--based-on", "letter")
    call("newsletters", "set", "week", "--design", "Ours")
    with pytest.raises(Conflict):
        call("designs", "delete", "week", "Ours")
    call("newsletters", "set", "week", "--design", "letter")
    assert call("designs", "delete", "week", "Ours").json == {"name": "Ours", "deleted": True}
    assert len(call("designs", "list", "week").json) == 4


def test_a_design_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        call("designs", "export", "week", "Theirs", tmp_path)
    with pytest.raises(NotFound):
        call("designs", "restore", "week", "Theirs", 1)
