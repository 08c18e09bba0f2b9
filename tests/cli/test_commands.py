"""Every noun: what a script gets back, with the keys others rely on, and what happens to input that is wrong."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import SignInLink
from curator.cli.deliveries import say_status
from curator.cli.issues import read_time
from curator.delivery.models import Delivery, DeliveryState, Notice
from curator.errors import CheckFailed, Conflict, FetchFailed, Invalid, NotFound
from curator.issues.models import Issue, IssueState
from curator.settings import Settings
from curator.sources.models import Article
from tests.cli.calling import call

PAGE = """<html lang="nl"><head><title>Sluis krijgt tweede leven</title>
<meta property="article:published_time" content="2026-03-02T09:30:00+01:00"></head><body><article>
<h1>Sluis krijgt tweede leven</h1>""" + "".join(
    f"<p>De oude sluis bij Waterdam wordt alinea {n} opnieuw gebruikt, dit keer als kleine waterkrachtcentrale, en de "
    "buurt mag meebeslissen over wat er met de opbrengst van de stroom gebeurt in de komende tien jaren.</p>"
    for n in range(6)
)
PAGE += "</article></body></html>"


@pytest.fixture(autouse=True)
def _servers(session: Session, redis_client: object) -> None:
    """Everything a command does is undone after the test."""


@pytest.fixture
def issue(tmp_path: Path) -> int:
    """A newsletter with an article in an issue; the issue's id."""
    call("newsletters", "create", "week", "--name", "Week", "--from", "desk@week.test")
    article = call("articles", "add", "week", "--html-file", page_file(tmp_path), "--url", "https://nieuws.test/sluis")
    made = call("issues", "create", "week", "--subject", "Nummer een").json
    call("issues", "add", made["id"], article.json["id"], "--section", made["sections"][0])
    return int(made["id"])


def page_file(folder: Path) -> Path:
    path = folder / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


def reader(folder: Path, address: str = "lezer@lezers.test") -> None:
    path = folder / "readers.csv"
    path.write_text(f"email,name\n{address},Sam\n")
    call("subscribers", "import", "week", path, "--confirmed")


def test_users(session: Session) -> None:
    made = call("users", "add", "Ada@Desk.test", "--role", "owner", "--name", "Ada").json
    assert (made["role"], made["newsletter"]) == ("owner", None)
    address = call("users", "link", "ada@desk.test").json["address"]
    assert address.startswith("http://127.0.0.1:8420/sign-in/")
    assert call("users", "link", "ada@desk.test", as_json=False).out.startswith("http://127.0.0.1:8420/sign-in/")
    assert len(session.scalars(select(SignInLink)).all()) == 2
    assert [user["address"] for user in call("users", "list").json] == ["Ada@Desk.test"]
    with pytest.raises(NotFound, match="curator users add"):
        call("users", "link", "nobody@desk.test")


def test_newsletters() -> None:
    made = call("newsletters", "create", "week", "--from", "desk@week.test", "--tracking", "aggregate").json
    assert (made["name"], made["language"], made["tracking"], len(made["sections"])) == ("Week", "nl", "aggregate", 4)
    assert [newsletter["slug"] for newsletter in call("newsletters", "list").json] == ["week"]
    with pytest.raises(Conflict):
        call("newsletters", "create", "week", "--from", "desk@week.test")
    with pytest.raises(Invalid):
        call("newsletters", "create", "other", "--from", "desk@week.test\r\nBcc: all@week.test")


def test_articles_from_a_page(tmp_path: Path) -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    words = (
        "articles",
        "add",
        "week",
        "--html-file",
        page_file(tmp_path),
        "--url",
        "https://nieuws.test/sluis?utm_id=1",
    )
    first, second = call(*words).json, call(*words).json
    assert first["title"] == "Sluis krijgt tweede leven"
    assert (first["language"], first["published_at"]) == ("nl", "2026-03-02T09:30:00+01:00")
    assert first["address"] == "https://nieuws.test/sluis" and {"tags", "duplicate_of"} <= set(first)
    assert (second["id"], second["outcome"], second["seen_before"]) == (first["id"], "same", None)
    (listed,) = call("articles", "list", "week").json
    assert listed["id"] == first["id"] and "duplicate_of" not in listed  # looked for when one comes in, not here
    assert call("articles", "list", "week", "--triage", "dismissed").json == []


