"""Examples from rows: placed and starred are picks, dismissed and expired are not, and clicks of people weigh in."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.editions.models import Link
from curator.events.models import Actor, EventKind
from curator.issues.compose import add_item
from curator.issues.models import Item, Section
from curator.reports.models import Taste
from curator.reports.picks import _click_weights, learn_taste, learn_tastes, taste_of
from curator.reports.rollups import roll_up
from curator.sources.models import CapturedBy, Triage
from tests.events.cast import add_event, send_issue
from tests.issues.rows import a_newsletter, an_article, an_issue


def test_what_was_done_is_learned_and_kept(session: Session) -> None:
    newsletter, other = a_newsletter(session), a_newsletter(session, "other")
    issue = an_issue(session, newsletter)
    add_item(session, issue.id, an_article(session, newsletter, "placed", triage=Triage.DISMISSED).id, "Nieuws")
    for name, triage in (("a", Triage.STARRED), ("b", Triage.DISMISSED), ("c", Triage.EXPIRED), ("d", Triage.LATER)):
        an_article(session, newsletter, name, triage=triage, site="Elders")
    an_article(session, other, "e", triage=Triage.STARRED)
    assert taste_of(session, newsletter.id).picks == 0
    learn_tastes(session)
    learned = learn_taste(session, newsletter.id)
    assert (learned.picks, learned.skips) == (2, 2)
    assert set(learned.sources) == {"example", "elders"}
    assert learned.sources["example"] > 0 > learned.sources["elders"]
    assert taste_of(session, newsletter.id) == learned
    assert len(session.scalars(select(Taste)).all()) == 2


def test_what_strangers_suggest_teaches_only_by_being_picked(session: Session) -> None:
    newsletter = a_newsletter(session)
    ways = {"captured_by": CapturedBy.SUGGESTION, "site": "Elders"}
    for name, triage in (
        ("a", Triage.DISMISSED),
        ("b", Triage.EXPIRED),
        ("c", Triage.STARRED),
        ("d", Triage.DISMISSED),
    ):
        an_article(session, newsletter, name, triage=triage, **ways)
    assert ((learned := learn_taste(session, newsletter.id)).picks, learned.skips) == (1, 0)


def test_clicks_are_compared_with_what_the_place_gets(session: Session) -> None:
    """The second item of the second issue gets more than second items do; machines do not count."""
    newsletter = None
    articles = []
    for number, clicks in ((1, (3, 1)), (2, (3, 3))):
        sent = send_issue(session, readers=6, number=number, newsletter=newsletter)
        newsletter = sent.newsletter
        section = Section(issue_id=sent.issue.id, name="Any", position=0)
        session.add(section)
        session.flush()
        for place in range(2):
            article = an_article(session, newsletter, f"{number}-{place}")
            articles.append(article)
            item = Item(issue_id=sent.issue.id, section_id=section.id, article_id=article.id, position=place, title="T")
            session.add(item)
            session.flush()
            link = session.scalars(
                select(Link).where(Link.edition_id == sent.edition.id, Link.number == place + 1)
            ).one()
            link.item_id = item.id
            later = datetime.now(UTC) + timedelta(minutes=10 + place)
            for reader in range(clicks[place]):
                at = later + timedelta(minutes=7 * reader)
                add_event(session, sent, EventKind.CLICK, reader=reader, link=place + 1, at=at)
            for reader in range(6):
                add_event(
                    session,
                    sent,
                    EventKind.CLICK,
                    reader=reader,
                    link=1,
                    actor=Actor.MACHINE,
                    at=later - timedelta(seconds=90),
                )
    roll_up(session)
    assert newsletter is not None
    weights = _click_weights(session, newsletter.id)
    first_a, second_a, first_b, second_b = (round(weights[article.id], 2) for article in articles)
    assert (first_a, second_a) == (1.1, 0.82)
    assert (first_b, second_b) == (0.89, 1.15)
