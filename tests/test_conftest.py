"""The ground under every other test: what rolls back, what commits, what is refused."""

import socket
import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.db.heartbeats import Heartbeat, Process, beat
from curator.db.session import transaction
from curator.settings import Settings, get_settings
from tests import loopback


@pytest.mark.parametrize("turn", [1, 2])
def test_changes_are_undone_and_transactions_join(session: Session, turn: int) -> None:
    assert session.query(Heartbeat).count() == 0
    beat(session, Process.WEB)
    with transaction() as inner:
        assert inner.query(Heartbeat).count() == 1
        inner.execute(text("UPDATE heartbeat SET progress = 'seen'"))
    assert session.scalar(text("SELECT progress FROM heartbeat")) == "seen"


@pytest.mark.parametrize("turn", [1, 2])
def test_commits_are_seen_by_other_processes_and_removed(committed: Session, turn: int) -> None:
    assert committed.query(Heartbeat).count() == 0
    beat(committed, Process.WEB)
    committed.commit()
    count = (
        "from curator.db.session import transaction; from sqlalchemy import text\n"
        "with transaction() as s: print(s.scalar(text('SELECT count(*) FROM heartbeat')))"
    )
    told = subprocess.run([sys.executable, "-c", count], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "1"


def test_settings_point_at_the_test_servers(settings: Settings) -> None:
    assert get_settings() is settings
    assert "curator_" in settings.database_url
    assert not settings.home.exists()


def test_other_addresses_are_refused_and_remembered() -> None:
    with socket.socket() as line, pytest.raises(ConnectionRefusedError):
        line.connect(("192.0.2.1", 80))
    assert loopback.tries == ["192.0.2.1:80"]
    loopback.tries.clear()
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("example.org", 80)
