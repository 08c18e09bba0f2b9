"""Which issues name readers who suggested an article: what an erased person's name still stands in. Reads only."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from curator.issues.models import Issue, IssueState, Item, Newsletter
from curator.sources.contributor_models import Suggestion


class Named(NamedTuple):
    """An issue with a reader's name in the credit of an item."""

    newsletter: str
    issue: int
    state: IssueState


def issues_naming(session: Session, suggestions: Iterable[Suggestion]) -> list[Named]:
    """The issues with one of these articles whose credit has the name given with it, in their order."""
    theirs = [
        (Item.article_id == one.article_id) & Item.credit.contains(one.name, autoescape=True)
        for one in suggestions
        if one.name
    ]
    if not theirs:
        return []
    statement = (
        select(Newsletter.slug, Issue.number, Issue.state)
        .join(Issue, Issue.newsletter_id == Newsletter.id)
        .where(Issue.id.in_(select(Item.issue_id).where(or_(*theirs))))
        .order_by(Newsletter.slug, Issue.number)
    )
    return [Named(*row) for row in session.execute(statement)]
