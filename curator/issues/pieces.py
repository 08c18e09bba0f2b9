"""The items of an issue as balance and gaps see them: loads what the pure rules ask about. Reads only."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.issues.balance import Hint, Piece, balance
from curator.issues.models import Issue, Item
from curator.sources.models import Article

IN_ENGLISH = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "nl": "Dutch",
}
"""How the desk calls languages; others go by their code."""


@dataclass(frozen=True)
class Gap:
    """A section with fewer items than it wants."""

    section: str
    count: int
    minimum: int

    def __str__(self) -> str:
        return f"{self.section}: {self.count} of {self.minimum}"


def hints_of(session: Session, issue: Issue) -> list[Hint]:
    """What is one-sided about this issue now."""
    placed = [(item, section.is_sponsored) for section in issue.sections for item in section.items]
    ids = {item.article_id for item, _ in placed if item.article_id}
    found = session.scalars(select(Article).where(Article.id.in_(ids))) if ids else ()
    articles = {article.id: article for article in found}
    pieces = [_piece(item, articles.get(item.article_id or 0), is_sponsored=sponsored) for item, sponsored in placed]
    language = issue.newsletter.language
    return balance(pieces, now=datetime.now(UTC), language=language, names=IN_ENGLISH)


def gaps_of(issue: Issue) -> list[Gap]:
    """The sections that still want items, in their order."""
    counts = [(section, len(section.items)) for section in issue.sections]
    return [Gap(section.name, count, section.minimum) for section, count in counts if count < section.minimum]


def _piece(item: Item, article: Article | None, *, is_sponsored: bool) -> Piece:
    return Piece(
        site=item.site,
        author=item.author,
        language=article.language if article else "",
        published_at=article.published_at if article else None,
        minutes=item.reading_minutes,
        is_sponsored=is_sponsored,
    )