def test_what_was_published_is_told_when_it_comes_in_again(session: Session, tmp_path: Path) -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    words = ("articles", "add", "week", "--html-file", page_file(tmp_path), "--url", "https://nieuws.test/sluis")
    article = call(*words).json["id"]
    issue = call("issues", "create", "week", "--subject", "S").json["id"]
    call("issues", "add", str(issue), str(article), "--section", "Nieuws")
    session.get_one(Issue, issue).state = IssueState.SENT
    session.flush()
    assert call(*words).json["seen_before"] == {"issue": 1, "sent_at": None, "clicks": 0, "by_words": False}
    assert "It was in issue 1, 0 clicks." in call(*words, as_json=False).out


def test_an_address_that_cannot_be_read_is_kept_all_the_same(session: Session) -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    with pytest.raises(FetchFailed, match="kept as article"):
        call("articles", "add", "week", "http://127.0.0.1:9/private")
    assert session.scalars(select(Article.fetch_state)).one().value == "failed"


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("https://nieuws.test/a", "--text-file", "x.txt"),
        ("--html-file", "x.html"),
        ("--text-file", "there-is-no-such-file.txt"),
    ],
)
def test_articles_asks_for_exactly_one_thing(words: tuple[str, ...]) -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    with pytest.raises(Invalid):
        call("articles", "add", "week", *words)


def test_a_paste_that_is_too_large_is_refused_by_size(tmp_path: Path) -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    huge = tmp_path / "huge.txt"
    huge.write_bytes(b"a" * 5_000_001)
    with pytest.raises(Invalid, match="5 MB"):
        call("articles", "add", "week", "--text-file", huge)


def test_an_issue_is_found_by_id_and_by_number(issue: int) -> None:
    by_number = call("issues", "check", "week#1").json
    assert by_number == call("issues", "check", issue).json
    assert call("issues", "list", "week").json[0]["id"] == issue
    for name, error in (("week#9", NotFound), ("9999", NotFound), ("week", Invalid)):
        with pytest.raises(error):
            call("issues", "check", name)


def test_checks_are_lists_of_findings_and_errors_end_with_one() -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    empty = call("issues", "create", "week", "--subject", "Leeg").json["id"]
    said = call("issues", "check", empty)
    assert said.code == 1
    assert all(
        {"code", "message", "where", "item", "field", "fix"} == set(finding)
        for finding in said.json["errors"] + said.json["warnings"]
    )
    with pytest.raises(CheckFailed):
        call("issues", "send", empty, "--now", "--yes")


def test_rendering_writes_what_a_sample_reader_gets(issue: int, tmp_path: Path) -> None:
    files = call("issues", "render", issue, "--out", tmp_path / "out").json
    mail = Path(files["message.eml"]).read_bytes()
    assert b"\r\n" in mail and b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail
    assert "Sluis krijgt tweede leven" in Path(files["issue.html"]).read_text()
    assert "Sluis krijgt tweede leven" in Path(files["issue.txt"]).read_text()


def test_a_test_goes_to_one_address(issue: int, session: Session) -> None:
    said = call("issues", "test", issue, "ik@lezers.test").json
    assert said["address"] == "ik@lezers.test"
    assert session.scalars(select(Notice.address)).all() == ["ik@lezers.test"]


def test_sending_needs_a_relay_and_says_how_to_set_one(issue: int, tmp_path: Path) -> None:
    reader(tmp_path)
    with pytest.raises(CheckFailed, match="relays set default"):
        call("issues", "send", issue, "--now", "--yes")


def test_warnings_want_to_be_acknowledged_and_a_second_send_is_refused(
    issue: int, tmp_path: Path, session: Session
) -> None:
    reader(tmp_path)
    call("relays", "set", "default", "--host", "127.0.0.1", "--port", "2525", "--security", "none")
    with pytest.raises(CheckFailed, match="--yes") as refused:
        call("issues", "send", issue, "--now")
    assert refused.value.facts["warnings"]
    status = call("issues", "send", issue, "--now", "--yes").json
    assert status["state"] == "scheduled"
    with pytest.raises(Conflict):
        call("issues", "send", issue, "--now", "--yes")
    assert len(session.scalars(select(Delivery)).all()) == 1


