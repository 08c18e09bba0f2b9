"""Articles as rows: what an extract becomes, which row is the same article, which is nearly the same.

A row is inserted or found, never overwritten, whoever else adds the same article at the same moment.
"""

from typing import Any

from sqlalchemy import ColumnElement, column, func, or_, select, table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.errors import NotFound
from curator.sources.dates import offset_minutes
from curator.sources.extract import Extract
from curator.sources.identity import address_key, canonical_address, content_hash, lead_sketch, sketch
from curator.sources.likeness import likes_of, note_likeness
from curator.sources.models import Article

_TELLING_WORDS = 20
"""Below this many words, equal texts at different addresses may well be different articles."""


def columns_of(extract: Extract) -> dict[str, Any]:
    """The columns that follow from an extract, identity included."""
    hashed = content_hash(extract.title, extract.body_text)
    return {
        "address": canonical_address(extract.address) if extract.address else None,
        "address_key": address_key(extract.address) if extract.address else None,
        "content_hash": hashed if extract.words >= _TELLING_WORDS or not extract.address else None,
        "title": extract.title,
        "author": extract.author,
        "site": extract.site,
        "language": extract.language,
        "published_at": extract.published_at,
        "published_offset": offset_minutes(extract.published_at),
        "tags": list(extract.tags),
        "summary": extract.summary,
        "quote": extract.quote,
        "body_html": extract.body_html,
        "body_text": extract.body_text,
        "words": extract.words,
        "sketch": sketch(extract.body_text) or None,
        "lead": lead_sketch(extract.body_text or extract.summary) or None,
        "is_free": extract.is_free,
    }


def insert_article(session: Session, values: dict[str, Any]) -> Article | None:
    """The new row, compared with all others; None when the newsletter has an article of this address or these words."""
    statement = insert(Article).values(values).on_conflict_do_nothing().returning(Article.id)
    number = session.scalar(statement)
    if number is None:
        return None
    article = session.get_one(Article, number)
    note_likeness(session, article)
    return article


def find_same(session: Session, newsletter_id: int, key: str | None, hashed: bytes | None) -> Article | None:
    """The article of this address, or that this address leads to, else the one of these words."""
    same: list[ColumnElement[bool]] = [Article.address_key == key, Article.other_keys.contains([key])] if key else []
    same += [Article.content_hash == hashed] if hashed else []
    if not same:
        return None
    by_address_first = func.coalesce(Article.address_key == key, False).desc()
    statement = select(Article).where(Article.newsletter_id == newsletter_id, or_(*same))
    return session.scalars(statement.order_by(by_address_first, Article.id).limit(1)).first()


def find_duplicate(session: Session, article: Article) -> int | None:
    """Id of another article of the newsletter that tells the same: by address, by words, else by most of the words.

    The oldest one when there are several. An editor decides what to do with it; nothing is merged.
    """
    key = address_key(article.address) if article.address else None
    hashed = content_hash(article.title, article.body_text) if article.words >= _TELLING_WORDS else None
    others = select(Article).where(Article.newsletter_id == article.newsletter_id, Article.id != article.id)
    same: list[ColumnElement[bool]] = [Article.address_key == key] if key else []
    same += [Article.content_hash == hashed] if hashed else []
    if same:
        found = session.scalars(others.where(or_(*same)).order_by(Article.id).limit(1)).first()
        if found is not None:
            return found.id
    return min((other for _, other in likes_of(session, [article.id])), default=None)


def zone_of(session: Session, newsletter_id: int) -> str:
    """The time zone of a newsletter, for dates without an offset. Its table is a later stage's: read by name only."""
    newsletter = table("newsletter", column("id"), column("timezone"))
    zone = session.scalar(select(newsletter.c.timezone).where(newsletter.c.id == newsletter_id))
    if zone is None:
        raise NotFound("There is no such newsletter.")
    return str(zone)
