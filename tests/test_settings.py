"""Settings: wrong ones are refused by name, secrets are made once and come from files, addresses get their driver."""

import json
from pathlib import Path

import pytest

from curator.errors import Invalid
from curator.settings import Settings, get_settings


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    monkeypatch.setenv("CURATOR_HOME", str(tmp_path))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [("CURATOR_PORT", "99999"), ("CURATOR_BASE_URL", "news.example.org"), ("CURATOR_LEASE_SECONDS", "x")],
)
def test_a_wrong_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Invalid, match=name):
        get_settings()


def test_the_public_address_has_no_trailing_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_settings().public_url == "http://127.0.0.1:8420"
    monkeypatch.setenv("CURATOR_BASE_URL", "https://news.example.org/")
    assert Settings().public_url == "https://news.example.org"


def test_the_database_address_names_the_driver_and_takes_its_password_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("s3/cret\n")
    monkeypatch.setenv("DATABASE_URL", "postgres://curator@db.example:5432/curator")
    monkeypatch.setenv("CURATOR_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    assert Settings().sqlalchemy_url == "postgresql+psycopg://curator:s3%2Fcret@db.example:5432/curator"
    monkeypatch.setenv("CURATOR_DATABASE_PASSWORD_FILE", str(tmp_path / "absent"))
    with pytest.raises(Invalid, match="CURATOR_DATABASE_PASSWORD_FILE cannot be read"):
        get_settings()


def test_a_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = get_settings().secret("tokens")
    other = get_settings().secret("pepper")
    get_settings.cache_clear()
    assert get_settings().secret("tokens") == first != other
    assert len(first) == 32
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_what_a_dead_supervisor_left_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "services.json").write_text(json.dumps({"environment": {"CURATOR_PORT": "1234"}}))
    assert Settings().port == 8420
