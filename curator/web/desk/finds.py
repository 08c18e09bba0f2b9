"""Articles as the desk shows them: with where they were published or placed before, and which tell the same story.

Reads only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.issues.compose import reading_minutes
from curator.issues.models import Issue
from curator.issues.seen import SeenBefore, published_before
from curator.sources.identity import is_probably_same
from curator.sources.models import Article, FetchState, Picture, Triage

_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


@dataclass
class Find:
    """One article with what an editor wants to know beside it. `twins` tell the same story."""

    article: Article
    seen: SeenBefore | None = None
    placed_in: str | None = None
    picture: str | None = None
    twins: list[Article] = field(default_factory=list)

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


def load_finds(
    session: Session,
    newsletter_id: int,
    articles: Sequence[Article],
    draft: Issue | None,
    around: Sequence[Article] = (),
) -> list[Find]:
    """`articles` in their order. Twins are looked for among `articles` and `around`."""
    keys = {article.address_key for article in articles if article.address_key}
    seen = published_before(session, newsletter_id, keys)
    placed = _placed(draft)
    pictures = _pictures(session, articles)
    twins = _twins([*articles, *around])
    return [
        Find(
            article,
            seen=seen.get(article.address_key) if article.address_key else None,
            placed_in=placed.get(article.id),
            picture=pictures.get(article.picture_id) if article.picture_id else None,
            twins=twins.get(article.id, []),
        )
        for article in articles
    ]


def count_by_triage(session: Session, newsletter_id: int) -> dict[str, int]:
    """How many articles each list of the desk has. `candidates` are those untouched and those starred."""
    rows = session.execute(
        select(Article.triage, func.count()).where(Article.newsletter_id == newsletter_id).group_by(Article.triage)
    )
    counts = {str(triage): count for triage, count in rows}
    starred = counts.get(Triage.STARRED, 0)
    return {
        "candidates": counts.get(Triage.CANDIDATE, 0) + starred,
        "starred": starred,
        "later": counts.get(Triage.LATER, 0),
        "dismissed": counts.get(Triage.DISMISSED, 0),
    }


def picture_path(picture: Picture) -> str:
    """Where the web serves a stored picture."""
    return f"/pictures/{picture.sha256.hex()}.{_EXTENSIONS.get(picture.media_type, 'jpg')}"


def _placed(draft: Issue | None) -> dict[int, str]:
    if draft is None:
        return {}
    return {item.article_id: section.name for section in draft.sections for item in section.items if item.article_id}


def _pictures(session: Session, articles: Sequence[Article]) -> dict[int, str]:
    ids = {article.picture_id for article in articles if article.picture_id}
    found = session.scalars(select(Picture).where(Picture.id.in_(ids))) if ids else ()
    return {picture.id: picture_path(picture.small or picture) for picture in found}


def _twins(articles: Sequence[Article]) -> dict[int, list[Article]]:
    """Articles whose sketches share many hashes, found through an index of hashes: never every pair."""
    by_id = {article.id: article for article in articles}
    holders: dict[int, list[int]] = {}
    for article in by_id.values():
        for value in article.sketch or ():
            holders.setdefault(value, []).append(article.id)
    shared: dict[tuple[int, int], int] = {}
    for ids in holders.values():
        for index, one in enumerate(ids[:20]):
            for other in ids[index + 1 : 20]:
                shared[one, other] = shared.get((one, other), 0) + 1
    twins: dict[int, list[Article]] = {}
    for (one, other), count in shared.items():
        first, second = by_id[one], by_id[other]
        same_source = first.source_id is not None and first.source_id == second.source_id
        if is_probably_same(count, same_source=same_source, titles=(first.title, second.title)):
            twins.setdefault(one, []).append(second)
            twins.setdefault(other, []).append(first)
    return twins
