"""From a pasted text to the report, by the command line and through real processes: web, worker, beat, a relay."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict
from curator.settings import Settings
from tests.flow.processes import Curator, look, wait_for
from tests.sink import Sink

TEXT = """\
Datacenter bij Waterdam verwarmt voortaan het zwembad

11 februari 2025, 14:56

Tags: datacenter, energie

De gemeente Waterdam en exploitant Koelbron hebben een warmteleiding geopend van zevenhonderd meter. Het water \
dat de servers koelt, verwarmt sindsdien het zwembad aan de overkant van de vaart. De directeur van het bad \
spreekt van een besparing van twee ton per jaar.

Zuiniger dan gedacht

Volgens de metingen van de eerste maand levert de leiding meer dan verwacht. De pompen hoeven alleen in de nacht \
te draaien. De wethouder wil de leiding volgend jaar doortrekken naar twee scholen en het verzorgingshuis.

Nog niet klaar

Bewoners van de wijk ernaast vragen zich af waarom zij niet worden aangesloten. De exploitant rekent dat nu door \
en komt in mei met een voorstel, dat eerst aan de bewoners wordt voorgelegd en pas daarna aan de raad.
"""


@pytest.fixture
def curator(
    committed: Session, settings: Settings, redis_client: object, free_port: Callable[[], int], tmp_path: Path
) -> Iterator[Curator]:
    """Web, worker and beat as in production. The time to undo is nothing here, sweeps are quick."""
    port = str(free_port())
    environment = {
        "CURATOR_PORT": port,
        "CURATOR_BASE_URL": f"http://127.0.0.1:{port}",
        "CURATOR_SWEEP_SECONDS": "0.5",
        "CURATOR_UNDO_SECONDS": "0",
    }
    with Curator(environment, tmp_path / "log") as running:
        running.address = environment["CURATOR_BASE_URL"]  # type: ignore[attr-defined]
        for name in ("web", "worker", "beat"):
            running.start(name)
        wait_for("everything lives", is_alive)
        yield running


def is_alive() -> bool:
    checks = {check["name"]: check["ok"] for check in look("doctor")["checks"]}
    return all(checks.get(name) for name in ("web", "worker", "beat"))


@pytest.mark.timeout(300)
def test_from_a_paste_to_the_report(curator: Curator, tmp_path: Path) -> None:
    issue = compose(curator, tmp_path)
    people = import_people(curator, tmp_path)
    with Sink(tmp_path / "sink.log", keep=True) as sink:
        set_relay(sink)
        status = send(curator, issue)
        assert (status["candidates"], status["accepted"], status["unknown"], status["waiting"]) == (97, 97, 0, 0)
        assert set(sink.recipients()) == people and max(sink.recipients().values()) == 1
        mail = message_from_bytes(sink.contents[0])
    reader = str(mail["To"])
    assert ledger_of(issue) == dict.fromkeys(people, "accepted")
    react(mail)
    wait_for("the report knows", lambda: report_is_complete(issue))
    assert curator.run("reports", "show", issue).json["unsubscribes"] == 1
    timeline = look("subscribers", "show", reader)
    assert [subscription["state"] for subscription in timeline["subscriptions"]] == ["left"]
    assert {"open", "click", "unsubscribe"} <= told(timeline["timeline"])
    excluded_next_time(curator, tmp_path, reader)


def compose(curator: Curator, folder: Path) -> int:
    """A newsletter, an article from a text, an issue with it, checked and rendered; the issue's id."""
    (folder / "article.txt").write_text(TEXT, encoding="utf-8")
    made = curator.run("newsletters", "create", "waterpeil", "--name", "Waterpeil", "--from", "desk@waterpeil.test")
    assert made.json["slug"] == "waterpeil"
    article = curator.run("articles", "add", "waterpeil", "--text-file", folder / "article.txt").json
    assert article["title"] == "Datacenter bij Waterdam verwarmt voortaan het zwembad"
    assert (article["language"], article["published_at"]) == ("nl", "2025-02-11T14:56:00+01:00")
    again = look("articles", "add", "waterpeil", "--text-file", folder / "article.txt")
    assert again["id"] == article["id"]
    issue = curator.run("issues", "create", "waterpeil", "--subject", "Warm water").json
    section = issue["sections"][0]
    look(
        "issues", "add", issue["id"], article["id"], "--section", section,
        "--blurb", "Lees ook [het plan](https://waterpeil.test/plan).",
    )  # fmt: skip
    findings = look("issues", "check", issue["id"])
    assert {"errors", "warnings", "links"} == set(findings)
    files = look("issues", "render", issue["id"], "--out", folder / "out")
    assert set(files) == {"issue.html", "issue.txt", "message.eml"}
    assert "zwembad" in (folder / "out" / "issue.txt").read_text()
    return int(issue["id"])


