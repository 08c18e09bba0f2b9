"""Tracking addresses from the outside, against a real database: answers, consent at the hit, and what is stored."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.audience.models import Subscription
from curator.events.intake import TrackingApp
from curator.events.models import Actor, Event, EventKind
from curator.issues.models import Tracking
from curator.settings import Settings
from curator.tokens import Purpose, Signer
from tests.events.cast import LINKS, Sent, send_issue

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")


class Browser:
    """Asks one TrackingApp for paths."""

    def __init__(self, app: TrackingApp) -> None:
        self.app = app

    async def get(self, path: str, *, method: str = "GET", agent: str = FIREFOX, **headers: str) -> Answer:
        named = {"user-agent": agent, **{name.replace("_", "-"): value for name, value in headers.items()}}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"url=https://example.com/evil",
            "headers": [(name.encode(), value.encode()) for name, value in named.items() if value],
            "client": ("192.0.2.7", 4711),
        }
        answer = Answer()
        await self.app(scope, _nothing, answer.send)
        return answer


async def _nothing() -> Any:
    return {"type": "http.disconnect"}


@asynccontextmanager
async def browsing(settings: Settings) -> AsyncIterator[Browser]:
    app = TrackingApp(settings)
    await app.start()
    try:
        yield Browser(app)
    finally:
        await app.stop()


def browse(settings: Settings, visit: Callable[[Browser], Coroutine[Any, Any, Any]]) -> Any:
    """Run one visit with an app of its own; returns what the visit returns."""

    async def run() -> Any:
        async with browsing(settings) as browser:
            return await visit(browser)

    return asyncio.run(run())


def pixel(settings: Settings, sent: Sent, reader: int | None = 0) -> str:
    signer = Signer({1: settings.secret("tokens")})
    if reader is None:
        return f"/o/{signer.sign(Purpose.AGGREGATE_OPEN, 0, sent.edition.id)}.gif"
    return f"/o/{signer.sign(Purpose.OPEN, sent.messages[reader].id, sent.edition.id)}.gif"


def link(settings: Settings, sent: Sent, number: int, reader: int | None = 0) -> str:
    signer = Signer({1: settings.secret("tokens")})
    if reader is None:
        return f"/c/{signer.sign(Purpose.AGGREGATE_CLICK, 0, sent.edition.id)}/{number}"
    return f"/c/{signer.sign(Purpose.CLICK, sent.messages[reader].id, sent.edition.id)}/{number}"


def stored(session: Session) -> list[Event]:
    session.rollback()
    return list(session.execute(select(Event).order_by(Event.at, Event.id)).scalars())


@pytest.fixture
def sent(committed: Session) -> Sent:
    made = send_issue(committed)
    committed.commit()
    return made


def test_an_open_answers_a_pixel_and_is_stored_before(settings: Settings, committed: Session, sent: Sent) -> None:
    answer = browse(settings, lambda b: b.get(pixel(settings, sent)))
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.body.startswith(b"GIF89a") and answer.headers["content-length"] == str(len(answer.body))
    (event,) = stored(committed)
    assert (event.kind, event.actor, event.agent) == (EventKind.OPEN, Actor.PERSON, "firefox")
    assert (event.issue_id, event.edition_id) == (sent.issue.id, sent.edition.id)
    assert (event.message_id, event.subscription_id) == (sent.messages[0].id, sent.subscriptions[0].id)


@pytest.mark.parametrize("number", [1, 2])
def test_a_click_leads_to_the_stored_address(settings: Settings, committed: Session, sent: Sent, number: int) -> None:
    answer = browse(settings, lambda b: b.get(link(settings, sent, number)))
    assert (answer.status, answer.headers["location"]) == (302, LINKS[number])
    assert [(event.kind, event.link_number) for event in stored(committed)] == [(EventKind.CLICK, number)]


def test_an_address_beyond_ascii_is_encoded(settings: Settings, sent: Sent) -> None:
    answer = browse(settings, lambda b: b.get(link(settings, sent, 3)))
    assert answer.headers["location"] == "https://example.com/dritte/gr%C3%BCn"


def test_every_answer_is_uncached_and_tells_no_referrer(settings: Settings, sent: Sent) -> None:
    async def visit(browser: Browser) -> list[Answer]:
        paths = [pixel(settings, sent), link(settings, sent, 1), link(settings, sent, 99), "/o/nonsense"]
        return [await browser.get(path) for path in paths]

    for answer in browse(settings, visit):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "no-store" in answer.headers["cache-control"]


def test_a_link_that_is_no_web_address_is_never_followed(settings: Settings, sent: Sent) -> None:
    answer = browse(settings, lambda b: b.get(link(settings, sent, 4)))
    assert answer.status == 404 and "location" not in answer.headers


def _altered(path: str) -> str:
    return path[:10] + ("A" if path[10] != "A" else "B") + path[11:]


@pytest.mark.parametrize("change", [_altered, lambda p: p[:-8], lambda p: p + "/x", lambda p: p.replace("/c/", "/o/")])
def test_an_altered_link_is_a_page_that_says_so(
    settings: Settings, committed: Session, sent: Sent, change: Callable[[str], str]
) -> None:
    answer = browse(settings, lambda b: b.get(change(link(settings, sent, 1))))
    assert answer.status == 404 and "location" not in answer.headers and b"<h1>" in answer.body
    assert stored(committed) == []


def test_a_number_the_edition_does_not_have_is_not_stored(settings: Settings, committed: Session, sent: Sent) -> None:
    async def visit(browser: Browser) -> list[Answer]:
        return [await browser.get(link(settings, sent, number)) for number in (5, 9999)]

    assert {answer.status for answer in browse(settings, visit)} == {404}
    assert stored(committed) == []


def test_a_token_for_opens_is_no_token_for_clicks(settings: Settings, sent: Sent) -> None:
    token = pixel(settings, sent).removeprefix("/o/").removesuffix(".gif")
    assert browse(settings, lambda b: b.get(f"/c/{token}/1")).status == 404


def test_other_paths_are_not_found_here(settings: Settings, sent: Sent) -> None:
    assert browse(settings, lambda b: b.get("/n/weekly/")).status == 404


def test_head_answers_without_a_body_and_counts_as_a_machine(
    settings: Settings, committed: Session, sent: Sent
) -> None:
    async def visit(browser: Browser) -> list[Answer]:
        return [await browser.get(path, method="HEAD") for path in (pixel(settings, sent), link(settings, sent, 1))]

    opened, clicked = browse(settings, visit)
    assert (opened.status, opened.body, clicked.status, clicked.body) == (200, b"", 302, b"")
    assert [(event.actor, event.sign) for event in stored(committed)] == [(Actor.MACHINE, "HEAD")] * 2


def test_a_post_means_nothing(settings: Settings, committed: Session, sent: Sent) -> None:
    assert browse(settings, lambda b: b.get(link(settings, sent, 1), method="POST")).status == 405
    assert stored(committed) == []


@pytest.mark.parametrize(
    ("headers", "sign"),
    [
        ({"sec_purpose": "prefetch;prerender"}, "prefetch"),
        ({"purpose": "prefetch"}, "prefetch"),
        ({"agent": "Mozilla/5.0"}, "privacy proxy"),
        ({"agent": ""}, "no agent"),
    ],
)
def test_machines_are_labelled_not_blocked(
    settings: Settings, committed: Session, sent: Sent, headers: dict[str, str], sign: str
) -> None:
    assert browse(settings, lambda b: b.get(pixel(settings, sent), **headers)).status == 200
    assert [(event.actor, event.sign) for event in stored(committed)] == [(Actor.MACHINE, sign)]


def test_a_hit_at_acceptance_is_a_machines(settings: Settings, committed: Session) -> None:
    sent = send_issue(committed, accepted=timedelta(0))
    committed.commit()
    browse(settings, lambda b: b.get(pixel(settings, sent)))
    assert [(event.actor, event.sign) for event in stored(committed)] == [(Actor.MACHINE, "at acceptance")]


def test_withdrawn_consent_covers_mails_already_sent(settings: Settings, committed: Session, sent: Sent) -> None:
    sent.subscriptions[0].tracking_consent = False
    committed.commit()
    browse(settings, lambda b: b.get(link(settings, sent, 1)))
    (event,) = stored(committed)
    assert (event.actor, event.message_id, event.subscription_id, event.agent) == (Actor.AGGREGATE, None, None, "")


def test_with_tracking_off_links_lead_on_and_nothing_is_stored(
    settings: Settings, committed: Session, sent: Sent
) -> None:
    sent.newsletter.tracking = Tracking.OFF
    committed.commit()

    async def visit(browser: Browser) -> list[int]:
        return [(await browser.get(path)).status for path in (pixel(settings, sent), link(settings, sent, 1))]

    assert browse(settings, visit) == [200, 302]
    assert stored(committed) == []


def test_a_shared_token_counts_without_a_person(settings: Settings, committed: Session, sent: Sent) -> None:
    async def visit(browser: Browser) -> None:
        await browser.get(pixel(settings, sent, None))
        await browser.get(link(settings, sent, 2, None))

    browse(settings, visit)
    assert [(e.actor, e.message_id, e.link_number) for e in stored(committed)] == [
        (Actor.AGGREGATE, None, None),
        (Actor.AGGREGATE, None, 2),
    ]


def test_hygiene_keeps_the_day_and_a_count(settings: Settings, committed: Session) -> None:
    sent = send_issue(committed, tracking=Tracking.HYGIENE, consent=False)
    committed.commit()
    browse(settings, lambda b: b.get(pixel(settings, sent)))
    (event,) = stored(committed)
    assert (event.actor, event.message_id) == (Actor.AGGREGATE, None)
    days = dict(committed.execute(select(Subscription.id, Subscription.last_open_on)).all())
    assert days[sent.subscriptions[0].id] == event.at.date() and days[sent.subscriptions[1].id] is None


def test_hits_at_once_share_few_commits_and_all_arrive(settings: Settings, committed: Session, sent: Sent) -> None:
    async def visit(browser: Browser) -> int:
        groups: list[int] = []
        inner = browser.app._store.store
        browser.app._store.store = lambda hits: (groups.append(len(hits)), inner(hits))[1]  # type: ignore[method-assign]
        await asyncio.gather(*(browser.get(pixel(settings, sent, i % 2)) for i in range(300)))
        assert sum(groups) == 300
        return len(groups)

    assert browse(settings, visit) <= 3
    assert len(stored(committed)) == 300


def test_the_address_of_the_machine_is_nowhere(settings: Settings, committed: Session, sent: Sent) -> None:
    browse(settings, lambda b: b.get(pixel(settings, sent)))
    (event,) = stored(committed)
    values = {str(getattr(event, column.key)) for column in Event.__table__.columns}
    assert not any("192.0.2" in value or "Gecko" in value for value in values)
