"""The pages of deliveries: the sum and its names, the brakes and who may pull them, the file, the live parts."""

import csv
import io
import signal
import subprocess
import sys
from collections.abc import Callable

import httpx2
import pytest
from sqlalchemy.orm import Session

from curator.accounts.audit import verify
from curator.accounts.models import Role, User
from curator.accounts.users import add_user
from curator.db.heartbeats import Process, beat
from curator.delivery.models import Delivery, DeliveryState, MessageState
from curator.errors import NotFound
from curator.issues.models import Issue, IssueState
from curator.web.desk import live
from tests.events.cast import Sent, send_issue
from tests.web.conftest import Browser, Cast

Open = Callable[[User], Browser]
ENDS = (MessageState.REJECTED, MessageState.SUPPRESSED, MessageState.UNKNOWN, MessageState.PENDING)
PAGE = "/n/weekly/deliveries/7"


@pytest.fixture
def sending(session: Session, cast: Cast) -> Sent:
    """Issue 7 on its way: six readers, one of each end and two accepted."""
    return send_issue(session, readers=6, newsletter=cast.weekly, state=DeliveryState.SENDING, states=ENDS)


def test_the_list_shows_every_delivery_of_this_newsletter(
    session: Session, cast: Cast, browser: Open, sending: Sent
) -> None:
    send_issue(session, newsletter=cast.weekly, number=8)
    send_issue(session, newsletter=cast.other, number=99)
    text = browser(cast.viewer).get("/n/weekly/deliveries").text
    assert "Number 7" in text and "Number 8" in text and "Number 99" not in text


def test_the_list_goes_on_where_it_stopped(
    session: Session, cast: Cast, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curator.web.desk.deliveries.PAGE", 2)
    sent = [send_issue(session, readers=0, newsletter=cast.weekly, number=number) for number in (1, 2, 3)]
    client = browser(cast.viewer)
    first = client.get("/n/weekly/deliveries").text
    assert "Number 3" in first and "Number 1" not in first
    assert f"before={sent[1].delivery.id}" in first
    second = client.get(f"/n/weekly/deliveries?before={sent[1].delivery.id}").text
    assert "Number 1" in second and "Number 2" not in second


def test_a_newsletter_without_deliveries_says_what_comes_here(cast: Cast, browser: Open) -> None:
    assert "Nothing has been sent yet" in browser(cast.viewer).get("/n/weekly/deliveries").text


def test_everyone_is_accounted_for(cast: Cast, browser: Open, sending: Sent) -> None:
    text = browser(cast.viewer).get(PAGE).text
    assert "6 candidates = 2 accepted + 1 excluded + 1 failed + 1 unknown + 1 waiting" in text


@pytest.mark.parametrize(("term", "reader"), [("failed", 0), ("excluded", 1), ("unknown", 2), ("waiting", 3)])
def test_each_term_opens_to_its_names(cast: Cast, browser: Open, sending: Sent, term: str, reader: int) -> None:
    text = browser(cast.viewer).get(f"{PAGE}?term={term}").text
    shown = [message.address for message in sending.messages if message.address in text]
    assert shown == [sending.messages[reader].address]


def test_names_are_found_by_reason(cast: Cast, browser: Open, sending: Sent) -> None:
    client = browser(cast.viewer)
    assert sending.messages[1].address in client.get(f"{PAGE}?term=excluded&reason=paused").text
    assert sending.messages[1].address not in client.get(f"{PAGE}?term=excluded&reason=bounced").text


def test_names_go_on_where_they_stopped(session: Session, cast: Cast, browser: Open) -> None:
    sent = send_issue(session, readers=60, newsletter=cast.weekly)
    client = browser(cast.viewer)
    first = client.get(f"{PAGE}?term=accepted").text
    after = sent.messages[49].id
    assert f"after={after}" in first and sent.messages[49].address in first
    second = client.get(f"{PAGE}?term=accepted&after={after}").text
    assert sum(message.address in second for message in sent.messages) == 10 and "First page" in second


def test_a_hostile_reply_is_only_text(session: Session, cast: Cast, browser: Open, sending: Sent) -> None:
    sending.messages[0].last_reply = '550 "><svg onload=alert(1)>'
    sending.messages[1].reason = "<script>alert(1)</script>"
    session.flush()
    client = browser(cast.viewer)
    text = client.get(f"{PAGE}?term=failed").text + client.get(f"{PAGE}?term=excluded").text
    assert "<svg onload" not in text and "<script>alert" not in text and "&lt;svg onload" in text


def test_it_says_plainly_who_is_missing(session: Session, cast: Cast, browser: Open, sending: Sent) -> None:
    client = browser(cast.viewer)
    assert "No worker is running" in client.get(PAGE).text
    beat(session, Process.WORKER)
    text = client.get(PAGE).text
    assert "No worker is running" not in text and "The scheduler is not running" in text
    beat(session, Process.BEAT)
    assert "The scheduler is not running" not in client.get(PAGE).text


def test_a_finished_delivery_needs_no_worker(session: Session, cast: Cast, browser: Open) -> None:
    send_issue(session, newsletter=cast.weekly)
    text = browser(cast.viewer).get(PAGE).text
    assert "No worker is running" not in text and "data-events" not in text


def _state(session: Session, sent: Sent) -> DeliveryState:
    session.expire_all()
    return session.get_one(Delivery, sent.delivery.id).state


def test_an_editor_pauses_resumes_and_cancels(session: Session, cast: Cast, browser: Open, sending: Sent) -> None:
    client = browser(cast.editor)
    for verb, state in (
        ("pause", DeliveryState.PAUSED),
        ("resume", DeliveryState.SENDING),
        ("cancel", DeliveryState.CANCELLED),
    ):
        answer = client.submit(f"{PAGE}/{verb}")
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)  # type: ignore[attr-defined]
        assert _state(session, sending) is state
    assert verify(session) == []
    assert "6 candidates = 2 accepted + 2 excluded" in client.get(PAGE).text


