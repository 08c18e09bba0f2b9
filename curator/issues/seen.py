"""Which addresses this newsletter has already published, and where. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.models import Issue, IssueState, Item


@dataclass(frozen=True)
class SeenBefore:
    """The latest issue an address stood in. `sent_at` is None while that issue is still being sent."""

    issue_number: int
    issue_id: int
    sent_at: datetime | None
    item_id: int


def published_before(
    session: Session, newsletter_id: int, address_keys: Collection[str], except_issue_id: int | None = None
) -> dict[str, SeenBefore]:
    """Per address key that was published (or is being sent) in this newsletter: the latest issue with it."""
    if not address_keys:
        return {}
    statement = (
        select(Item.address_key, Issue.number, Issue.id, Issue.sent_at, Item.id)
        .join(Issue, Issue.id == Item.issue_id)
        .where(
            Issue.newsletter_id == newsletter_id,
            Issue.state != IssueState.DRAFT,
            Item.address_key.in_(set(address_keys)),
        )
        .order_by(Issue.number)
    )
    if except_issue_id is not None:
        statement = statement.where(Issue.id != except_issue_id)
    rows = session.execute(statement)
    return {key: SeenBefore(number, issue, sent_at, item) for key, number, issue, sent_at, item in rows if key}
