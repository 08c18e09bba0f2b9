"""Which articles probably tell the same story: written down in pairs when an article is recorded, undone by editors.

Nothing is merged or deleted: a pair is an opinion about two rows, and an editor's "not the same" outlives it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.sources.identity import (
    LEAST_SHARED_LEAD,
    SHORT_WORDS,
    is_probably_same,
    is_same_lead,
    lead_sketch,
    sketch,
)
from curator.sources.models import Article, Likeness

MOST_ALIKE = 50
"""Pairs kept of one article, the most alike; a story told more often is known by then."""

_LOCK = 0x6C696B65  # "like"; any number nobody else uses in this database


def note_likeness(session: Session, article: Article) -> int:
    """Compare an article with all others of its newsletter and keep the pairs; how many there are."""
    pairs = [*_by_text(session, article), *_by_lead(session, article)]
    best: dict[int, int] = {}
    for other, shared in pairs:
        best[other] = max(shared, best.get(other, 0))
    rows = [
        {"article_id": min(article.id, other), "other_id": max(article.id, other), "shared": shared}
        for other, shared in sorted(best.items(), key=lambda pair: -pair[1])[:MOST_ALIKE]
    ]
    if rows:
        session.execute(insert(Likeness).values(rows).on_conflict_do_nothing())
    return len(rows)


def compare_due(session: Session, limit: int = 200) -> int:
    """Compare what was recorded since, and before there were sketches: a second look, when all have committed.

    Two articles recorded at the same moment do not see each other; the later of two second looks does. One at a time.
    """
    if not session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}).scalar_one():
        return 0
    due = session.scalars(select(Article).where(Article.compared_at.is_(None)).order_by(Article.id).limit(limit)).all()
    for article in due:
        article.lead = lead_sketch(article.body_text or article.summary) or None
        article.sketch = article.sketch or sketch(article.body_text) or None
    session.flush()
    for article in due:
        note_likeness(session, article)
    session.execute(update(Article).where(Article.id.in_([a.id for a in due])).values(compared_at=func.now()))
    return len(due)


def pairs_among(session: Session, ids: Collection[int]) -> list[tuple[int, int]]:
    """The pairs of these articles that nobody has set apart."""
    statement = select(Likeness.article_id, Likeness.other_id).where(
        Likeness.article_id.in_(ids), Likeness.other_id.in_(ids), Likeness.apart_at.is_(None)
    )
    return [(one, other) for one, other in session.execute(statement)]


# An array is one value however many ids there are; a list of 500 would be 500.
_LIKES = """
SELECT article_id, other_id FROM likeness WHERE article_id = ANY(:ids) AND apart_at IS NULL
UNION ALL SELECT other_id, article_id FROM likeness WHERE other_id = ANY(:ids) AND apart_at IS NULL"""


def likes_of(session: Session, ids: Collection[int]) -> list[tuple[int, int]]:
    """(an article of `ids`, another one that tells the same) for every pair that nobody has set apart."""
    return [(one, other) for one, other in session.execute(text(_LIKES), {"ids": list(ids)})] if ids else []


def set_apart(session: Session, article_id: int, others: Collection[int], by: str) -> list[tuple[int, int]]:
    """Note that an article does not tell the story of `others`; the pairs that changed."""
    pairs = [(min(article_id, other), max(article_id, other)) for other in others if other != article_id]
    if not pairs:
        return []
    changed = session.execute(
        update(Likeness)
        .where(or_(*(_is_pair(pair) for pair in pairs)), Likeness.apart_at.is_(None))
        .values(apart_at=func.now(), apart_by=by)
        .returning(Likeness.article_id, Likeness.other_id)
    )
    return [(one, other) for one, other in changed]


def put_together(session: Session, pairs: Iterable[Sequence[int]]) -> None:
    """Take back `set_apart`."""
    for pair in pairs:
        session.execute(update(Likeness).where(_is_pair(pair)).values(apart_at=None, apart_by=""))


def stories(ids: Sequence[int], pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Groups of articles that are alike, each in the order of `ids`, the groups in the order of their first. Pure."""
    group = {number: number for number in ids}

    def root(number: int) -> int:
        while group[number] != number:
            group[number] = number = group[group[number]]
        return number

    for one, other in pairs:
        group[root(other)] = root(one)
    found: dict[int, list[int]] = {}
    for number in ids:
        found.setdefault(root(number), []).append(number)
    return list(found.values())


def _is_pair(pair: Sequence[int]) -> Any:
    return and_(Likeness.article_id == pair[0], Likeness.other_id == pair[1])


def _by_text(session: Session, article: Article) -> list[tuple[int, int]]:
    return [
        (row.id, row.shared)
        for row in _sharing(session, article, "sketch", article.sketch or [])
        if is_probably_same(row.shared, same_source=_same_source(article, row), titles=(article.title, row.title))
    ]


def _by_lead(session: Session, article: Article) -> list[tuple[int, int]]:
    """Only where one of the two is an excerpt: of whole texts the sketch knows better."""
    lead = article.lead or []
    return [
        (row.id, row.shared)
        for row in _sharing(session, article, "lead", lead)
        if min(article.words, row.words) < SHORT_WORDS
        and is_same_lead(
            row.shared,
            (len(lead), row.lead_size),
            same_source=_same_source(article, row),
            titles=(article.title, row.title),
        )
    ]


_SHARING = """
SELECT id, source_id, title, words, cardinality(lead) AS lead_size, shared FROM (
    SELECT id, source_id, title, words, lead,
        cardinality(ARRAY(SELECT unnest(article.HASHES) INTERSECT SELECT unnest(CAST(:given AS bigint[])))) AS shared
    FROM article
    WHERE newsletter_id = :newsletter AND id <> :article AND article.HASHES && CAST(:given AS bigint[])
) AS alike WHERE shared >= :least ORDER BY shared DESC, id LIMIT :most"""


def _sharing(session: Session, article: Article, column: str, given: list[int]) -> Sequence[Any]:
    """Others with a hash in common (GIN) and how many they share; boilerplate is counted away in the database."""
    values = {"given": given, "newsletter": article.newsletter_id, "article": article.id}
    values |= {"least": LEAST_SHARED_LEAD, "most": MOST_ALIKE * 4}
    return session.execute(text(_SHARING.replace("HASHES", column)), values).all() if given else []


def _same_source(article: Article, other: Any) -> bool:
    return article.source_id is not None and article.source_id == other.source_id
