"""Articles as the desk shows them: where they were published or placed before, by whom people clicked, their picture.

Reads only, with as many questions to the database for five hundred articles as for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.issues.compose import reading_minutes
from curator.issues.models import Issue
from curator.issues.seen import SeenBefore, seen_before
from curator.reports.item_clicks import clicks_of_items
from curator.reports.taste import Judged
from curator.sources.contributor_models import Suggestion
from curator.sources.models import Article, FetchState, Picture, Triage
from curator.sources.suggestions import suggestions_of
from curator.sources.triage import is_heard

_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


@dataclass
class Find:
    """One article with what an editor wants to know beside it.

    `clicks`: of people, when it was published before. `others` tell the same story and stand behind this one.
    """

    article: Article
    seen: SeenBefore | None = None
    clicks: int | None = None
    placed_in: str | None = None
    picture: str | None = None
    others: list[Article] = field(default_factory=list)
    judged: Judged | None = None
    suggestions: list[Suggestion] = field(default_factory=list)

    @property
    def minutes(self) -> int | None:
        """Minutes to read it."""
        return reading_minutes(self.article.words)

    @property
    def is_waiting(self) -> bool:
        """Whether its page is still being read."""
        return self.article.fetch_state == FetchState.WAITING

    @property
    def has_failed(self) -> bool:
        """Whether its page could not be read."""
        return self.article.fetch_state == FetchState.FAILED

    @property
    def sites(self) -> int:
        """How many sites tell this story; text that was pasted is of none."""
        return len({article.site for article in (self.article, *self.others) if article.site})


def load_finds(session: Session, newsletter_id: int, articles: Sequence[Article], draft: Issue | None) -> list[Find]:
    """`articles` in their order, none behind another."""
    seen = seen_before(session, newsletter_id, articles)
    clicks = clicks_of_items(session, {one.item_id for one in seen.values()})
    placed = places_of(draft)
    pictures = _pictures(session, articles)
    suggestions = suggestions_of(session, {article.id for article in articles})
    return [
        Find(
            article,
            seen=(was := seen.get(article.id)),
            clicks=clicks.get(was.item_id) if was else None,
            placed_in=placed.get(article.id),
            picture=pictures.get(article.picture_id) if article.picture_id else None,
            suggestions=suggestions.get(article.id, []),
        )
        for article in articles
    ]


def count_by_triage(session: Session, newsletter_id: int) -> dict[str, int]:
    """How many articles each list of the desk has. `candidates` are those untouched and those starred."""
    rows = session.execute(
        select(Article.triage, func.count())
        .where(Article.newsletter_id == newsletter_id, is_heard())
        .group_by(Article.triage)
    )
    counts = {str(triage): count for triage, count in rows}
    starred = counts.get(Triage.STARRED, 0)
    return {
        "candidates": counts.get(Triage.CANDIDATE, 0) + starred,
        "starred": starred,
        "later": counts.get(Triage.LATER, 0),
        "dismissed": counts.get(Triage.DISMISSED, 0),
        "expired": counts.get(Triage.EXPIRED, 0),
    }


def picture_path(picture: Picture) -> str:
    """Where the web serves a stored picture."""
    return f"/pictures/{picture.sha256.hex()}.{_EXTENSIONS.get(picture.media_type, 'jpg')}"


def places_of(draft: Issue | None) -> dict[int, str]:
    """Per id of an article in the draft: the name of its section."""
    if draft is None:
        return {}
    return {item.article_id: section.name for section in draft.sections for item in section.items if item.article_id}


def _pictures(session: Session, articles: Sequence[Article]) -> dict[int, str]:
    ids = {article.picture_id for article in articles if article.picture_id}
    found = session.scalars(select(Picture).where(Picture.id.in_(ids))) if ids else ()
    return {picture.id: picture_path(picture.small or picture) for picture in found}
