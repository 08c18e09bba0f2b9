"""Tasks of the sources stage: reading pages, asking feeds, and the sweep that finds both when a doorbell was lost.

Each fetches from the network inside its transaction but before it locks a row; see the verbs.
"""

from sqlalchemy.orm import Session

from curator.doorbell import ring
from curator.settings import get_settings
from curator.sources import likeness, reading, watch
from workers.base import task


@task("sources.read_article")
def read_article(session: Session, article_id: int) -> str:
    """Read the page behind an article; its state afterwards."""
    return reading.read_article(session, article_id, get_settings()).fetch_state.value


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


@task("sources.compare")
def compare(session: Session) -> int:
    """Compare articles recorded since the last time with all others; how many. Old rows come round by and by."""
    return likeness.compare_due(session)