def test_the_brakes(issue: int, tmp_path: Path, session: Session) -> None:
    with pytest.raises(NotFound, match="issues send"):
        call("deliveries", "show", issue)
    reader(tmp_path)
    call("relays", "set", "default", "--host", "127.0.0.1", "--port", "2525", "--security", "none")
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    told = call("issues", "send", issue, "--at", later, "--yes", as_json=False).out
    assert "counted when it starts" in told and f"curator deliveries cancel {issue}" in told
    assert "0 candidates" not in told
    shown = call("deliveries", "show", issue).json
    keys = {"state", "candidates", "expected", "counts", "excluded", "rate", "started_at", "finished_at"}
    assert keys <= set(shown)
    assert call("deliveries", "pause", issue).json["state"] == "paused"
    assert call("deliveries", "resume", issue).json["state"] in ("scheduled", "sending")
    assert call("deliveries", "cancel", issue).json["state"] == "cancelled"
    assert session.scalars(select(Delivery.state)).one() is DeliveryState.CANCELLED


def test_a_delivery_is_told_without_what_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    status: dict[str, Any] = {
        "state": "sent",
        "reason": None,
        "expected": 10,
        "candidates": 12,
        "accepted": 9,
        "excluded_total": 2,
        "failed": 1,
        "unknown": 0,
        "waiting": 0,
        "counts": {"accepted": 9, "suppressed": 2, "rejected": 1, "deferred": 0},
        "excluded": {"unsubscribed": 2},
        "failed_reasons": {"no such mailbox": 1},
        "rate": 4.5,
        "average_rate": 4.5,
        "relays": [{"name": "own", "state": "up"}, {"name": "new", "state": "unknown"}],
        "trouble": ["No worker is running."],
        "started_at": "2026-11-25T10:20:18.242410+00:00",
    }
    say_status(status)
    told = capsys.readouterr().out
    assert told.startswith("12 candidates = 9 accepted + 2 excluded + 1 failed + 0 unknown + 0 waiting\n")
    assert "unsubscribed 2" in told and "no such mailbox 1" in told and "4.5 a second" in told
    assert "own up, new" in told and "unknown" not in told.partition("\n")[2] and "! No worker is running." in told
    assert "deferred" not in told and "reason  " not in told
    started = datetime.fromisoformat(status["started_at"]).astimezone().strftime("%Y-%m-%d %H:%M")
    assert started in told and status["started_at"] not in told


@pytest.mark.parametrize("text", ["tomorrow", "2020-01-01 09:00", "25:00"])
def test_a_time_that_is_none_or_has_passed_is_refused(text: str) -> None:
    from zoneinfo import ZoneInfo

    with pytest.raises(Invalid):
        read_time(text, ZoneInfo("Europe/Amsterdam"))


def test_a_time_without_zone_is_the_newsletters() -> None:
    from zoneinfo import ZoneInfo

    assert read_time("2099-07-01 09:00", ZoneInfo("Europe/Amsterdam")).isoformat() == "2099-07-01T09:00:00+02:00"


def test_at_and_now_contradict(issue: int) -> None:
    with pytest.raises(Invalid, match="contradict"):
        call("issues", "send", issue, "--now", "--at", "2099-07-01")


def test_importing_counts_and_sets_bad_rows_aside(tmp_path: Path, settings: Settings) -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    path = tmp_path / "mensen.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("Mail", "Naam"), ("a@lezers.test", "A"), ("geen", "B"), ("c@lezers.test", "C")])
    words = ("subscribers", "import", "week", path, "--map", "email=Mail", "--confirmed")
    dry = call(*words, "--dry-run").json
    assert (dry["read"], dry["created"], dry["rejected"], dry["dry_run"]) == (3, 2, 1, True)
    assert call("subscribers", "export", "week").json == []
    real = call(*words).json
    assert (real["created"], real["updated"], real["unchanged"], real["rejected"]) == (2, 0, 0, 1)
    assert real["rejects"][0]["line"] == 3 and Path(real["rejects_file"]).is_file()
    assert len(call("subscribers", "export", "week").json) == 2
    out = call("subscribers", "export", "week", "--out", tmp_path / "out.csv").json
    assert out == {"file": str(tmp_path / "out.csv"), "rows": 2}
    shown = call("subscribers", "show", "A@lezers.test").json
    assert {"address", "subscriptions", "consent", "suppressed", "timeline"} <= set(shown)
    assert "a@lezers.test" in call("subscribers", "show", "a@lezers.test", as_json=False).out


