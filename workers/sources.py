"""Tasks of the sources stage: reading pages, asking feeds, and the sweep that finds both when a doorbell was lost.

Each fetches from the network inside its transaction but before it locks a row; see the verbs.
"""

from sqlalchemy.orm import Session

from curator.doorbell import ring
from curator.issues.completion import complete_items
from curator.settings import get_settings
from curator.sources import reading, watch
from workers.base import task


@task("sources.read_article")
def read_article(session: Session, article_id: int) -> str:
    """Read the page behind an article and fill the items that waited for it; the article's state afterwards."""
    article = reading.read_article(session, article_id, get_settings())
    complete_items(session, article)
    return article.fetch_state.value


@task("sources.refresh")
def refresh(session: Session, source_id: int) -> watch.Refreshed:
    """Ask one feed for what is new."""
    return watch.refresh_source(session, source_id, get_settings())


@task("sources.due")
def ring_for_due(session: Session) -> int:
    """Ring for every feed to ask now and every article that was forgotten; how many."""
    sources, articles = watch.due_sources(session), reading.due_articles(session)
    for source_id in sources:
        ring(session, "sources.refresh", source_id)
    for article_id in articles:
        ring(session, "sources.read_article", article_id)
    return len(sources) + len(articles)
