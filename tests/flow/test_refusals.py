"""Relays that refuse, and refusals in general: the exit code, one JSON document, and nothing lost.

Bad words and files have a file of their own, servers that go away another.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from curator.cli.main import main
from curator.delivery.engine import run_slice
from curator.settings import Settings
from tests.delivery.cast import a_frozen_delivery
from tests.flow.conftest import Shell
from tests.flow.making import an_issue, written
from tests.sink import Faults, Sink
from tests.web.conftest import Cast


class RefusesTheFirst(Faults):
    """550 for the first recipient; every other is welcome."""

    def draw(self, phase: str, address: str = "") -> str | None:
        is_first = phase == "rcpt" and not getattr(self, "_was_refused", False)
        self._was_refused = is_first or getattr(self, "_was_refused", False)
        return "550 5.1.1 no such user" if is_first else None


def test_a_relay_that_refuses_one_recipient(
    committed: Session, settings: Settings, shell: Shell, tmp_path: Path
) -> None:
    with Sink(tmp_path / "log", faults=RefusesTheFirst()) as sink:
        delivery = a_frozen_delivery(committed, settings, 4, sink.port, connections=1)
        run_slice(delivery.id, settings=settings, should_stop=lambda: False)
        taken = set(sink.recipients())
    status = shell("deliveries", "show", delivery.issue_id, "--json").json
    assert (status["state"], status["accepted"], status["failed"], status["unknown"]) == ("sent", 3, 1, 0)
    rows = shell("deliveries", "export", delivery.issue_id, "--json").json
    lost = [row for row in rows if row["state"] != "accepted"]
    assert len(lost) == 1 and "550 5.1.1" in lost[0]["last_reply"] and lost[0]["reason"] == "unknown user"
    assert {row["address"] for row in rows} - taken == {lost[0]["address"]}


def test_a_relay_that_refuses_us(committed: Session, settings: Settings, shell: Shell, tmp_path: Path) -> None:
    with Sink(tmp_path / "log", users={"u": "right"}) as sink:
        set_password = ("relays", "set", "default", "--host", "127.0.0.1", "--port", sink.port, "--security", "none")
        delivery = a_frozen_delivery(committed, settings, 3, sink.port, username="u", password="wrong")
        run_slice(delivery.id, settings=settings, should_stop=lambda: False)
        tried = shell("relays", "test", "--json")
        assert (tried.code, tried.json["ok"]) == (1, False) and "535" in tried.json["error"]
        status = shell("deliveries", "show", delivery.issue_id, "--json").json
        assert (status["state"], status["waiting"]) == ("paused", 3) and "535" in status["reason"]
        shell(*set_password)
        sink.users.clear()
        assert shell("deliveries", "resume", delivery.issue_id, "--json").json["state"] == "sending"
        run_slice(delivery.id, settings=settings, should_stop=lambda: False)
    assert shell("deliveries", "show", delivery.issue_id, "--json").json["accepted"] == 3


def test_a_relay_that_is_not_there(cast: Cast, shell: Shell, free_port: Callable[[], int]) -> None:
    shell("relays", "set", "default", "--host", "127.0.0.1", "--port", free_port(), "--security", "none")
    tried = shell("relays", "test", "--json")
    assert (tried.code, tried.json["ok"]) == (1, False) and "connection refused" in tried.json["error"]
    plain = shell("relays", "test")
    assert plain.code == 1 and "connection refused" in plain.out + plain.err


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (1, "not_found", ("articles", "list", "nothing-here")),
        (1, "invalid", ("articles", "add", "weekly")),
        (1, "invalid", ("articles", "add", "weekly", "javascript:alert(1)")),
        (1, "invalid", ("issues", "check", "weekly#one")),
        (1, "invalid", ("newsletters", "create", "x", "--name", "X", "--from", "a@b.example\r\nBcc: c@d.example")),
        (1, "conflict", ("newsletters", "create", "weekly", "--name", "X", "--from", "a@b.example")),
        (2, "usage", ("articles", "frobnicate")),
        (2, "usage", ("issues", "add", "1", "one", "--section", "x")),
        (2, "usage", ("nonsense",)),
    ],
)
def test_refusals_are_one_document_and_a_code(
    code: int, error: str, words: tuple[str, ...], cast: Cast, shell: Shell
) -> None:
    answer = shell(*words, "--json")
    assert (answer.code, answer.json["error"]) == (code, error)
    assert len(answer.json["message"]) > 10
    plain = shell(*words)
    assert (plain.code, plain.out) == (code, "") and plain.err


def test_a_folder_that_cannot_be_written(cast: Cast, shell: Shell, refused: Callable[..., str], tmp_path: Path) -> None:
    issue = an_issue(shell, tmp_path)
    taken = written(tmp_path, "here", "taken")
    assert f"{taken} cannot be used" in refused("invalid", "issues", "render", issue, "--out", taken)
    assert taken.read_text() == "here"


def test_a_fault_of_ours_is_a_document_and_a_traceback(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("curator.cli.newsletters.list_newsletters", fail)
    monkeypatch.setattr("curator.logs.configure_logs", lambda level: None)
    monkeypatch.setattr(sys, "argv", ["curator", "newsletters", "list", "--json"])
    with pytest.raises(RuntimeError, match="unforeseen"):
        main()
    assert json.loads(capsys.readouterr().out)["error"] == "failed"