@pytest.mark.parametrize("words", [("--map", "email"), ("--map", "email=Nergens")])
def test_a_mapping_that_names_nothing_is_refused(tmp_path: Path, words: tuple[str, str]) -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    path = tmp_path / "mensen.csv"
    path.write_text("email\na@lezers.test\n")
    with pytest.raises(Invalid):
        call("subscribers", "import", "week", path, *words)


def test_relays_never_show_a_password(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("very secret words\n")
    words = ("--host", "relay.test", "--port", "587", "--user", "us", "--password-file", secret, "--rate", "20")
    made = call("relays", "set", "default", *words)
    listed = call("relays", "list")
    assert "very secret" not in made.out + listed.out
    assert (listed.json[0]["user"], listed.json[0]["rate"], listed.json[0]["security"]) == ("us", 20.0, "starttls")


def test_a_relay_that_refuses_is_said_so_and_ends_with_one(free_port: "object") -> None:
    call("relays", "set", "default", "--host", "127.0.0.1", "--port", free_port(), "--security", "none")  # type: ignore[operator]
    said = call("relays", "test")
    assert said.code == 1 and said.json["ok"] is False and said.json["error"]


def test_relays_have_pools_weights_and_health_and_are_removed() -> None:
    here = ("--host", "127.0.0.1", "--port", "9", "--security", "none")
    assert call("relays", "set", "default", *here, "--pool", "all", "--weight", "3").json["pool"] == "all"
    call("relays", "set", "spare", *here, "--pool", "all", "--weight", "0")
    call("relays", "set", "default", *here)  # what is not said is kept
    rows = {row["name"]: row for row in call("relays", "list").json}
    assert [(rows[name]["pool"], rows[name]["weight"]) for name in ("default", "spare")] == [("all", 3), ("all", 0)]
    assert rows["spare"]["health"] is None
    assert "not tried yet" in call("relays", "list", as_json=False).out
    assert call("relays", "remove", "spare").json == {"name": "spare", "removed": True}
    assert [row["name"] for row in call("relays", "list").json] == ["default"]
    with pytest.raises(NotFound):
        call("relays", "remove", "spare")
    with pytest.raises(Invalid):
        call("relays", "set", "default", *here, "--pool", "two words")


def test_the_report_has_its_keys(issue: int) -> None:
    report = call("reports", "show", issue).json
    assert {"delivered", "opens", "clicks", "unsubscribes", "bounces", "complaints"} <= set(report)
    assert set(report["opens"]) == set(report["clicks"]) == {"people", "machines", "aggregate"}


def test_sources_say_when_an_address_is_no_feed() -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    assert call("sources", "list", "week").json == []
    assert call("sources", "refresh", "week").json == []
    with pytest.raises(FetchFailed):
        call("sources", "add", "week", "http://127.0.0.1:9/feed")


def test_the_doctor_names_what_is_missing_and_the_next_step(session: Session) -> None:
    said = call("doctor")
    checks = {check["name"]: check for check in said.json["checks"]}
    assert said.code == 1 and said.json["ok"] is False
    assert checks["postgresql"]["ok"] and checks["tables"]["ok"] and checks["valkey"]["ok"]
    assert not checks["worker"]["ok"] and "curator worker" in checks["worker"]["next"]
    assert "relays set default" in checks["relay"]["next"]
    assert call("doctor", "--process", "worker").code == 1


@pytest.mark.parametrize("words", [("issues", "list", "week"), ("issues", "check", "week#1"), ("newsletters", "list")])
def test_people_get_tables_where_scripts_get_json(issue: int, words: tuple[str, ...]) -> None:
    out = call(*words, as_json=False).out
    assert out.strip()
    with pytest.raises(json.JSONDecodeError):
        json.loads(out)


def test_a_title_with_template_syntax_or_markup_stays_what_it_is(session: Session) -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")
    subject = "{{ 7*7 }} <script> \N{PILE OF POO} =?utf-8?q?a=0d=0aBcc?= [bold]x[/bold]"
    made = call("issues", "create", "week", "--subject", subject).json
    stored = session.get_one(Issue, made["id"]).subject
    assert "{{ 7*7 }} <script> \N{PILE OF POO}" in stored and "\r" not in stored
    assert "[bold]x[/bold]" in call("issues", "list", "week", as_json=False).out
