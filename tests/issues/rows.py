"""Rows the tests of this stage start from."""

from typing import Any

from sqlalchemy.orm import Session

from curator.issues.compose import create_issue
from curator.issues.models import Issue, Newsletter
from curator.issues.newsletters import create_newsletter
from curator.sources.models import Article, CapturedBy


def a_newsletter(session: Session, slug: str = "tech", **fields: Any) -> Newsletter:
    """A Dutch newsletter with the four default sections."""
    values = {"name": "De Technologieweek", "from_address": "redactie@example.org", **fields}
    return create_newsletter(session, slug, **values)


def an_article(session: Session, newsletter: Newsletter, name: str = "chips", **fields: Any) -> Article:
    """An article with an address of its own."""
    values = {
        "newsletter_id": newsletter.id,
        "captured_by": CapturedBy.ADDRESS,
        "address": f"https://news.example.org/{name}",
        "address_key": f"news.example.org/{name}",
        "title": f"Over {name}",
        "summary": f"Eerste zin over {name}. Tweede zin.",
        "site": "Example",
        "words": 460,
        **fields,
    }
    article = Article(**values)
    session.add(article)
    session.flush()
    return article


def an_issue(session: Session, newsletter: Newsletter, subject: str = "Deze week") -> Issue:
    """A draft."""
    return create_issue(session, newsletter.id, subject, by="editor@example.org")
