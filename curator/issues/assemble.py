"""Filling a draft from the starred articles: minimums first, each article where its site usually stands. Idempotent.

Only what was never placed or published is taken; sponsored sections, and others with a label, are left to people.
Nothing is moved or removed, so running it again adds only what a person could add.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.issues.compose import add_item, get_issue, lock_draft
from curator.issues.models import Issue, IssueState, Item, Section
from curator.issues.pieces import Gap, gaps_of
from curator.issues.seen import seen_before
from curator.sources.models import Article, Triage
from curator.sources.triage import candidates

BY = "Curator"
"""Who placed what no person placed, in the history."""


@dataclass(frozen=True)
class Star:
    """A starred article that may be placed."""

    article_id: int
    title: str
    site: str


@dataclass
class Room:
    """A section and how many items it has; `maximum` None is no limit."""

    name: str
    count: int
    minimum: int
    maximum: int | None

    def has_room(self) -> bool:
        """Whether one more fits."""
        return self.maximum is None or self.count < self.maximum

    def is_wanting(self) -> bool:
        """Whether it has fewer than it wants."""
        return self.count < self.minimum


@dataclass(frozen=True)
class Assembly:
    """What was done: titles with their sections, titles of stars that did not fit, and what is still wanted."""

    placed: tuple[tuple[str, str], ...]
    left_over: tuple[str, ...]
    gaps: tuple[Gap, ...]


def assign(stars: Sequence[Star], rooms: Sequence[Room], usual: Mapping[str, str]) -> list[tuple[Star, str]]:
    """Which star goes into which section, in the order they are placed. Pure; counts in `rooms` follow.

    `usual` has the section where a site (casefolded) stood most often. Minimums come first: with stars that usually
    stand there, then with those at home nowhere, then with any. What is left goes home, or where there is room.
    """
    by_name = {room.name: room for room in rooms}
    waiting = list(stars)
    placed: list[tuple[Star, str]] = []

    def home(star: Star) -> Room | None:
        return by_name.get(usual.get(star.site.casefold(), ""))

    def put(star: Star, room: Room) -> None:
        room.count += 1
        waiting.remove(star)
        placed.append((star, room.name))

    for room in rooms:
        for star in [star for star in waiting if home(star) is room]:
            if room.is_wanting():
                put(star, room)
    for room in rooms:
        for star in sorted(waiting, key=lambda star: home(star) is not None):
            if room.is_wanting():
                put(star, room)
    for star in list(waiting):
        own = home(star)
        choices = ([own] if own else []) + list(rooms)
        if found := next((room for room in choices if room.has_room()), None):
            put(star, found)
    return placed


def assemble(session: Session, issue_id: int, by: str = BY) -> Assembly:
    """Place the newsletter's stars in this draft; `Conflict` when it is no draft any more."""
    issue = get_issue(session, lock_draft(session, issue_id).id)
    stars = free_stars(session, issue)
    rooms = [Room(s.name, len(s.items), s.minimum, s.maximum) for s in issue.sections if not s.label]
    chosen = assign(stars, rooms, _usual_sections(session, issue.newsletter_id))
    for star, section in chosen:
        add_item(session, issue.id, star.article_id, section, by=by)
    session.flush()
    fits = {star.article_id for star, _ in chosen}
    return Assembly(
        placed=tuple((star.title, section) for star, section in chosen),
        left_over=tuple(star.title for star in stars if star.article_id not in fits),
        gaps=tuple(gaps_of(get_issue(session, issue_id))),
    )


def free_stars(session: Session, issue: Issue) -> list[Star]:
    """Starred articles that stand in no issue and were never published, at whatever address; newest first."""
    articles = candidates(session, issue.newsletter_id, Triage.STARRED)
    placed = _placed(session, issue.newsletter_id, (article.id for article in articles))
    published = seen_before(session, issue.newsletter_id, articles)
    return [
        Star(article.id, article.title, article.site)
        for article in articles
        if article.id not in placed and article.id not in published
    ]


def _placed(session: Session, newsletter_id: int, article_ids: Iterable[int]) -> set[int]:
    statement = (
        select(Item.article_id)
        .join(Article, Article.id == Item.article_id)
        .where(Article.newsletter_id == newsletter_id, Item.article_id.in_(list(article_ids)))
    )
    return {article_id for article_id in session.scalars(statement) if article_id is not None}


def _usual_sections(session: Session, newsletter_id: int) -> dict[str, str]:
    """Per site, the section of past issues in which it stood most often."""
    often = func.count().label("often")
    statement = (
        select(func.lower(Item.site), Section.name, often)
        .join(Section, Section.id == Item.section_id)
        .join(Issue, Issue.id == Item.issue_id)
        .where(Issue.newsletter_id == newsletter_id, Issue.state != IssueState.DRAFT, Item.site != "")
        .group_by(func.lower(Item.site), Section.name)
        .order_by(often, Section.name)
    )
    return {site: name for site, name, _ in session.execute(statement)}
