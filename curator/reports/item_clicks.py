"""How often people followed the links of an item, over its whole life. Machines are left out. Reads only."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from curator.issues.seen import seen_before
from curator.sources.models import Article

# Readers who allow it count once a link; everyone else's clicks, who are never told apart, count one by one.
_CLICKS = """
SELECT item.id, sum(rollup.readers)::bigint
FROM item JOIN delivery ON delivery.issue_id = item.issue_id
JOIN link ON link.edition_id = delivery.edition_id AND link.item_id = item.id
JOIN rollup ON rollup.issue_id = item.issue_id AND rollup.link_number = link.number
WHERE item.id = ANY(:items) AND rollup.kind = 'click' AND rollup.actor IN ('person', 'aggregate')
GROUP BY item.id"""


def clicks_of_items(session: Session, item_ids: Collection[int]) -> dict[int, int]:
    """Clicks of people per item; an item nobody followed, or that was not measured, is missing."""
    if not item_ids:
        return {}
    rows = session.execute(text(_CLICKS), {"items": sorted(item_ids)})
    return {row[0]: row[1] for row in rows}


def seen_facts(session: Session, article: Article) -> dict[str, Any] | None:
    """The latest issue an article, or its story at another address, was in, for programs; None when in none."""
    seen = seen_before(session, article.newsletter_id, [article]).get(article.id)
    if seen is None:
        return None
    clicks = clicks_of_items(session, [seen.item_id]).get(seen.item_id, 0)
    return {"issue": seen.issue_number, "sent_at": seen.sent_at, "clicks": clicks, "by_words": seen.by_words}
