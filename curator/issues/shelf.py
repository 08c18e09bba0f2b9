"""The evergreen shelf: finds that keep, each with a last day. What is placed or past its day is not on it any more.

The triage of an article stays as it is: a shelf is beside the lists of This week, not one of them.
"""

from datetime import date, timedelta

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.errors import Invalid
from curator.issues.models import Item, Shelved
from curator.sources.models import Article
from curator.sources.triage import get_article

MOST_WEEKS = 104


def shelve(session: Session, newsletter_id: int, article_id: int, weeks: int, by: str, *, today: date) -> Shelved:
    """Keep an article for so many weeks; shelving it again gives it another last day."""
    if not 1 <= weeks <= MOST_WEEKS:
        raise Invalid(f"An article is kept for 1 to {MOST_WEEKS} weeks.", field="weeks")
    article = get_article(session, newsletter_id, article_id)
    values = {"until": today + timedelta(weeks=weeks), "by": by}
    statement = insert(Shelved).values(article_id=article.id, newsletter_id=newsletter_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["article_id"], set_=values))
    return session.get_one(Shelved, article.id, populate_existing=True)


def take_off(session: Session, newsletter_id: int, article_id: int) -> None:
    """Do not keep it any longer; nothing happens when it is not on the shelf."""
    found = session.get(Shelved, get_article(session, newsletter_id, article_id).id)
    if found is not None:
        session.delete(found)
        session.flush()


def on_shelf(session: Session, newsletter_id: int, *, today: date, search: str = "") -> list[tuple[Article, date]]:
    """Unused articles on the shelf with their last day, the first to go first; all words of `search` in the title."""
    statement = (
        select(Article, Shelved.until)
        .join(Shelved, Shelved.article_id == Article.id)
        .where(
            Shelved.newsletter_id == newsletter_id,
            Shelved.until >= today,
            ~exists().where(Item.article_id == Article.id),
        )
        .order_by(Shelved.until, Article.id)
    )
    for word in search.split()[:8]:
        statement = statement.where(Article.title.icontains(word, autoescape=True))
    return [(article, until) for article, until in session.execute(statement)]