def import_people(curator: Curator, folder: Path) -> set[str]:
    """A hundred rows, three of them bad; the addresses of the others."""
    good = [f"lezer{number}@lezers.test" for number in range(97)]
    rows = [*good[:40], "geen adres", *good[40:80], "twee@een.test, drie@een.test", *good[80:], "kapot@"]
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("E-mailadres", "Naam"))
        writer.writerows((row, "Lezer") for row in rows)
    words = ("subscribers", "import", "waterpeil", folder / "people.csv", "--map", "email=E-mailadres")
    result = curator.run(*words, "--confirmed", "--tracking-consent").json
    assert (result["read"], result["created"], result["rejected"]) == (100, 97, 3)
    assert [reject["line"] for reject in result["rejects"]] == [42, 83, 101]
    assert Path(result["rejects_file"]).is_file()
    return set(good)


def set_relay(sink: Sink) -> None:
    look("relays", "set", "default", "--host", "127.0.0.1", "--port", sink.port, "--security", "none")
    assert look("relays", "test")["ok"] is True


def send(curator: Curator, issue: int) -> dict[str, object]:
    """Send, and press again; the status once it is over."""
    curator.run("issues", "send", issue, "--now", "--yes")
    with pytest.raises(Conflict):
        look("issues", "send", issue, "--now", "--yes")

    def is_sent() -> object:
        status = look("deliveries", "show", issue)
        total = status["accepted"] + status["excluded_total"] + status["failed"] + status["unknown"] + status["waiting"]
        assert status["candidates"] == total
        return status if status["state"] == "sent" else None

    status: dict[str, object] = wait_for("the issue is sent", is_sent)
    return status


def ledger_of(issue: int) -> dict[str, str]:
    return {row["address"]: row["state"] for row in look("deliveries", "export", issue)}


def react(mail: Message) -> None:
    """What a reader and their mail client do: load the pixel, follow a link, leave in one click."""
    page = next(part for part in mail.walk() if part.get_content_type() == "text/html")
    data = page.get_payload(decode=True)
    assert isinstance(data, bytes)
    addresses = re.findall(r'(?:src|href)="([^"]+)"', data.decode())
    pixel = next(address for address in addresses if "/o/" in address)
    link = next(address for address in addresses if "/c/" in address)
    leave = re.search(r"<(http[^>]+)>", str(mail["List-Unsubscribe"]))
    assert leave is not None
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    with httpx2.Client(headers=browser, trust_env=False, timeout=20) as client:
        wait_for_a_human_pace()
        assert client.get(pixel).status_code == 200
        answer = client.get(link)
        assert answer.status_code in (302, 303, 307) and answer.headers["location"] == "https://waterpeil.test/plan"
        assert client.get(leave.group(1)).status_code == 200, "a GET shows a page and changes nothing"
        reader = look("subscribers", "show", str(mail["To"]))
        assert [subscription["state"] for subscription in reader["subscriptions"]] == ["active"]
        assert client.post(leave.group(1), data={"List-Unsubscribe": "One-Click"}).status_code == 200


def wait_for_a_human_pace() -> None:
    """A hit within seconds of the relay's yes counts as a filter's; a person takes longer."""
    import time

    from curator.events.machines import AT_ACCEPTANCE

    time.sleep(AT_ACCEPTANCE.total_seconds() + 0.5)


def report_is_complete(issue: int) -> bool:
    report = look("reports", "show", issue)
    assert report["delivered"] == 97
    return (report["opens"]["people"], report["clicks"]["people"], report["unsubscribes"]) == (1, 1, 1)


def told(timeline: list[dict[str, object]]) -> set[str]:
    """The words of a timeline, whatever else they stand with."""
    text = json.dumps(timeline)
    return {word for word in ("open", "click", "unsubscribe") if word in text}


def excluded_next_time(curator: Curator, folder: Path, reader: str) -> None:
    """The next issue leaves out who left, and says why."""
    article = look("articles", "list", "waterpeil")[0]["id"]
    issue = look("issues", "create", "waterpeil", "--subject", "Nog warmer")
    look("issues", "add", issue["id"], article, "--section", issue["sections"][0])
    with Sink(folder / "second.log") as sink:
        set_relay(sink)
        status = send(curator, issue["id"])
        assert (status["accepted"], status["excluded"]) == (96, {"unsubscribed": 1})
        assert reader not in sink.recipients()
