"""From what editors did and readers followed to a taste: examples from the database, learned and kept by newsletter.

Rebuilt whole from the rows of the newsletter; losing it costs an hour of order, nothing else.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.issues.models import Item, Newsletter
from curator.reports.item_clicks import clicks_of_items
from curator.reports.models import Taste
from curator.reports.taste import Example, Learned, click_weight, learn, words_of
from curator.sources.models import Article, Triage

MOST_EXAMPLES = 4_000
"""The latest so many decide; tastes change."""

_WEIGHTS = {Triage.STARRED: 0.7, Triage.EXPIRED: 0.4}
"""A star is half a pick, and to leave something alone is less than to dismiss it."""

_EXAMPLES = """
SELECT article.id, title, summary, tags, source_id, site, triage,
    EXISTS (SELECT FROM item WHERE item.article_id = article.id) AS is_placed
FROM article WHERE newsletter_id = :newsletter AND (triage IN ('starred', 'dismissed', 'expired')
    OR EXISTS (SELECT FROM item WHERE item.article_id = article.id))
    -- What strangers suggest teaches by being picked alone: nobody's taste may be steered by sending in rubbish.
    AND (captured_by <> 'suggestion' OR triage = 'starred'
        OR EXISTS (SELECT FROM item WHERE item.article_id = article.id))
ORDER BY article.id DESC LIMIT :most"""

_PLACES = """
SELECT item.id, item.article_id, item.issue_id,
    row_number() OVER (PARTITION BY item.issue_id ORDER BY section.position, item.position) AS place
FROM item JOIN section ON section.id = item.section_id JOIN issue ON issue.id = item.issue_id
WHERE issue.newsletter_id = :newsletter AND issue.state = 'sent' AND item.article_id IS NOT NULL"""


def learn_tastes(session: Session) -> int:
    """Learn for every newsletter; how many there are."""
    newsletters = session.scalars(select(Newsletter.id)).all()
    for newsletter_id in newsletters:
        learn_taste(session, newsletter_id)
    return len(newsletters)


def learn_taste(session: Session, newsletter_id: int) -> Learned:
    """Learn anew and keep it."""
    learned = learn(_examples(session, newsletter_id))
    values: dict[str, Any] = {"picks": learned.picks, "skips": learned.skips, "learned": learned.as_json()}
    statement = insert(Taste).values(newsletter_id=newsletter_id, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["newsletter_id"], set_=values | {"learned_at": func.now()})
    )
    return learned


def taste_of(session: Session, newsletter_id: int) -> Learned:
    """What was learned last; of a newsletter nothing was learned for, what can be at once."""
    kept = session.scalar(select(Taste.learned).where(Taste.newsletter_id == newsletter_id))
    return Learned(**kept) if kept is not None else Learned()


def count_picks(session: Session, newsletter_id: int) -> int:
    """How many articles were placed or starred up to now."""
    is_placed = select(Item.id).where(Item.article_id == Article.id).exists()
    statement = select(func.count()).where(
        Article.newsletter_id == newsletter_id, or_(Article.triage == Triage.STARRED, is_placed)
    )
    return session.execute(statement).scalar_one()


def source_name(source_id: int | None, site: str) -> str:
    """What a source goes by in a taste: its row, else the site an article was taken from by hand."""
    return str(source_id) if source_id is not None else site.casefold()


def _examples(session: Session, newsletter_id: int) -> Iterator[Example]:
    weights = _click_weights(session, newsletter_id)
    rows = session.execute(text(_EXAMPLES), {"newsletter": newsletter_id, "most": MOST_EXAMPLES})
    for row in rows:
        weight = 1.0 if row.is_placed else _WEIGHTS.get(Triage(row.triage), 1.0)
        yield Example(
            words_of(row.title, row.summary, " ".join(row.tags)),
            source_name(row.source_id, row.site),
            row.is_placed or row.triage == Triage.STARRED,
            weight * weights.get(row.id, 1.0),
        )


def _click_weights(session: Session, newsletter_id: int) -> dict[int, float]:
    """Per article: its share of an issue's clicks by people, against what its place in the mail gets on average."""
    rows = session.execute(text(_PLACES), {"newsletter": newsletter_id}).all()
    clicks = clicks_of_items(session, [row.id for row in rows])
    totals: dict[int, int] = defaultdict(int)
    for row in rows:
        totals[row.issue_id] += clicks.get(row.id, 0)
    shares = {row.id: clicks.get(row.id, 0) / totals[row.issue_id] for row in rows if totals[row.issue_id]}
    by_place: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        if row.id in shares:
            by_place[row.place].append(shares[row.id])
    expected = {place: sum(found) / len(found) for place, found in by_place.items()}
    return {row.article_id: click_weight(shares[row.id], expected[row.place]) for row in rows if row.id in shares}
