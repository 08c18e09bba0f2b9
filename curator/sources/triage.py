"""What an editor sees of the articles found: those of a list, chosen further, without what no list shows.

Reads only: what editors do to them is in the next stage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, defer

from curator.errors import Invalid, NotFound
from curator.sources.contributor_models import Suggestion
from curator.sources.models import Article, Source, SourceState, Triage

OPEN = (Triage.CANDIDATE, Triage.STARRED)
"""What This week shows unless it is asked for something else."""

AGES = {1: "a day", 3: "3 days", 7: "a week", 30: "a month"}
"""Days one may choose by, and what they are called."""

_HEAVY = (Article.body_html, Article.body_text, Article.sketch, Article.lead, Article.content_hash)


@dataclass(frozen=True)
class Choice:
    """Which articles of a list are wanted; nothing chosen is all. `words` stand in title, site, author or summary."""

    words: str = ""
    source: int | None = None
    language: str = ""
    days: int | None = None
    starred: bool = False
    suggested: bool = False

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "Choice":
        """From what a form sends, or a saved filter holds; what is no choice is none."""
        source, days = (str(query.get(name) or "") for name in ("source", "days"))
        return cls(
            words=str(query.get("q") or "").strip()[:200],
            source=int(source) if source.isdecimal() and len(source) < 19 else None,
            language=str(query.get("language") or "")[:8],
            days=int(days) if days.isdecimal() and int(days) in AGES else None,
            starred=_is_ticked(query, "starred"),
            suggested=_is_ticked(query, "suggested"),
        )

    def as_query(self) -> dict[str, str]:
        """The fields of the form that differ from nothing."""
        fields = {"q": self.words, "source": self.source, "language": self.language, "days": self.days}
        chosen = {name: str(value) for name, value in fields.items() if value}
        return chosen | {name: "1" for name in ("starred", "suggested") if getattr(self, name)}

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for the database."""
        fields = (Article.title, Article.site, Article.author, Article.summary)
        wanted = [or_(*(f.icontains(word, autoescape=True) for f in fields)) for word in self.words.split()[:8]]
        if self.source is not None:
            wanted.append(Article.source_id == self.source)
        if self.language:
            wanted.append(Article.language == self.language)
        if self.days is not None:
            wanted.append(_moment() > func.now() - func.make_interval(0, 0, 0, self.days))
        if self.starred:
            wanted.append(Article.triage == Triage.STARRED)
        if self.suggested:
            wanted.append(select(Suggestion.id).where(Suggestion.article_id == Article.id).exists())
        return wanted


def candidates(
    session: Session,
    newsletter_id: int,
    triage: Triage | str | None = None,
    limit: int = 200,
    search: str = "",
    choice: Choice | None = None,
) -> list[Article]:
    """Articles of a newsletter, newest first; without `triage` those still open. Their bodies are not loaded.

    Candidates of a muted source are not among them. Articles that are in an issue already are: the page marks those.
    """
    wanted = OPEN if triage is None else (_known(triage),)
    chosen = (choice or Choice(words=search)).conditions()
    statement = (
        select(Article)
        .where(Article.newsletter_id == newsletter_id, Article.triage.in_(wanted), is_heard(), *chosen)
        .order_by(_moment().desc(), Article.id.desc())
        .limit(limit)
        .options(*(defer(column) for column in _HEAVY))
    )
    return list(session.scalars(statement).all())


def is_heard() -> ColumnElement[bool]:
    """Whether an article may be shown: candidates of a muted source wait, what an editor touched does not."""
    muted = select(Source.id).where(Source.state == SourceState.MUTED)
    return or_(Article.triage != Triage.CANDIDATE, Article.source_id.is_(None), Article.source_id.not_in(muted))


def languages_of(session: Session, newsletter_id: int) -> list[str]:
    """The languages of the open articles, the commonest first."""
    statement = (
        select(Article.language)
        .where(Article.newsletter_id == newsletter_id, Article.triage.in_(OPEN), Article.language != "")
        .group_by(Article.language)
        .order_by(func.count().desc(), Article.language)
    )
    return list(session.scalars(statement))


def get_article(session: Session, newsletter_id: int, article_id: int) -> Article:
    """An article of this newsletter; `NotFound` for any other."""
    found = session.get(Article, article_id)
    if found is None or found.newsletter_id != newsletter_id:
        raise NotFound(f"This newsletter has no article {article_id}.")
    return found


def _moment() -> ColumnElement[Any]:
    """When it was published, as far as that can be: a date in the future does not stay on top."""
    return func.least(func.coalesce(Article.published_at, Article.created_at), Article.created_at)


def _is_ticked(query: Mapping[str, Any], name: str) -> bool:
    return str(query.get(name) or "").lower() in ("1", "true", "on")


def _known(triage: Triage | str) -> Triage:
    try:
        return Triage(triage)
    except ValueError as error:
        raise Invalid(f"Triage is one of {', '.join(Triage)}.") from error
