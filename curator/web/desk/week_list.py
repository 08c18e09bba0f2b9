"""The list of This week: which articles, each story once with the others behind it, in the order asked for, and why.

Reads only, with the same number of questions to the database however many articles there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from curator.issues.models import Issue
from curator.reports.picks import count_picks, source_name, taste_of
from curator.reports.taste import ENOUGH, Judged, Learned, words_of
from curator.sources.likeness import likes_of, stories
from curator.sources.models import Article, CapturedBy, Triage
from curator.sources.triage import OPEN, Choice, candidates, is_heard
from curator.web.desk.finds import Find, load_finds, places_of

SHOWN = 500
LISTS: dict[str, Triage | None] = {
    "candidates": None,
    "starred": Triage.STARRED,
    "later": Triage.LATER,
    "dismissed": Triage.DISMISSED,
    "expired": Triage.EXPIRED,
}
ORDERS = ("suggested", "newest", "source")


@dataclass(frozen=True)
class WeekList:
    """What is shown. `learning`: how many picks there are of those it takes, None when that is enough.

    `is_cut`: there are older ones that are not shown.
    """

    finds: list[Find]
    is_cut: bool
    learning: tuple[int, int] | None


def week_list(
    session: Session, newsletter_id: int, draft: Issue | None, show: str, choice: Choice, order: str
) -> WeekList:
    """The articles of a list, at most 500: the newest that were chosen, then put in order."""
    articles = candidates(session, newsletter_id, LISTS[show], limit=SHOWN + 1, choice=choice)
    is_cut = len(articles) > SHOWN
    finds = _stories(session, newsletter_id, draft, articles[:SHOWN], show)
    taste = taste_of(session, newsletter_id)
    if order == "suggested":
        _judge(finds, taste)
        finds.sort(key=lambda find: -find.judged.score if find.judged else 0.0)
    elif order == "source":
        finds.sort(key=lambda find: (find.article.site or "\U0010ffff").casefold())
    picks = min(count_picks(session, newsletter_id), ENOUGH) if taste.is_learning else ENOUGH
    return WeekList(finds, is_cut, (picks, ENOUGH) if taste.is_learning else None)


def find_story(
    session: Session, newsletter_id: int, draft: Issue | None, article: Article, *, standing: bool = False
) -> Find:
    """One article with the others of its story, as the list of its triage has them; `standing`: the one shown there."""
    show = next((name for name, triage in LISTS.items() if triage == article.triage), "candidates")
    show = "candidates" if article.triage in OPEN else show
    near = _around(session, newsletter_id, {article.id}, show)
    near |= _around(session, newsletter_id, {article.id, *near}, show)
    story = _best_first(list({**near, article.id: article}.values()), places_of(draft))
    first = story[0] if standing else article
    found = load_finds(session, newsletter_id, [first], draft)[0]
    found.others = [one for one in story if one.id != first.id]
    return found


def _stories(
    session: Session, newsletter_id: int, draft: Issue | None, articles: Sequence[Article], show: str
) -> list[Find]:
    """The story's place in the list is that of its first article; the one that stands for it may be another."""
    known = {article.id: article for article in articles}
    likes = likes_of(session, known.keys())
    known |= _load(session, newsletter_id, {other for _, other in likes} - known.keys(), show)
    pairs = [(one, other) for one, other in likes if other in known]
    placed = places_of(draft)
    groups = [_best_first([known[n] for n in group], placed) for group in stories(list(known), pairs)]
    finds = load_finds(session, newsletter_id, [group[0] for group in groups], draft)
    for find, group in zip(finds, groups, strict=True):
        find.others = group[1:]
    return finds


def _best_first(articles: list[Article], placed: dict[int, str]) -> list[Article]:
    """An editor's choice, else what is in the draft, starred, free to read, longest, first."""
    never = datetime.min.replace(tzinfo=UTC)

    def rank(article: Article) -> tuple[Any, ...]:
        return (
            article.chosen_at or never,
            article.id in placed,
            article.triage == Triage.STARRED,
            article.is_free is True,
            article.is_free is not False,
            article.words,
            -article.id,
        )

    return sorted(articles, key=rank, reverse=True)


def _around(session: Session, newsletter_id: int, ids: Iterable[int], show: str) -> dict[int, Article]:
    return _load(session, newsletter_id, {other for _, other in likes_of(session, set(ids))}, show)


def _load(session: Session, newsletter_id: int, ids: set[int], show: str) -> dict[int, Article]:
    triage = LISTS[show]
    wanted = (triage,) if triage else OPEN
    statement = (
        select(Article)
        .where(Article.id.in_(ids), Article.newsletter_id == newsletter_id, Article.triage.in_(wanted), is_heard())
        .options(defer(Article.body_html), defer(Article.body_text), defer(Article.sketch), defer(Article.lead))
    )
    return {article.id: article for article in session.scalars(statement)} if ids else {}


def _judge(finds: list[Find], taste: Learned) -> None:
    now = datetime.now(UTC)
    for find in finds:
        judged = [_judged(article, taste, now) for article in (find.article, *find.others)]
        find.judged = max(judged, key=lambda one: one.score)


def _judged(article: Article, taste: Learned, now: datetime) -> Judged:
    words = () if taste.is_learning else words_of(article.title, article.summary, " ".join(article.tags))
    is_found = article.captured_by == CapturedBy.FEED  # what a person brings in is new, however old it is
    at = min(article.published_at or article.created_at, article.created_at) if is_found else article.created_at
    days = (now - at).total_seconds() / 86_400
    return taste.judge(words, source_name(article.source_id, article.site), days)
