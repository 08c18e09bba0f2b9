"""PostgreSQL or Valkey stopped while in use: a clear answer, nothing lost, and all goes on without a restart of ours.

Servers and processes are real: those of `curator up`, in a home of their own, started and stopped one by one.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

import curator.db.session as database
from curator.db.session import transaction
from curator.db.upgrade import upgrade
from curator.delivery.models import Delivery
from curator.embedded.postgres import Postgres
from curator.embedded.valkey import Valkey
from curator.settings import get_settings
from tests.cli.calling import call
from tests.delivery.cast import add_readers, an_issue_to_send
from tests.faults.laboratory import judge
from tests.flow.processes import Curator, look, wait_for
from tests.sink import Faults, Sink

READERS = 600
LINES = 4
NOTHING_LOST = "Nothing was changed; try again in a moment."


@dataclass
class Installation:
    """What `curator up` would run, each part to be stopped on its own. Valkey keeps nothing: stopped is emptied."""

    postgres: Postgres
    valkey: Valkey
    curator: Curator
    address: str

    def stop(self, server: Postgres | Valkey) -> None:
        server.stop()
        assert not server.is_running()

    def start(self, server: Postgres | Valkey) -> None:
        server.start()
        server.wait()

    def restart(self, server: Postgres | Valkey) -> None:
        self.stop(server)
        self.start(server)

    def health(self) -> dict[str, str]:
        answer: dict[str, str] = httpx2.get(f"{self.address}/health", trust_env=False, timeout=30).json()
        return answer


@pytest.fixture
def installation(
    monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int], tmp_path: Path
) -> Iterator[Installation]:
    """A migrated database, an emptied Valkey and no process yet; this process's settings point at them too.

    The home is not under pytest's folder: PostgreSQL runs as another user where we are root, and must get through.
    """
    with tempfile.TemporaryDirectory(prefix="curator-away-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        home, address = Path(folder) / "home", f"http://127.0.0.1:{free_port()}"
        postgres, valkey = Postgres(home, {"fsync": "off"}), Valkey(home, durable=False)
        try:
            valkey.start()
            postgres.start()
            postgres.wait()
            valkey.wait()
            upgrade(postgres.url)
            environment = {
                "CURATOR_HOME": str(home),
                "CURATOR_PORT": address.rpartition(":")[2],
                "CURATOR_BASE_URL": address,
                "CURATOR_SWEEP_SECONDS": "0.5",
                "DATABASE_URL": postgres.url,
                "REDIS_URL": valkey.url,
            }
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            get_settings.cache_clear()
            database.get_engine.cache_clear()
            with Curator(environment, tmp_path / "log") as curator:
                yield Installation(postgres, valkey, curator, address)
            database.get_engine().dispose()
        finally:
            database.get_engine.cache_clear()
            get_settings.cache_clear()
            valkey.stop()
            postgres.stop()


@pytest.mark.timeout(240)
def test_pages_say_so_and_come_back_by_themselves(installation: Installation) -> None:
    call("newsletters", "create", "week", "--name", "Week", "--from", "desk@week.test")
    call("issues", "create", "week", "--subject", "Before")
    web = installation.curator.start("web")
    wait_for("web answers", lambda: answers(installation))
    with a_browser(installation) as desk:
        sign_in(desk)
        postgres_away(installation, desk)
        valkey_away(installation, desk)
    assert web.poll() is None, "the process that answered is still the first one"


def postgres_away(installation: Installation, desk: httpx2.Client) -> None:
    page = desk.get("/n/week/issues/1")
    words = {"field": "subject", "value": "After", "version": version_of(page.text), "csrf_token": token_of(page.text)}
    installation.stop(installation.postgres)
    for answer in (desk.get("/n/week/issues/1"), desk.get("/archive/week"), save(desk, words)):
        assert answer.status_code == 503
        assert NOTHING_LOST in answer.text
    assert installation.health()["database"] == "down"
    refused = installation.curator.run("issues", "list", "week", code=1)
    assert refused.json["error"] == "unavailable" and "PostgreSQL does not answer" in refused.json["message"]
    assert "Traceback" not in refused.err
    installation.start(installation.postgres)
    saved = save(desk, words)
    assert saved.status_code == 200, "the same words again, by the same page"
    assert look("issues", "list", "week")[0]["subject"] == "After"


def valkey_away(installation: Installation, desk: httpx2.Client) -> None:
    token = token_of(desk.get("/n/week/").text)
    installation.stop(installation.valkey)
    assert installation.health()["broker"] == "down"
    taken = desk.post("/n/week/capture", data={"words": "https://news.example.org/a", "csrf_token": token})
    assert taken.status_code == 200, "the row is the truth; the bell rings later"
    made = installation.curator.run("issues", "create", "week", "--subject", "Meanwhile")
    assert "Traceback" not in made.err
    assert [article["address"] for article in look("articles", "list", "week")] == ["https://news.example.org/a"]
    assert [issue["subject"] for issue in look("issues", "list", "week")] == ["Meanwhile", "After"]
    installation.start(installation.valkey)
    wait_for("the broker is seen again", lambda: installation.health()["broker"] == "ok")


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_send_goes_on_after_either_came_back(installation: Installation, tmp_path: Path) -> None:
    slow = Faults(delay=0.05)
    with Sink(tmp_path / "sink.log", faults=slow) as sink:
        issue = an_issue_for_many(sink)
        processes = [installation.curator.start(name) for name in ("worker", "beat")]
        call("issues", "send", issue, "--now", "--yes")
        wait_for("mails go out", lambda: sink.accepted > 20)
        installation.restart(installation.postgres)
        resumed_at = sink.accepted
        wait_for("mails go out again", lambda: sink.accepted > resumed_at + 20)
        assert sink.accepted < READERS, "the second fault must find the send in progress too"
        installation.restart(installation.valkey)
        slow.delay = 0.0
        status = wait_for("the issue is sent", lambda: sent(issue))
        assert [process.poll() for process in processes] == [None, None]
        judged(issue, sink)
        a_worker_hears_the_bell(issue, sink)
    assert status["accepted"] + status["unknown"] == READERS


def an_issue_for_many(sink: Sink) -> int:
    with transaction() as session:
        issue = an_issue_to_send(session, get_settings(), 0, sink.port, connections=LINES)
        add_readers(session, get_settings(), issue.newsletter, [f"r{number}@example.org" for number in range(READERS)])
        return issue.id


def judged(issue: int, sink: Sink) -> None:
    """Nobody left out, nobody mailed twice, and doubt about no more mails than were on the lines."""
    with transaction() as session:
        delivery = session.query(Delivery).filter_by(issue_id=issue).one()
        judge(session, delivery, sink, in_flight=LINES)


def a_worker_hears_the_bell(issue: int, sink: Sink) -> None:
    """The same worker takes new work from the Valkey that forgot everything."""
    call("issues", "test", issue, "me@week.example")
    wait_for("the test mail arrives", lambda: "me@week.example" in sink.recipients())


def sent(issue: int) -> "dict[str, int] | None":
    status: dict[str, int] = look("deliveries", "show", issue)
    return status if status["state"] == "sent" else None  # type: ignore[comparison-overlap]


def answers(installation: Installation) -> bool:
    try:
        return installation.health()["database"] == "ok"
    except httpx2.TransportError:
        return False


def a_browser(installation: Installation) -> httpx2.Client:
    return httpx2.Client(
        base_url=installation.address,
        headers={"Origin": installation.address},
        follow_redirects=True,
        trust_env=False,
        timeout=60,
    )


def sign_in(desk: httpx2.Client) -> None:
    """As an owner, with their one-time link."""
    call("users", "add", "owner@week.test", "--role", "owner")
    assert desk.post(call("users", "link", "owner@week.test").json["address"]).status_code == 200


def save(desk: httpx2.Client, words: dict[str, str]) -> httpx2.Response:
    return desk.post("/n/week/issues/1/save", data=words)


def token_of(page: str) -> str:
    return found(r'name="csrf_token" value="([^"]+)"', page)


def version_of(page: str) -> str:
    return found(r'data-version="(\d+)"', page)


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    assert match is not None, f"{pattern} is not on the page"
    return match.group(1)
