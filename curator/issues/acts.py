"""What editors do to candidates: each act once, whoever sends it how often, with what it takes to undo it.

A page shows an act at once and sends it when it can, perhaps minutes later. It says what it saw: when somebody else
changed that meanwhile, nothing is done and the answer says who did what. Undoing is an act too.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.errors import Conflict, CuratorError, Invalid, NotFound
from curator.issues.compose import add_item, current_draft
from curator.issues.edit import restore
from curator.issues.models import Act, Issue, Item, Revision, Section
from curator.issues.revisions import ITEM_MOVED, ITEM_PLACED, latest_revision
from curator.sources.likeness import put_together, set_apart
from curator.sources.models import Article, Source, SourceState, Triage
from curator.sources.triage import get_article


class ActKind(StrEnum):
    """`apart`: not the same story as `others`; `choose`: stands for its story; `mute`: its source is silenced."""

    TRIAGE = "triage"
    PLACE = "place"
    APART = "apart"
    CHOOSE = "choose"
    MUTE = "mute"
    UNDO = "undo"


class Outcome(StrEnum):
    """`same`: it was so already; `conflict`: somebody else was first; `refused`: it cannot be done, see `message`."""

    DONE = "done"
    SAME = "same"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True)
class Wanted:
    """One act. `value`: a triage, the id of a section, or the key of the act to undo. `seen`: what the page showed.

    `others` are articles that tell the same story: they are triaged along, or set apart from this one.
    """

    key: str
    kind: ActKind
    article: int
    value: str = ""
    seen: str | None = None
    others: tuple[int, ...] = ()


@dataclass
class Answer:
    """What became of an act. `articles` is the triage of every article it touched, as it is now."""

    key: str
    article: int
    outcome: Outcome = Outcome.DONE
    message: str = ""
    by: str = ""
    at: str = ""
    place: str | None = None
    articles: dict[str, str] = field(default_factory=dict)


def perform(session: Session, newsletter_id: int, wanted: Wanted, by: str) -> Answer:
    """Do it, unless this key was done before: then the answer is the one given then."""
    claimed = session.scalar(
        insert(Act)
        .values(newsletter_id=newsletter_id, key=wanted.key, kind=wanted.kind, by=by)
        .on_conflict_do_nothing()
        .returning(Act.id)
    )
    if claimed is None:
        done = session.scalars(_act(newsletter_id, wanted.key)).one()
        return Answer(**{**done.answer, "outcome": Outcome(done.answer["outcome"])})
    answer = Answer(wanted.key, wanted.article)
    changes: dict[str, Any] = {}
    try:
        with session.begin_nested():
            changes = _VERBS[wanted.kind](session, newsletter_id, wanted, by, answer)
    except Conflict as error:
        # Only where somebody was first is there a name; a full section or an issue that is gone is nobody's doing.
        answer.outcome = Outcome.CONFLICT if "by" in error.facts else Outcome.REFUSED
        answer.message = error.message
        answer.by, answer.at = error.facts.get("by", ""), error.facts.get("at", "")
        answer.place = error.facts.get("place")
    except CuratorError as error:
        answer.outcome, answer.message = Outcome.REFUSED, error.message
    answer.articles |= _states(session, newsletter_id, {wanted.article, *wanted.others})
    values = {"changes": changes, "answer": asdict(answer)}
    session.execute(update(Act).where(Act.id == claimed).values(values))
    return answer


def _triage(session: Session, newsletter_id: int, wanted: Wanted, by: str, answer: Answer) -> dict[str, Any]:
    """The article, and of those telling its story the ones nobody has looked at."""
    triage = _known(wanted.value)
    article, *others = _locked(session, newsletter_id, wanted.article, wanted.others)
    if article.triage == triage:
        answer.outcome = Outcome.SAME
        return {}
    _refuse_if_triaged(article, wanted.seen, by)
    touched = [article, *(other for other in others if other.triage == Triage.CANDIDATE != triage)]
    return {"triage": [_set(one, triage, by) for one in touched]}


def _place(session: Session, newsletter_id: int, wanted: Wanted, by: str, answer: Answer) -> dict[str, Any]:
    """Into a section of the draft; without a value into the first that has room."""
    draft = current_draft(session, newsletter_id)
    if draft is None:
        raise Invalid("There is no draft to put it in. Make a new issue first.")
    section = _section(draft, wanted.value)
    article = get_article(session, newsletter_id, wanted.article)
    _refuse_if_placed(session, draft, article, wanted.seen, section, by)
    before = latest_revision(session, draft.id)
    add_item(session, draft.id, article.id, section.name, by=by)
    revision = latest_revision(session, draft.id)
    answer.place = section.name
    if revision == before:
        answer.outcome = Outcome.SAME
        return {}
    return {"revision": revision}


def _apart(session: Session, newsletter_id: int, wanted: Wanted, by: str, answer: Answer) -> dict[str, Any]:
    article = get_article(session, newsletter_id, wanted.article)
    pairs = set_apart(session, article.id, wanted.others, by)
    if not pairs:
        answer.outcome = Outcome.SAME
    return {"apart": pairs}


def _choose(session: Session, newsletter_id: int, wanted: Wanted, by: str, answer: Answer) -> dict[str, Any]:
    article, *_ = _locked(session, newsletter_id, wanted.article, ())
    before = article.chosen_at.isoformat() if article.chosen_at else None
    article.chosen_at = func.clock_timestamp()
    session.flush()
    return {"chosen": before, "article": article.id}


def _mute(session: Session, newsletter_id: int, wanted: Wanted, by: str, answer: Answer) -> dict[str, Any]:
    article = get_article(session, newsletter_id, wanted.article)
    source = session.get(Source, article.source_id, with_for_update=True) if article.source_id else None
    if source is None:
        raise Invalid("It came from no source that is watched, so there is nothing to mute.")
    if source.state == SourceState.MUTED:
        answer.outcome = Outcome.SAME
        return {}
    changes = {"source": source.id, "was": source.state.value}
    source.state = SourceState.MUTED
    session.flush()
    return changes


def _undo(session: Session, newsletter_id: int, wanted: Wanted, by: str, answer: Answer) -> dict[str, Any]:
    """Take back what the act with this key changed; what somebody has changed since stays as it is."""
    act = session.scalars(_act(newsletter_id, wanted.value).with_for_update()).one_or_none()
    if act is None:
        raise NotFound("That change never reached us, so there is nothing to undo.")
    if act.undone_at is not None or not act.changes:
        answer.outcome = Outcome.SAME
        return {}
    act.undone_at = func.clock_timestamp()
    changes = act.changes
    _untriage(session, newsletter_id, changes.get("triage", ()), by, answer)
    if revision := changes.get("revision"):
        restore(session, revision, by)
        draft = current_draft(session, newsletter_id)
        answer.place = _place_of(draft, wanted.article) if draft else ""
    put_together(session, changes.get("apart", ()))
    if "chosen" in changes:
        article = get_article(session, newsletter_id, changes["article"])
        article.chosen_at = datetime.fromisoformat(changes["chosen"]) if changes["chosen"] else None
    if "source" in changes:
        source = session.get_one(Source, changes["source"])
        source.state, source.next_fetch_at = SourceState(changes["was"]), func.now()
    session.flush()
    return {}


def _untriage(session: Session, newsletter_id: int, changes: Any, by: str, answer: Answer) -> None:
    before = {number: (was, became) for number, was, became in changes}
    if not before:
        return
    first = next(iter(before))
    for article in _locked(session, newsletter_id, first, tuple(before)[1:]):
        was, became = before[article.id]
        if article.triage == became:
            _set(article, Triage(was), by)
        elif article.id == first:
            _refuse_if_triaged(article, became, by)
        answer.articles[str(article.id)] = article.triage.value
    session.flush()


def _set(article: Article, triage: Triage, by: str) -> tuple[int, str, str]:
    change = (article.id, article.triage.value, triage.value)
    article.triage, article.triaged_at, article.triaged_by = triage, func.clock_timestamp(), by
    return change


def _refuse_if_triaged(article: Article, seen: str | None, by: str) -> None:
    """Whoever sees an old list must not overrule a colleague without knowing. Oneself one may."""
    if seen is None or article.triage == seen or article.triaged_by in ("", by):
        return
    raise Conflict(
        _DONE[article.triage], by=article.triaged_by, at=article.triaged_at.isoformat() if article.triaged_at else ""
    )


def _refuse_if_placed(
    session: Session, draft: Issue, article: Article, seen: str | None, section: Section, by: str
) -> None:
    if seen is None:
        return
    placed = _place_of(draft, article.id)
    if placed in (seen, section.name, ""):
        return
    last = session.scalars(
        select(Revision)
        .join(Item, Item.id == Revision.item_id)
        .where(Item.issue_id == draft.id, Item.article_id == article.id)
        .where(Revision.field.in_((ITEM_PLACED, ITEM_MOVED)))
        .order_by(Revision.id.desc())
        .limit(1)
    ).first()
    if last is not None and last.by != by:
        raise Conflict(f"put it in {placed}", by=last.by, at=last.at.isoformat(), place=placed)


def _place_of(draft: Issue, article_id: int) -> str:
    return {item.article_id: one.name for one in draft.sections for item in one.items}.get(article_id, "")


def _section(draft: Issue, value: str) -> Section:
    if not value:
        rooms = (one for one in draft.sections if one.maximum is None or len(one.items) < one.maximum)
        return next(rooms, draft.sections[-1])
    section = next((one for one in draft.sections if str(one.id) == value), None)
    if section is None:
        raise NotFound("That section is not in the draft any more. Load the page again.")
    return section


def _locked(session: Session, newsletter_id: int, article_id: int, others: tuple[int, ...]) -> list[Article]:
    """The article first, then those of `others` that are this newsletter's; locked in the order of their ids."""
    statement = (
        select(Article)
        .where(Article.newsletter_id == newsletter_id, Article.id.in_({article_id, *others}))
        .order_by(Article.id)
        .with_for_update(of=Article)
        .execution_options(populate_existing=True)
    )
    found = {article.id: article for article in session.scalars(statement)}
    if article_id not in found:
        raise NotFound(f"This newsletter has no article {article_id}.")
    return [found.pop(article_id), *found.values()]


