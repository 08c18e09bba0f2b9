"""The numbered sentences a model may draw on: an article's for a blurb or a translation, the items' for a subject."""

from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.issues.compose import get_issue, get_item
from curator.issues.markdown import to_text
from curator.issues.models import Issue, Item
from curator.issues.proposal_prompts import LONGEST_SENTENCE, MOST_SENTENCES, Kind, numbered
from curator.sources.models import Article
from curator.sources.prose import clean_line, sentences


def lines_for(session: Session, issue: Issue, item_id: int | None, kind: Kind) -> list[str]:
    """What is sent; `Invalid` says why there is nothing to draw on."""
    if item_id is None:
        return _items(session, issue)
    item = get_item(session, item_id)
    if item.issue_id != issue.id:
        raise NotFound("That item is not in the issue any more. The history can put it back.")
    article = session.get(Article, item.article_id) if item.article_id else None
    lines = _of_article(article) if kind is Kind.BLURB else _opening(article, issue)
    if not lines:
        raise Invalid("There is no text of the article to draw on. Write it yourself, or paste the article's text.")
    return lines


def may_translate(language: str | None, wanted: str) -> bool:
    """Whether an article of this language, which may not be known, is in another than the newsletter."""
    return bool(language) and language != wanted.split("-")[0].lower()


def _items(session: Session, issue: Issue) -> list[str]:
    """Each item as its title and the first sentence of its blurb."""
    items = [item for section in get_issue(session, issue.id).sections for item in section.items]
    if not items:
        raise Invalid("There are no items yet that a subject could be about. Place some first.")
    return [_line(item) for item in items[:MOST_SENTENCES]]


def _line(item: Item) -> str:
    first = sentences(clean_line(to_text(item.blurb), 2_000), 1)
    title = item.title if item.title.endswith((".", "!", "?", "…")) or not first else f"{item.title}."
    return clean_line(" ".join([title, *first]), LONGEST_SENTENCE)


def _of_article(article: Article | None) -> list[str]:
    if article is None:
        return []
    return numbered(article.body_text) or numbered(article.summary)


def _opening(article: Article | None, issue: Issue) -> list[str]:
    """The article's title and the sentences an item begins with."""
    if article is None or not article.title.strip():
        return []
    if not may_translate(article.language, issue.newsletter.language):
        raise Invalid("The article is in the newsletter's language already, or in one nobody knows.")
    return [clean_line(article.title, LONGEST_SENTENCE), *sentences(clean_line(article.summary, 2_000), 6)]
