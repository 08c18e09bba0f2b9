"""How the sources of a newsletter are doing, for people: what is broken stands first and is never left out. Reads."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.sources.adding import list_sources
from curator.sources.models import Article, Source
from curator.sources.schedule import Health, health_of

_WEEKS = 4
_TROUBLED = (Health.GONE, Health.FAILING)


@dataclass(frozen=True)
class SourceHealth:
    """A source, one word for how it does, and what it brings. `per_week` is over the last four weeks."""

    source: Source
    health: Health
    articles: int
    per_week: float
    last_article_at: datetime | None

    @property
    def is_troubled(self) -> bool:
        """Whether an editor should look at it."""
        return self.health in _TROUBLED


def list_health(session: Session, newsletter_id: int) -> list[SourceHealth]:
    """Every source: those in trouble first, then by title."""
    published = func.coalesce(Article.published_at, Article.created_at)
    lately = func.count().filter(published > func.now() - func.make_interval(0, 0, _WEEKS))
    rows = session.execute(
        select(Article.source_id, func.count(), lately, func.max(published))
        .where(Article.newsletter_id == newsletter_id, Article.source_id.is_not(None))
        .group_by(Article.source_id)
    )
    brought = {source_id: (count, recent, last) for source_id, count, recent, last in rows}
    found = [_health(source, *brought.get(source.id, (0, 0, None))) for source in list_sources(session, newsletter_id)]
    return sorted(found, key=lambda one: not one.is_troubled)


def _health(source: Source, articles: int, lately: int, last: datetime | None) -> SourceHealth:
    return SourceHealth(source, health_of(source), articles, round(lately / _WEEKS, 1), last)
