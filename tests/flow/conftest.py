"""Commands up to their exit code, and the cast and the browser of the web tests, for flows that go through both."""

import json
import sys
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from curator.cli.main import main
from curator.settings import Settings
from tests.flow.processes import Answer
from tests.web.conftest import Browser, Cast, anonymous, browser, cast

__all__ = ["anonymous", "browser", "cast"]

Shell = Callable[..., Answer]


@pytest.fixture
def shell(
    settings: Settings, redis_client: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Run `curator <words>` up to its exit code. With --json there is exactly one document on stdout."""
    monkeypatch.setattr("curator.logs.configure_logs", lambda level: None)

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["curator", *map(str, words)])
        capsys.readouterr()
        with capture_logs(), pytest.raises(SystemExit) as ended:  # a process of its own writes them to stderr
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        if "--json" in words:
            json.loads(out)
        return Answer(int(str(ended.value.code)), out, err)

    return run


@pytest.fixture
def refused(shell: Shell) -> Callable[..., str]:
    """Run a command that must be refused as `error`: its message, which is the same for scripts and for people."""

    def run(error: str, *words: object) -> str:
        answer = shell(*words, "--json")
        assert (answer.code, answer.json["error"]) == (1, error), answer.out
        message: str = answer.json["message"]
        plain = shell(*words)
        assert (plain.code, plain.out) == (1, "")
        assert plain.err.strip().split(" ")[0] == message.split(" ")[0]
        return message

    return run


@pytest.fixture
def editor(cast: Cast, browser: Callable[..., Browser]) -> Browser:
    return browser(cast.editor)
