"""The shelf: unused finds with a last day; what is placed or past it is gone from the shelf, not from the desk."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.issues.compose import add_item, create_issue, remove_item
from curator.issues.models import Newsletter
from curator.issues.shelf import on_shelf, shelve, take_off
from tests.issues.rows import a_newsletter, an_article

TODAY = date(2026, 11, 25)
BY = "ada@example.org"


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return a_newsletter(session)


def _titles(session: Session, newsletter: Newsletter, today: date = TODAY, search: str = "") -> list[str]:
    return [article.title for article, _ in on_shelf(session, newsletter.id, today=today, search=search)]


def test_what_goes_first_stands_first_until_its_last_day(session: Session, newsletter: Newsletter) -> None:
    long, short = (an_article(session, newsletter, name) for name in ("long", "short"))
    shelve(session, newsletter.id, long.id, 12, BY, today=TODAY)
    shelve(session, newsletter.id, short.id, 4, BY, today=TODAY)
    last = TODAY + timedelta(weeks=4)
    assert _titles(session, newsletter) == _titles(session, newsletter, last) == ["Over short", "Over long"]
    assert _titles(session, newsletter, last + timedelta(days=1)) == ["Over long"]
    assert _titles(session, newsletter, search="LONG over") == ["Over long"]


def test_shelving_again_moves_the_last_day_and_taking_off_ends_it(session: Session, newsletter: Newsletter) -> None:
    article = an_article(session, newsletter)
    shelve(session, newsletter.id, article.id, 4, BY, today=TODAY)
    assert shelve(session, newsletter.id, article.id, 8, BY, today=TODAY).until == TODAY + timedelta(weeks=8)
    take_off(session, newsletter.id, article.id)
    take_off(session, newsletter.id, article.id)
    assert _titles(session, newsletter) == []


def test_what_is_placed_is_used_and_comes_back_when_it_is_taken_out(session: Session, newsletter: Newsletter) -> None:
    article = an_article(session, newsletter)
    shelve(session, newsletter.id, article.id, 4, BY, today=TODAY)
    item = add_item(session, create_issue(session, newsletter.id, "").id, article.id, "Kort")
    assert _titles(session, newsletter) == []
    remove_item(session, item.id)
    assert _titles(session, newsletter) == ["Over chips"]


def test_another_newsletters_article_and_odd_times_are_refused(session: Session, newsletter: Newsletter) -> None:
    other = a_newsletter(session, "other")
    article = an_article(session, other)
    with pytest.raises(NotFound):
        shelve(session, newsletter.id, article.id, 4, BY, today=TODAY)
    with pytest.raises(NotFound):
        take_off(session, newsletter.id, article.id)
    for weeks in (0, -1, 105):
        with pytest.raises(Invalid):
            shelve(session, other.id, article.id, weeks, BY, today=TODAY)
    shelve(session, other.id, article.id, 4, BY, today=TODAY)
    assert _titles(session, newsletter) == []
