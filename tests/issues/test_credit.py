"""The credit of an item: the names of readers who agreed, which an editor may change or empty, and put back."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.errors import Invalid
from curator.issues.compose import add_item, get_item, remove_item
from curator.issues.content import load_content
from curator.issues.edit import edit_item, history, restore
from curator.issues.models import Newsletter
from curator.settings import Settings
from curator.sources.contributors import Contributor, suggest
from curator.sources.models import Article
from tests.issues.rows import a_newsletter, an_issue

PAGE = "https://news.example.org/tip"


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return a_newsletter(session)


def tipped(session: Session, newsletter: Newsletter, settings: Settings, *names: tuple[str, bool]) -> Article:
    for number, (name, may_name) in enumerate(names):
        suggest(session, newsletter.id, PAGE, Contributor(name, may_name, network=f"198.51.{number}.0/24"), settings)
    return session.scalars(select(Article)).one()


def test_who_agreed_is_named_and_nobody_else(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    names = (("Anna", True), ("Bram", False), ("Cees =?utf-8?q?x?=", True), ("Anna", True))
    article = tipped(session, newsletter, settings, *names)
    issue = an_issue(session, newsletter)
    item = add_item(session, issue.id, article.id, "Nieuws")
    assert item.credit == "Anna, Cees utf-8?q?x"
    (shown,) = [one for section in load_content(session, issue.id).sections for one in section.items]
    assert shown.credit == item.credit


def test_an_editor_changes_it_and_takes_it_away(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    article = tipped(session, newsletter, settings, ("Anna", True))
    issue = an_issue(session, newsletter)
    item = add_item(session, issue.id, article.id, "Nieuws")
    edit_item(session, item.id, "credit", "Anna\r\nvan Dam", item.version, "editor@example.org")
    assert item.credit == "Anna van Dam"
    edit_item(session, item.id, "credit", "", item.version, "editor@example.org")
    assert item.credit == ""
    with pytest.raises(Invalid):
        edit_item(session, item.id, "credit", "x" * 201, item.version, "editor@example.org")
    restore(session, history(session, issue.id)[0].revision_id, "editor@example.org")
    assert get_item(session, item.id).credit == "Anna", "what one editor did in one sitting is one change"


def test_it_comes_back_with_the_item(session: Session, newsletter: Newsletter, settings: Settings) -> None:
    article = tipped(session, newsletter, settings, ("Anna", True))
    issue = an_issue(session, newsletter)
    item_id = add_item(session, issue.id, article.id, "Nieuws").id
    remove_item(session, item_id)
    restore(session, history(session, issue.id)[0].revision_id, "editor@example.org")
    assert get_item(session, item_id).credit == "Anna"