def _states(session: Session, newsletter_id: int, ids: set[int]) -> dict[str, str]:
    session.flush()
    rows = session.execute(
        select(Article.id, Article.triage).where(Article.newsletter_id == newsletter_id, Article.id.in_(ids))
    )
    return {str(number): triage.value for number, triage in rows}


def _act(newsletter_id: int, key: str) -> Any:
    statement = select(Act).where(Act.newsletter_id == newsletter_id, Act.key == key)
    return statement.execution_options(populate_existing=True)


def _known(value: str) -> Triage:
    if value not in (Triage.CANDIDATE, Triage.STARRED, Triage.LATER, Triage.DISMISSED):
        raise Invalid(f"“{value[:40]}” is not one of candidate, starred, later, dismissed.")
    return Triage(value)


_DONE = {
    Triage.CANDIDATE: "put it back among the candidates",
    Triage.STARRED: "starred it",
    Triage.LATER: "kept it for later",
    Triage.DISMISSED: "dismissed it",
    Triage.EXPIRED: "left it to expire",
}
"""What the other editor did, after her name."""

_VERBS = {
    ActKind.TRIAGE: _triage,
    ActKind.PLACE: _place,
    ActKind.APART: _apart,
    ActKind.CHOOSE: _choose,
    ActKind.MUTE: _mute,
    ActKind.UNDO: _undo,
}
