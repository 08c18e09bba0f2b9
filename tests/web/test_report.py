"""The report's page: the numbers of the report, told apart in plain words, and hostile words harmless."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from curator.accounts.models import User
from curator.editions.models import Link
from curator.events.models import Actor, EventKind
from curator.issues.models import Issue, Tracking
from tests.events.cast import Sent, add_event, send_issue
from tests.web.conftest import Browser, Cast

Open = Callable[[User], Browser]
PAGE = "/n/weekly/reports/7"


@pytest.fixture
def sent(session: Session, cast: Cast) -> Sent:
    return send_issue(session, readers=3, newsletter=cast.weekly)


def _figures(text: str) -> dict[str, list[int]]:
    """The three numbers of opens and clicks as they stand on the page."""
    found = {}
    for name in ("opens", "clicks"):
        section = text.split(f'id="{name}-heading"')[1].split("</section>")[0]
        found[name] = [int(number) for number in re.findall(r'figure-number numeric">(\d+)<', section)]
    return found


def test_people_machines_and_the_rest_stand_side_by_side(
    session: Session, cast: Cast, browser: Open, sent: Sent
) -> None:
    add_event(session, sent, EventKind.OPEN, reader=0)
    add_event(session, sent, EventKind.OPEN, reader=1, actor=Actor.MACHINE)
    add_event(session, sent, EventKind.OPEN)
    add_event(session, sent, EventKind.OPEN)
    add_event(session, sent, EventKind.CLICK, reader=0, link=2)
    text = browser(cast.viewer).get(PAGE).text
    assert _figures(text) == {"opens": [1, 1, 2], "clicks": [1, 0, 0]}
    assert "33 % of 3 measured" in text


def test_the_most_followed_link_comes_first(session: Session, cast: Cast, browser: Open, sent: Sent) -> None:
    for reader in (0, 1):
        add_event(session, sent, EventKind.CLICK, reader=reader, link=3)
    add_event(session, sent, EventKind.CLICK, reader=0, link=2)
    text = browser(cast.viewer).get(PAGE).text
    assert re.findall(r'link-label">(Link \d)<', text) == ["Link 3", "Link 2", "Link 1", "Link 4"]


def test_the_hours_stand_in_the_chart_and_in_a_table(session: Session, cast: Cast, browser: Open, sent: Sent) -> None:
    add_event(session, sent, EventKind.OPEN, reader=0)
    text = browser(cast.viewer).get(PAGE).text
    assert '<rect class="people"' in text and "The same as a table" in text
    assert "style=" not in text and "onload" not in text


@pytest.mark.parametrize(
    ("tracking", "words"),
    [
        (Tracking.INDIVIDUAL, "agreed to be measured one by one"),
        (Tracking.AGGREGATE, "only counted together"),
        (Tracking.HYGIENE, "only counted together"),
        (Tracking.OFF, "Tracking is off"),
    ],
)
def test_it_says_how_the_numbers_came_about(
    session: Session, cast: Cast, browser: Open, sent: Sent, tracking: Tracking, words: str
) -> None:
    cast.weekly.tracking = tracking
    session.flush()
    assert words in browser(cast.viewer).get(PAGE).text


def test_it_keeps_itself_up_to_date_for_two_weeks(session: Session, cast: Cast, browser: Open, sent: Sent) -> None:
    client = browser(cast.viewer)
    assert "data-poll" in client.get(PAGE).text
    sent.delivery.started_at = datetime.now(UTC) - timedelta(days=15)
    session.flush()
    assert "data-poll" not in client.get(PAGE).text


def test_a_hostile_label_is_only_text(session: Session, cast: Cast, browser: Open, sent: Sent) -> None:
    session.execute(update(Link).values(label='"><svg onload=alert(1)>'))
    text = browser(cast.viewer).get(PAGE).text
    assert "<svg onload" not in text and "&lt;svg onload" in text


def test_a_draft_has_no_numbers_yet(session: Session, cast: Cast, browser: Open, sent: Sent) -> None:
    session.add(Issue(newsletter_id=cast.weekly.id, number=8, subject="Eight"))
    session.flush()
    assert "No numbers yet" in browser(cast.viewer).get("/n/weekly/reports/8").text
    assert browser(cast.viewer).get("/n/weekly/reports/9").status_code == 404
