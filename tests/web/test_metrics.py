"""/metrics: who may, what it says, and what it never says."""

from collections.abc import Callable
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from curator.accounts.models import User
from curator.settings import get_settings
from tests.events.cast import send_issue
from tests.web.conftest import Browser, Cast, application

HERE = ("127.0.0.1", 50000)
THERE = ("203.0.113.9", 50000)
Open = Callable[[User], Browser]


@pytest.fixture
def client(session: Session) -> Callable[..., TestClient]:
    """A function that makes a client at an address of its own."""
    return partial(TestClient, application(), base_url="http://127.0.0.1:8420", raise_server_exceptions=False)


def values(text: str) -> dict[str, float]:
    """Every sample of an answer by its name and labels, as a scraper reads them."""
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_this_machine_reads_what_a_scraper_understands(session: Session, client: Callable[..., TestClient]) -> None:
    send_issue(session)
    answer = client(client=HERE).get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = values(answer.text)
    assert found["curator_database_up"] == 1
    assert found["curator_deliveries state=sent"] == 1
    assert found["curator_events_stored_total"] >= 0


@pytest.mark.parametrize("client_at", [THERE, ("::ffff:203.0.113.9", 1), ("testclient", 1)])
def test_others_are_told_that_there_is_no_such_page(
    client: Callable[..., TestClient], client_at: tuple[str, int]
) -> None:
    assert client(client=client_at).get("/metrics").status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto"])
def test_who_comes_through_a_proxy_is_not_from_here(client: Callable[..., TestClient], header: str) -> None:
    assert client(client=HERE).get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "value"), [("CURATOR_TRUSTED_HOPS", "1"), ("CURATOR_BASE_URL", "https://news.example.org")]
)
def test_where_a_proxy_is_in_front_a_token_is_needed(
    client: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A proxy on this machine may say nothing of itself."""
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    assert client(client=HERE).get("/metrics").status_code == 404


def test_a_token_opens_it_from_anywhere_and_nothing_else_does(
    client: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_METRICS_TOKEN", "s3cret")
    get_settings.cache_clear()
    assert client(client=THERE).get("/metrics", headers={"Authorization": "Bearer s3cret"}).status_code == 200
    for headers in (
        {},
        {"Authorization": "Bearer s3cre"},
        {"Authorization": "Basic s3cret"},
        {"Authorization": "Bearer é"},
    ):
        encoded = {name: value.encode() for name, value in headers.items()}
        answer = client(client=HERE).get("/metrics", headers=encoded)
        assert answer.status_code == 401 and "curator_" not in answer.text


def test_requests_are_timed_by_route_and_not_by_address(
    session: Session, cast: Cast, browser: Open, client: Callable[..., TestClient]
) -> None:
    sent = send_issue(session, newsletter=cast.weekly)
    page = browser(cast.viewer)
    page.get(f"/n/weekly/deliveries/7?q={sent.messages[0].address}")
    page.get("/p/a-token-of-somebody")
    page.get("/o/another-token.gif")
    page.get("/no/such/page")
    text = client(client=HERE).get("/metrics").text
    found = values(text)
    where = "curator_http_request_seconds_count method=GET route="
    assert found[f"{where}/n/{{slug}}/deliveries/{{number}} status=2xx"] >= 1
    assert found[f"{where}none status=4xx"] >= 1
    assert f"{where}/o/{{token}}.gif status=4xx" in found
    assert "weekly" not in text and "example" not in text and "a-token" not in text and "another-token" not in text


def test_a_database_that_is_away_is_told(client: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr("curator.web.metrics.figures", away)
    answer = client(client=HERE).get("/metrics")
    assert answer.status_code == 200 and values(answer.text)["curator_database_up"] == 0
