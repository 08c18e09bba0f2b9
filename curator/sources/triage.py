"""What an editor sees of the articles found, and what she thinks of each. Deletes nothing."""

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.sources.models import Article, Triage

OPEN = (Triage.CANDIDATE, Triage.STARRED)
"""What This week shows unless it is asked for something else."""


def candidates(
    session: Session, newsletter_id: int, triage: Triage | str | None = None, limit: int = 200, search: str = ""
) -> list[Article]:
    """Articles of a newsletter, newest first; without `triage` those still open.

    `search` is words, each in title, site, author or summary. Articles that are in an issue already are among them:
    the page marks those.
    """
    wanted = OPEN if triage is None else (_known(triage),)
    statement = select(Article).where(Article.newsletter_id == newsletter_id, Article.triage.in_(wanted))
    for word in search.split()[:8]:
        fields = (Article.title, Article.site, Article.author, Article.summary)
        statement = statement.where(or_(*(field.icontains(word, autoescape=True) for field in fields)))
    newest = func.least(
        func.coalesce(Article.published_at, Article.created_at), Article.created_at
    )  # a date in the future does not stay on top
    return list(session.scalars(statement.order_by(newest.desc(), Article.id.desc()).limit(limit)).all())


def set_triage(session: Session, newsletter_id: int, article_id: int, triage: Triage | str) -> Article:
    """Note what an editor thinks of an article of her newsletter. `NotFound` for another newsletter's."""
    changed = session.scalar(
        update(Article)
        .where(Article.id == article_id, Article.newsletter_id == newsletter_id)
        .values(triage=_known(triage))
        .returning(Article)
        .execution_options(populate_existing=True)
    )
    if changed is None:
        raise NotFound(f"This newsletter has no article {article_id}.")
    return changed


def get_article(session: Session, newsletter_id: int, article_id: int) -> Article:
    """An article of this newsletter; `NotFound` for any other."""
    found = session.get(Article, article_id)
    if found is None or found.newsletter_id != newsletter_id:
        raise NotFound(f"This newsletter has no article {article_id}.")
    return found


def _known(triage: Triage | str) -> Triage:
    try:
        return Triage(triage)
    except ValueError as error:
        raise Invalid(f"Triage is one of {', '.join(Triage)}.") from error
