"""The commands of pace: throttles, a relay's first days, and a delivery spread over time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.delivery.models import Delivery
from curator.errors import Invalid, NotFound
from tests.cli.calling import call


@pytest.fixture(autouse=True)
def _servers(session: Session, redis_client: object) -> None:
    """Everything a command does is undone after the test."""


def a_relay(*words: str) -> None:
    call("relays", "set", "default", "--host", "127.0.0.1", "--port", "2525", "--security", "none", *words)


def test_throttles() -> None:
    made = call("throttles", "set", "recipient-domain", "GoogleMail.com", "--rate", "2.5").json
    assert made == {"scope": "recipient-domain", "domain": "gmail.com", "rate": 2.5}
    call("throttles", "set", "recipient-domain", "gmail.com", "--rate", "3")
    call("throttles", "set", "sender-domain", "week.test", "--rate", "10")
    assert [(t["domain"], t["rate"]) for t in call("throttles", "list").json] == [("week.test", 10), ("gmail.com", 3)]
    assert "gmail.com" in call("throttles", "list", as_json=False).out
    assert call("throttles", "remove", "recipient-domain", "gmail.com").json["removed"] is True
    with pytest.raises(NotFound):
        call("throttles", "remove", "recipient-domain", "gmail.com")
    with pytest.raises(Invalid):
        call("throttles", "set", "recipient-domain", "no domain", "--rate", "3")


def test_a_relay_warms_up_by_a_plan_until_it_is_off() -> None:
    a_relay()
    assert call("relays", "warm-up", "default", "--plan", "50,100", "--from", "2026-11-27").json == {
        "name": "default",
        "plan": [50, 100],
        "from": "2026-11-27",
    }
    today = datetime.now(UTC).date().isoformat()
    assert call("relays", "warm-up", "default", "--plan", "5").json["from"] == today
    assert call("relays", "warm-up", "default", "--off").json["plan"] is None


@pytest.mark.parametrize(
    "words", [(), ("--plan", "5", "--off"), ("--plan", "a,b"), ("--plan", "5,0"), ("--plan", "5", "--from", "monday")]
)
def test_what_is_no_plan_is_refused(words: tuple[str, ...]) -> None:
    a_relay()
    with pytest.raises(Invalid):
        call("relays", "warm-up", "default", *words)


def test_an_issue_is_spread_over_time_and_its_end_told(tmp_path: Path, session: Session) -> None:
    call("newsletters", "create", "week", "--name", "Week", "--from", "desk@week.test")
    page = tmp_path / "page.html"
    page.write_text("<html><title>Sluis</title><article><p>" + "De oude sluis wordt opnieuw gebruikt. " * 30)
    article = call("articles", "add", "week", "--html-file", page, "--url", "https://nieuws.test/sluis").json
    issue = call("issues", "create", "week", "--subject", "Nummer een").json
    call("issues", "add", issue["id"], article["id"], "--section", issue["sections"][0])
    readers = tmp_path / "readers.csv"
    readers.write_text("email\na@lezers.test\nb@lezers.test\n")
    call("subscribers", "import", "week", readers, "--confirmed")
    a_relay("--rate", "0.01")
    later = datetime.now(UTC) + timedelta(days=2)
    with pytest.raises(Invalid):
        call("issues", "send", issue["id"], "--at", later.isoformat(), "--yes", "--over", "0")
    shown = call("issues", "send", issue["id"], "--at", later.isoformat(), "--yes", "--over", "90").json
    assert shown["window_seconds"] == 90 * 60
    assert session.scalars(select(Delivery.window_seconds)).one() == 90 * 60
    predicted = datetime.fromisoformat(call("deliveries", "show", issue["id"]).json["predicted_end"])
    assert abs(predicted - later - timedelta(minutes=90)) < timedelta(seconds=2)
