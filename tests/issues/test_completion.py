"""Items of an article whose page was read after it had been placed."""

from io import BytesIO

from PIL import Image
from sqlalchemy.orm import Session

from curator.issues.completion import complete_items
from curator.issues.compose import add_item, create_issue, get_issue
from curator.issues.edit import edit_item
from curator.issues.models import IssueState, Item
from curator.sources.models import Article
from curator.sources.pictures import store_picture
from tests.issues.rows import a_newsletter, an_article


def placed(session: Session) -> tuple[Article, Item]:
    """An article that has only its address yet, in a draft."""
    newsletter = a_newsletter(session)
    address = "https://news.example.org/chips"
    article = an_article(session, newsletter, title=address, summary="", site="", words=0)
    issue = create_issue(session, newsletter.id, "Deze week")
    return article, add_item(session, issue.id, article.id, issue.sections[0].name)


def read(session: Session, article: Article) -> None:
    article.title, article.summary, article.site, article.words = "Over chips", "Eerste zin.", "Voorbeeld", 460
    session.flush()


def test_what_was_blank_is_filled_without_a_conflict(session: Session) -> None:
    article, item = placed(session)
    read(session, article)
    version = get_issue(session, item.issue_id).version
    assert complete_items(session, article) == 1
    session.refresh(item)
    assert (item.title, item.blurb, item.site, item.reading_minutes) == ("Over chips", "Eerste zin.", "Voorbeeld", 2)
    assert get_issue(session, item.issue_id).version == version + 1
    assert edit_item(session, item.id, "blurb", "Beter.", 1, "editor@example.org").blurb == "Beter."
    assert complete_items(session, article) == 0


def test_what_an_editor_wrote_stays(session: Session) -> None:
    article, item = placed(session)
    edit_item(session, item.id, "title", "Mijn kop", item.version, "editor@example.org")
    read(session, article)
    assert complete_items(session, article) == 0
    assert (item.title, item.blurb) == ("Mijn kop", "")


def test_a_picture_comes_beside_words_that_are_there(session: Session) -> None:
    article, item = placed(session)
    item.blurb = "Uit de feed."
    read(session, article)
    target = BytesIO()
    Image.new("RGB", (640, 400)).save(target, "JPEG")
    article.picture_id, article.picture_alt = store_picture(session, target.getvalue()).id, "Een chip op een plank"
    session.flush()
    assert complete_items(session, article) == 1
    assert (item.picture_id, item.picture_alt) == (article.picture_id, "Een chip op een plank")
    assert (item.blurb, item.title) == ("Uit de feed.", "https://news.example.org/chips")


def test_an_issue_that_is_being_sent_is_left_alone(session: Session) -> None:
    article, item = placed(session)
    get_issue(session, item.issue_id).state = IssueState.SENDING
    read(session, article)
    assert complete_items(session, article) == 0
    assert item.blurb == ""
