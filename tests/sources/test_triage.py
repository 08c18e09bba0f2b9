from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.issues.models import Newsletter
from curator.sources.models import Article, CapturedBy, Source, SourceState, Triage
from curator.sources.triage import Choice, candidates, get_article, languages_of

NOW = datetime.now(UTC)


def add(session: Session, newsletter: Newsletter, title: str, **fields: object) -> Article:
    key = f"example.org/{title}"
    article = Article(
        newsletter_id=newsletter.id, captured_by=CapturedBy.FEED, title=title, address_key=key, address=key, **fields
    )
    session.add(article)
    session.flush()
    return article


def titles(articles: list[Article]) -> list[str]:
    return [article.title for article in articles]


def test_open_articles_newest_first_and_no_date_in_the_future_on_top(session: Session, newsletter: Newsletter) -> None:
    add(session, newsletter, "old", published_at=NOW - timedelta(days=9))
    add(session, newsletter, "future", published_at=NOW + timedelta(days=900), created_at=NOW - timedelta(days=5))
    add(session, newsletter, "new", published_at=NOW - timedelta(hours=1), triage=Triage.STARRED)
    add(session, newsletter, "undated", created_at=NOW - timedelta(days=1))
    add(session, newsletter, "later", triage=Triage.LATER)
    assert titles(candidates(session, newsletter.id)) == ["new", "undated", "future", "old"]
    assert titles(candidates(session, newsletter.id, limit=2)) == ["new", "undated"]
    assert titles(candidates(session, newsletter.id, Triage.LATER)) == ["later"]
    assert titles(candidates(session, newsletter.id, "starred")) == ["new"]


def test_search_is_words_and_percent_signs_are_literal(session: Session, newsletter: Newsletter) -> None:
    add(session, newsletter, "Chips in Twente", author="Anna")
    add(session, newsletter, "50% minder")
    assert titles(candidates(session, newsletter.id, search="chips anna")) == ["Chips in Twente"]
    assert titles(candidates(session, newsletter.id, search="50%")) == ["50% minder"]
    assert titles(candidates(session, newsletter.id, search="%")) == ["50% minder"]
    assert candidates(session, newsletter.id, search="chips bert") == []


def test_another_newsletter_sees_nothing(session: Session, newsletter: Newsletter, other: Newsletter) -> None:
    article = add(session, newsletter, "ours")
    assert candidates(session, other.id) == []
    with pytest.raises(NotFound):
        get_article(session, other.id, article.id)


def test_an_unknown_list_is_refused(session: Session, newsletter: Newsletter) -> None:
    with pytest.raises(Invalid, match="candidate, starred, later, dismissed"):
        candidates(session, newsletter.id, "deleted")


def test_candidates_of_a_muted_source_wait(session: Session, newsletter: Newsletter) -> None:
    source = Source(newsletter_id=newsletter.id, address="https://f.example/", address_key="f", title="Feed")
    session.add(source)
    session.flush()
    for title, triage in (("untouched", Triage.CANDIDATE), ("starred", Triage.STARRED), ("later", Triage.LATER)):
        add(session, newsletter, title, source_id=source.id, triage=triage)
    add(session, newsletter, "of another")
    source.state = SourceState.MUTED
    session.flush()
    assert set(titles(candidates(session, newsletter.id))) == {"starred", "of another"}
    assert titles(candidates(session, newsletter.id, Triage.LATER)) == ["later"]
    source.state = SourceState.ACTIVE
    session.flush()
    assert len(candidates(session, newsletter.id)) == 3


def test_a_choice_is_made_of_source_language_age_stars_and_words(session: Session, newsletter: Newsletter) -> None:
    source = Source(newsletter_id=newsletter.id, address="https://f.example/", address_key="f", title="Feed")
    session.add(source)
    session.flush()
    add(session, newsletter, "a", source_id=source.id, language="nl", published_at=NOW - timedelta(hours=20))
    add(session, newsletter, "b", language="en", published_at=NOW - timedelta(days=5), triage=Triage.STARRED)
    for query, wanted in (
        ({"source": str(source.id)}, ["a"]),
        ({"language": "en"}, ["b"]),
        ({"days": "1"}, ["a"]),
        ({"days": "7"}, ["a", "b"]),
        ({"starred": "1"}, ["b"]),
        ({"q": "b", "language": "nl"}, []),
        ({"source": "x", "days": "12", "starred": "no"}, ["a", "b"]),
        ({"source": "9" * 30}, ["a", "b"]),
    ):
        choice = Choice.read(query)
        assert titles(candidates(session, newsletter.id, choice=choice)) == wanted, query
        assert Choice.read(choice.as_query()) == choice
    assert languages_of(session, newsletter.id) == ["en", "nl"]
