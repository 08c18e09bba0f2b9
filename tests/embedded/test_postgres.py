"""PostgreSQL under us: what it refuses, and paths that are too long or closed to its user."""

import os
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from curator.embedded import places
from curator.embedded.postgres import Postgres
from curator.errors import Conflict, Unavailable

QUICK = {"fsync": "off"}


def _socket_folder(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def _start(home: Path) -> Postgres:
    server = Postgres(home, QUICK)
    server.start()
    try:
        server.wait()
    except BaseException:
        server.stop()
        raise
    return server


def test_only_its_socket_and_its_password_open_it(tmp_path: Path) -> None:
    server = _start(tmp_path / "home")
    try:
        assert (tmp_path / "home" / "postgres-password").stat().st_mode & 0o777 == 0o600
        assert _socket_folder(server.url).stat().st_mode & 0o777 == 0o700
        with psycopg.connect(server.url) as connection:
            facts = connection.execute(
                "SELECT current_setting('listen_addresses'), datlocprovider, pg_encoding_to_char(encoding), "
                "lower('ÀÉ') FROM pg_database WHERE datname = current_database()"
            ).fetchone()
        assert facts == ("", "b", "UTF8", "àé")
        password = (tmp_path / "home" / "postgres-password").read_text()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url.replace(password, "wrong"))
        with pytest.raises(Conflict, match="in use by another process"):
            places.lock_folder(next((tmp_path / "home").glob("pg*/")), seconds=0, what="x", owner=server._owner)
    finally:
        server.stop()


def test_a_home_with_a_long_name_gets_a_short_socket(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30) / "home"
    server = _start(home)
    sockets = _socket_folder(server.url)
    try:
        assert len(os.fsencode(sockets)) <= places.LONGEST_SOCKET_FOLDER
        assert sockets.stat().st_mode & 0o777 == 0o700
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
    assert not sockets.parent.exists()


def test_data_of_another_version_is_refused_untouched(tmp_path: Path) -> None:
    data = tmp_path / "pg18"
    data.mkdir()
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(Unavailable, match=r"PostgreSQL 17.*CURATOR_HOME"):
        Postgres(tmp_path, QUICK).start()
    assert [p.name for p in data.iterdir()] == ["PG_VERSION"]


def test_an_interrupted_first_start_is_begun_again(tmp_path: Path) -> None:
    half = tmp_path / "home" / "pg18.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = _start(tmp_path / "home")
    server.stop()
    assert not half.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has PostgreSQL run as another user")
def test_folders_closed_to_its_user_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    look = places.is_reachable
    monkeypatch.setattr(
        places, "is_reachable", lambda path, *, readable=False: False if readable else look(path)
    )  # as if the virtual environment were in root's home
    with tempfile.TemporaryDirectory() as copies:
        Path(copies).chmod(0o711)
        monkeypatch.setattr(places, "private_folder", lambda name: Path(copies))
        server = _start(closed / "home")
        try:
            with psycopg.connect(server.url) as connection:
                shown = connection.execute("SHOW data_directory").fetchone()
            assert shown == (f"/proc/self/fd/{server._lock}",)
            assert Path(copies) in Path(f"/proc/{server.process.pid}/exe").readlink().parents
        finally:
            server.stop()