@pytest.mark.parametrize("state", [DeliveryState.SENDING, DeliveryState.SCHEDULED, DeliveryState.HOLDING])
def test_whoever_edits_may_stop_and_only_a_sender_may_go_on(
    session: Session, cast: Cast, browser: Open, sending: Sent, state: DeliveryState
) -> None:
    sending.delivery.state = state
    session.flush()
    client = browser(add_user(session, "bo@weekly.example", Role.EDITOR, cast.weekly.id))
    text = client.get(PAGE).text
    assert f"{PAGE}/pause" in text
    for verb in ("resume", "release", "cancel", "undo"):
        assert f"{PAGE}/{verb}" not in text
        assert client.submit(f"{PAGE}/{verb}").status_code == 403  # type: ignore[attr-defined]
    assert _state(session, sending) is state
    assert client.submit(f"{PAGE}/pause").status_code == 303  # type: ignore[attr-defined]
    assert _state(session, sending) is DeliveryState.PAUSED
    assert "A sender or an owner can resume" in client.get(PAGE).text
    assert client.submit(f"{PAGE}/resume").status_code == 403  # type: ignore[attr-defined]
    assert browser(cast.editor).submit(f"{PAGE}/resume").status_code == 303  # type: ignore[attr-defined]


def test_undo_leads_back_to_the_draft(session: Session, cast: Cast, browser: Open) -> None:
    sent = send_issue(session, readers=0, newsletter=cast.weekly, state=DeliveryState.SCHEDULED)
    sent.delivery.expected = sent.delivery.started_at = sent.delivery.frozen_at = None
    sent.issue.state = IssueState.SENDING
    session.flush()
    answer = browser(cast.editor).submit(f"{PAGE}/undo")
    assert answer.headers["location"] == "/n/weekly/issues/7"  # type: ignore[attr-defined]
    session.expire_all()
    assert session.get_one(Issue, sent.issue.id).state is IssueState.DRAFT


