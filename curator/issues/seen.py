"""What this newsletter has already published, and where: by address, by where it redirects, by most of the words.

Reads only. The latest issue counts; an address tells more than words do.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, Text, any_, cast, or_, select
from sqlalchemy.orm import Session

from curator.issues.models import Issue, IssueState, Item
from curator.sources.likeness import likes_of
from curator.sources.models import Article


@dataclass(frozen=True)
class SeenBefore:
    """The latest issue an article stood in. `sent_at` is None while that issue is still being sent.

    `by_words`: found by most of the words being the same, not by its address.
    """

    issue_number: int
    issue_id: int
    sent_at: datetime | None
    item_id: int
    by_words: bool = False


def published_before(
    session: Session, newsletter_id: int, address_keys: Collection[str], except_issue_id: int | None = None
) -> dict[str, SeenBefore]:
    """Per address key that was published (or is being sent) in this newsletter: the latest issue with it.

    A key counts as published too when the published address redirected to it, or came from it.
    """
    keys = set(address_keys)
    if not keys:
        return {}
    given = cast(sorted(keys), ARRAY(Text))  # one value however many keys there are
    statement = _published(newsletter_id, except_issue_id).where(
        or_(Item.address_key == any_(given), Article.other_keys.op("&&")(given))
    )
    found: dict[str, SeenBefore] = {}
    for row in session.execute(statement):
        found |= {key: _seen(row) for key in keys.intersection([row.address_key, *(row.other_keys or ())])}
    return found


def seen_before(
    session: Session, newsletter_id: int, articles: Sequence[Article], except_issue_id: int | None = None
) -> dict[int, SeenBefore]:
    """Per id of an article that was published, at whatever address and in most of its words: the latest issue with it.

    Three questions to the database, however many articles.
    """
    keys = {article.id: {key for key in (article.address_key, *article.other_keys) if key} for article in articles}
    by_key = published_before(session, newsletter_id, set[str]().union(*keys.values()), except_issue_id)
    found = {number: seen for number, mine in keys.items() if (seen := _latest(by_key[k] for k in mine if k in by_key))}
    likes = likes_of(session, [article.id for article in articles if article.id not in found])
    themselves = [(article.id, article.id) for article in articles if article.id not in found]
    by_article = _published_articles(
        session, newsletter_id, {other for _, other in [*likes, *themselves]}, except_issue_id
    )
    for number, other in [*themselves, *likes]:
        if seen := by_article.get(other):
            seen = replace(seen, by_words=number != other)
            found[number] = max(found.get(number, seen), seen, key=lambda one: one.issue_number)
    return found


def _published_articles(
    session: Session, newsletter_id: int, ids: Collection[int], except_issue_id: int | None
) -> dict[int, SeenBefore]:
    statement = _published(newsletter_id, except_issue_id).where(
        Item.article_id == any_(cast(sorted(ids), ARRAY(BigInteger)))
    )
    return {row.article_id: _seen(row) for row in session.execute(statement)} if ids else {}


def _published(newsletter_id: int, except_issue_id: int | None) -> Select[*tuple[Any, ...]]:
    """Items that went out or are going out, the latest issue last."""
    statement = (
        select(
            Issue.number,
            Issue.id.label("issue_id"),
            Issue.sent_at,
            Item.id.label("item_id"),
            Item.address_key,
            Item.article_id,
            Article.other_keys,
        )
        .join(Issue, Issue.id == Item.issue_id)
        .outerjoin(Article, Article.id == Item.article_id)
        .where(Issue.newsletter_id == newsletter_id, Issue.state != IssueState.DRAFT)
        .order_by(Issue.number, Item.id)
    )
    return statement if except_issue_id is None else statement.where(Issue.id != except_issue_id)


def _seen(row: Any) -> SeenBefore:
    return SeenBefore(row.number, row.issue_id, row.sent_at, row.item_id)


def _latest(seen: Iterable[SeenBefore]) -> SeenBefore | None:
    return max(seen, key=lambda one: one.issue_number, default=None)
