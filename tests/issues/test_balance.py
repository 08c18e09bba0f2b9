"""Hints about what is one-sided: each with its reason, silent where too little is known."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from curator.issues.balance import Piece, balance
from curator.issues.compose import add_item, get_issue
from curator.issues.pieces import IN_ENGLISH, hints_of
from curator.issues.sections import change_section
from tests.issues.rows import a_newsletter, an_article, an_issue

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def _hints(*pieces: Piece, language: str = "nl") -> dict[str, str]:
    return {hint.code: hint.message for hint in balance(pieces, now=NOW, language=language, names=IN_ENGLISH)}


def _aged(*days: int | None) -> list[Piece]:
    return [Piece(published_at=None if age is None else NOW - timedelta(days=age)) for age in days]


def test_an_issue_without_items_or_with_a_fair_mix_says_nothing() -> None:
    assert _hints() == {}
    mix = [
        Piece(site="a", author="x", language="nl", published_at=NOW, minutes=4),
        Piece(site="a", author="x", language="en", published_at=NOW - timedelta(days=30), minutes=9),
        Piece(site="b", author="y", language="nl", minutes=5),
    ]
    assert _hints(*mix) == {}


def test_three_from_one_site_however_it_is_spelled() -> None:
    pieces = [Piece(site="Trouw"), Piece(site="www.trouw"), Piece(site="TROUW"), Piece(site="NOS")]
    assert _hints(*pieces) == {"one_site": "3 of 4 items are from Trouw."}
    assert _hints(*pieces[:2]) == {}
    assert _hints(Piece(), Piece(), Piece(), Piece()) == {}


def test_one_author_is_said_but_not_a_site_that_calls_itself_the_author() -> None:
    assert "one_author" in _hints(*[Piece(site=name, author="A. Byline") for name in "abc"])
    assert "one_author" not in _hints(*[Piece(site="NOS", author="nos")] * 3)


@pytest.mark.parametrize(
    ("days", "is_said"),
    [((8, 9, 30), True), ((6, 9, 30), False), ((8, 9), False), ((8, 9, None), False), ((8, 9, 10, None), True)],
)
def test_nothing_newer_than_a_week_is_said_when_enough_dates_are_known(
    days: tuple[int | None, ...], is_said: bool
) -> None:
    assert ("none_new" in _hints(*_aged(*days))) is is_said


def test_the_age_of_the_newest_is_the_reason() -> None:
    assert _hints(*_aged(12, 9, 30))["none_new"].endswith("the newest article is 9 days old.")


def test_one_foreign_language_only_is_said_and_ones_own_is_not() -> None:
    english = [Piece(language="en")] * 3
    assert _hints(*english) == {"one_language": "All 3 articles are in English; your readers read Dutch."}
    assert _hints(*english, language="en") == {}
    assert _hints(*english, Piece(language="de")) == {}


def test_much_to_read_and_much_that_is_paid() -> None:
    assert "long_read" in _hints(Piece(minutes=30), Piece(minutes=16))
    assert "long_read" not in _hints(Piece(minutes=30), Piece(minutes=15))
    paid = Piece(site="Shop", is_sponsored=True)
    assert _hints(paid, paid, Piece(), Piece(), Piece())["much_sponsored"].startswith("2 of 5")
    assert _hints(paid, Piece(), Piece()) == {}


def test_what_is_sponsored_does_not_count_for_the_mix() -> None:
    assert "one_site" not in _hints(*[Piece(site="a")] * 2, Piece(site="a", is_sponsored=True), Piece(), Piece())


def test_a_label_makes_no_section_sponsored(session: Session) -> None:
    issue = an_issue(session, newsletter := a_newsletter(session))
    section = issue.sections[1]
    add_item(session, issue.id, an_article(session, newsletter).id, section.name)
    change_section(session, section.id, label="Opinion")
    assert hints_of(session, get_issue(session, issue.id)) == []
    change_section(session, section.id, is_sponsored=True)
    assert [hint.code for hint in hints_of(session, get_issue(session, issue.id))] == ["much_sponsored"]
