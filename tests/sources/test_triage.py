from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.issues.models import Newsletter
from curator.sources.models import Article, CapturedBy, Triage
from curator.sources.triage import candidates, get_article, set_triage

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


def test_another_newsletter_sees_and_changes_nothing(
    session: Session, newsletter: Newsletter, other: Newsletter
) -> None:
    article = add(session, newsletter, "ours")
    assert candidates(session, other.id) == []
    for attempt in (
        lambda: set_triage(session, other.id, article.id, "starred"),
        lambda: get_article(session, other.id, article.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert get_article(session, newsletter.id, article.id).triage is Triage.CANDIDATE


def test_triage_is_one_of_four(session: Session, newsletter: Newsletter) -> None:
    article = add(session, newsletter, "ours")
    for triage in Triage:
        assert set_triage(session, newsletter.id, article.id, triage.value).triage is triage
    with pytest.raises(Invalid, match="candidate, starred, later, dismissed"):
        set_triage(session, newsletter.id, article.id, "deleted")
    assert article.triage is Triage.DISMISSED