def test_a_viewer_sees_no_brakes_and_pulls_none(session: Session, cast: Cast, browser: Open, sending: Sent) -> None:
    client = browser(cast.viewer)
    assert "/pause" not in client.get(PAGE).text
    assert client.submit(f"{PAGE}/pause").status_code == 403  # type: ignore[attr-defined]
    assert _state(session, sending) is DeliveryState.SENDING


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/export.csv", f"{PAGE}/events", "/n/weekly/reports/7"])
def test_another_newsletters_delivery_does_not_exist(session: Session, cast: Cast, browser: Open, path: str) -> None:
    send_issue(session, newsletter=cast.other)
    client = browser(cast.editor)
    assert client.get(path).status_code == 404
    assert client.get(path.replace("weekly", "other")).status_code == 404


def test_a_late_brake_says_why_it_does_nothing(session: Session, cast: Cast, browser: Open) -> None:
    send_issue(session, newsletter=cast.weekly)
    answer = browser(cast.editor).submit(f"{PAGE}/pause")
    assert answer.status_code == 409 and "cannot be paused" in answer.text  # type: ignore[attr-defined]


def test_the_file_has_every_message(cast: Cast, browser: Open, sending: Sent) -> None:
    answer = browser(cast.viewer).get(f"{PAGE}/export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["address"] for row in rows] == [message.address for message in sending.messages]
    assert answer.headers["content-disposition"] == 'attachment; filename="weekly-7-delivery.csv"'


def test_the_stream_tells_the_parts_and_ends_when_all_is_over(session: Session, cast: Cast, browser: Open) -> None:
    send_issue(session, newsletter=cast.weekly)
    answer = browser(cast.viewer).get(f"{PAGE}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: parts\n" in answer.text and 'data-part="sum"' in answer.text
    assert answer.text.endswith("event: over\ndata: \n\n")


def test_the_stream_tells_only_changes_and_ends_after_a_while(
    session: Session, cast: Cast, browser: Open, sending: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "INTERVAL_SECONDS", 0.02)
    monkeypatch.setattr(live, "LIFETIME_SECONDS", 0.5)
    sending.delivery.state = DeliveryState.PAUSED
    session.flush()
    text = browser(cast.viewer).get(f"{PAGE}/events").text
    assert text.count("event: parts") == 1 and ": still here" in text and "event: over" not in text


def test_a_stream_ends_when_the_delivery_is_gone(
    session: Session, cast: Cast, browser: Open, sending: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "INTERVAL_SECONDS", 0.01)
    looks = iter([live.Look("<p>first</p>", False)])

    def look() -> live.Look:
        if (found := next(looks, None)) is None:
            raise NotFound("Its Send was taken back.")
        return found

    monkeypatch.setattr("curator.web.desk.deliveries.stream", lambda request, _: live.stream(request, look))
    answer = browser(cast.viewer).get(f"{PAGE}/events")
    assert answer.status_code == 200 and "data: <p>first</p>" in answer.text


_SERVER = """
import sys, uvicorn
from fastapi import FastAPI, Request
from curator.web.desk.live import Look, stream
app = FastAPI()
@app.get("/")
async def events(request: Request):
    return await stream(request, lambda: Look("<p>same</p>", False))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical")
"""


def test_an_open_stream_does_not_keep_the_server_from_stopping(free_port: Callable[[], int]) -> None:
    port = free_port()
    server = subprocess.Popen([sys.executable, "-c", _SERVER, str(port)])
    try:
        with (
            httpx2.Client(transport=httpx2.HTTPTransport(retries=8)) as client,
            client.stream("GET", f"http://127.0.0.1:{port}/", timeout=30) as answer,
        ):
            lines = answer.iter_lines()
            while next(lines) != "data: <p>same</p>":
                pass
            server.send_signal(signal.SIGTERM)
            list(lines)
        assert server.wait(30) in (0, -signal.SIGTERM)
    finally:
        server.kill()
        server.wait()
