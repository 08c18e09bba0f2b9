"""The sample fills an empty installation once, and everything in it is as the real stages would have left it."""

import io
from collections import Counter

import pytest
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.models import Subscription
from curator.delivery.ledger import delivery_status
from curator.delivery.models import Delivery, Relay
from curator.delivery.relays import set_relay
from curator.demo import articles, sample
from curator.demo.fill import fill, sign_in_address
from curator.demo.pictures import HEIGHT, MOTIFS, PALETTES, WIDTH, draw_picture
from curator.issues.models import Issue, IssueState, Newsletter
from curator.reports.issue_report import issue_report
from curator.settings import Settings
from curator.sources.contributor_models import Suggestion
from curator.sources.identity import content_hash
from curator.sources.models import Article


@pytest.fixture
def filled(session: Session, settings: Settings, redis_client: object, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(articles, "draw_picture", lambda motif, seed: b"a picture of %d" % seed)
    assert fill(settings) is True
    session.expire_all()
    return session


def test_a_week_is_there_to_be_read(filled: Session) -> None:
    newsletter = filled.scalars(select(Newsletter)).one()
    assert len(newsletter.section_template) == 4
    assert filled.scalar(select(func.count()).select_from(Article).where(Article.picture_id.is_not(None))) == 25
    states = Counter(issue.state for issue in filled.scalars(select(Issue)))
    assert states == {IssueState.SENT: 1, IssueState.DRAFT: 1}
    assert filled.scalar(select(func.count()).select_from(Subscription)) == 200


def test_readers_suggested_something(filled: Session) -> None:
    assert filled.scalar(select(func.count()).select_from(Suggestion)) == 3
    assert filled.scalar(select(func.count()).select_from(Article)) == 25 + len(articles.COPIES), "all known already"


def test_the_ledger_of_the_past_issue_adds_up(filled: Session) -> None:
    delivery = filled.scalars(select(Delivery)).one()
    status = delivery_status(filled, delivery.issue_id)
    parts = ("accepted", "excluded_total", "failed", "unknown", "waiting")
    assert status["candidates"] == status["expected"] == sum(status[part] for part in parts) == 200
    assert (status["state"], status["failed"], status["unknown"], status["waiting"]) == ("sent", 3, 1, 0)
    assert set(status["excluded"]) == {"unconfirmed", "unsubscribed", "paused", "bounced", "complained", "suppressed"}


def test_the_report_of_the_past_issue_is_not_empty(filled: Session) -> None:
    report = issue_report(filled, filled.scalars(select(Delivery.issue_id)).one())
    assert report["opens"]["people"] > report["clicks"]["people"] > 10
    assert report["opens"]["machines"] > 0 and report["opens"]["aggregate"] > 0
    assert (report["unsubscribes"], report["bounces"], report["complaints"]) == (3, 3, 1)
    assert sum(link["people"] for link in report["links"]) >= report["clicks"]["people"]


def test_nothing_is_rung_for_what_was_sent_long_ago(filled: Session, redis_client: "object") -> None:
    assert redis_client.llen("deliver") == 0  # type: ignore[attr-defined]


def test_a_second_start_changes_nothing(filled: Session, settings: Settings) -> None:
    assert fill(settings) is False
    assert filled.scalar(select(func.count()).select_from(Article)) == 25 + len(articles.COPIES)


def test_the_relay_follows_the_mailbox_until_somebody_sets_another(filled: Session, settings: Settings) -> None:
    moved = settings.model_copy(update={"mailbox_port": settings.mailbox_port + 1})
    fill(moved)
    relay = filled.scalars(select(Relay)).one()
    filled.refresh(relay)
    assert (relay.host, relay.port) == ("127.0.0.1", moved.mailbox_port)
    set_relay(filled, "default", host="127.0.0.1", port=2525, security="none")
    fill(settings)
    filled.refresh(relay)
    assert relay.port == 2525


def test_the_owner_gets_a_new_link_every_start(filled: Session, settings: Settings) -> None:
    first, second = sign_in_address(settings), sign_in_address(settings)
    assert first != second and first.startswith(f"{settings.public_url}/sign-in/")


def test_the_articles_are_invented_and_long_enough() -> None:
    found = sample.read_articles()
    assert len({content_hash(a.title, a.body_html) for a in found}) == 25
    names = {section["name"] for section in sample.SECTIONS}
    for article in found:
        words = len(article.body_html.split())
        assert 120 <= words <= 350, article.title
        assert article.address.split("/")[2].endswith(".example"), article.title
        assert article.section in names and article.picture in MOTIFS


@pytest.mark.parametrize("motif", MOTIFS)
def test_every_motif_is_drawn_and_is_the_same_every_time(motif: str) -> None:
    seed = len(motif) % len(PALETTES)
    data = draw_picture(motif, seed)
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (WIDTH, HEIGHT)
        assert len(set(image.resize((24, 12)).get_flattened_data())) > 20, "a picture, not a blank"
    assert draw_picture(motif, seed) == data
    assert len(data) < 150_000
