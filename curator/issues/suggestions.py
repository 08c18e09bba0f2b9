"""Suggestions of a language model: asked for by an editor, answered in the background, used or put away by a person.

The row is the queue. An answer is kept only while it is waited for, so whoever cancels has cancelled. A model is asked
once for each row: when the worker that asked was stopped, the row fails in plain words and the editor asks again.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import Text

from curator.db.base import Base, Id, states
from curator.doorbell import ring
from curator.errors import Conflict, Invalid, NotFound
from curator.issues.compose import get_item, lock_draft
from curator.issues.edit import edit_issue, edit_item
from curator.issues.markdown import from_text
from curator.issues.models import Issue, Item
from curator.issues.suggestion_answers import Offer
from curator.issues.suggestion_prompts import Kind
from curator.issues.suggestion_sources import lines_for
from curator.settings import Settings

_ASK_LOCK = 0x776F7264  # one process asks at a time
GIVEN_UP_AFTER = timedelta(minutes=5)
"""A row no worker took by then fails: nobody should wait for a worker that is not there."""

KEPT = timedelta(days=30)


class Stage(StrEnum):
    """`asked` waits for a worker, `asking` for the model; `put_away` was cancelled, refused or replaced by another."""

    ASKED = "asked"
    ASKING = "asking"
    READY = "ready"
    FAILED = "failed"
    USED = "used"
    PUT_AWAY = "put_away"


OPEN = (Stage.ASKED, Stage.ASKING)


class Suggestion(Base):
    """One question and what came of it. `lines` are the numbered sentences that were sent, `offers` what was answered.

    `used` has, per field the words went into, the hash of the text that then stood there (see model_words.py).
    """

    __tablename__ = "suggestion"
    __table_args__ = (
        # Asking again while an answer is waited for finds the row: the model is asked once.
        Index(
            "uq_suggestion_open",
            "issue_id",
            "item_id",
            "kind",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("stage IN ('asked', 'asking')"),
        ),
        Index("ix_suggestion_issue", "issue_id", "id"),
        Index("ix_suggestion_by", "by", "asked_at"),
    )

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"))
    item_id: Mapped[int | None]  # no foreign key: an item that is removed and put back finds its words' source again
    kind: Mapped[Kind] = mapped_column(states(Kind))
    stage: Mapped[Stage] = mapped_column(states(Stage), server_default=Stage.ASKED)
    lines: Mapped[list[str]] = mapped_column(ARRAY(Text))
    offers: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")
    reason: Mapped[str] = mapped_column(server_default="")
    by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    taken_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    used: Mapped[dict[str, Any]] = mapped_column(server_default="{}")

    @property
    def is_open(self) -> bool:
        """Whether an answer is still waited for."""
        return self.stage in OPEN


def ask_for(
    session: Session, issue_id: int, item_id: int | None, kind: Kind, by: str, settings: Settings
) -> Suggestion:
    """Have a model suggest words for an item, or the issue's subject; what is waited for already is found, not asked.

    `Invalid` without a model, without sentences to draw on, or when somebody had their share of this hour.
    """
    if not settings.model_address:
        raise Invalid("No language model is set up here. CURATOR_MODEL_ADDRESS names one.")
    if (kind is Kind.SUBJECT) != (item_id is None):
        raise Invalid("A subject is suggested for an issue, a blurb and a translation for an item.")
    issue = lock_draft(session, issue_id)
    target = _target(issue.id, item_id, kind)
    waiting = session.scalar(select(Suggestion).where(*target, Suggestion.stage.in_(OPEN)))
    if waiting is not None:
        return waiting
    lines = lines_for(session, issue, item_id, kind)
    _refuse_too_many(session, issue.id, by, settings)
    shown = Suggestion.stage.in_((Stage.READY, Stage.FAILED))
    session.execute(update(Suggestion).where(*target, shown).values(stage=Stage.PUT_AWAY))
    asked = Suggestion(issue_id=issue.id, item_id=item_id, kind=kind, stage=Stage.ASKED, lines=lines, by=by)
    session.add(asked)
    session.flush()
    ring(session, "issues.suggest")
    return asked


def take_asked(session: Session, seconds: float, most: int, *, is_asking: bool = False) -> list[int]:
    """Rows to ask the model about now, for `seconds`; none while another process is asking: it sees new ones itself.

    `is_asking` says that the caller is that process.
    """
    session.execute(select(func.pg_advisory_xact_lock(_ASK_LOCK)))
    now = func.clock_timestamp()
    others = exists().where(Suggestion.stage == Stage.ASKING, Suggestion.taken_until > now)
    if most < 1 or (not is_asking and session.scalar(select(others))):
        return []
    ids = select(Suggestion.id).where(Suggestion.stage == Stage.ASKED).order_by(Suggestion.id).limit(most)
    taken = (
        update(Suggestion)
        .where(Suggestion.id.in_(ids))
        .values(stage=Stage.ASKING, taken_until=now + timedelta(seconds=seconds))
        .returning(Suggestion.id)
    )
    return sorted(session.scalars(taken))


def keep_offers(session: Session, suggestion_id: int, offers: Sequence[Offer]) -> bool:
    """Keep what the model answered; False when nobody waits for it any more."""
    return _settle(session, suggestion_id, stage=Stage.READY, offers=[offer.facts() for offer in offers])


def fail(session: Session, suggestion_id: int, reason: str) -> bool:
    """Say why there is nothing; False when nobody waits for it any more."""
    return _settle(session, suggestion_id, stage=Stage.FAILED, reason=reason)


def give_up(session: Session) -> bool:
    """Fail what a stopped worker left, and what no worker took. Whether something still waits to be asked."""
    now = func.clock_timestamp()
    values = {"stage": Stage.FAILED, "settled_at": now}
    left = (Suggestion.stage == Stage.ASKING) & (Suggestion.taken_until < now)
    stopped = "The worker that asked the model was stopped. Ask again."
    session.execute(update(Suggestion).where(left).values(**values, reason=stopped))
    late = (Suggestion.stage == Stage.ASKED) & (Suggestion.asked_at < now - GIVEN_UP_AFTER)
    nobody = "No worker had time for it within five minutes. Ask again, or write it yourself."
    session.execute(update(Suggestion).where(late).values(**values, reason=nobody))
    return bool(session.scalar(select(exists().where(Suggestion.stage == Stage.ASKED))))


def put_away(session: Session, issue_id: int, suggestion_id: int) -> Suggestion:
    """Cancel what is waited for, or take away what is shown. An answer that comes later is not kept."""
    issue = lock_draft(session, issue_id)
    suggestion = _of_issue(session, issue, suggestion_id)
    if suggestion.stage is not Stage.USED:
        suggestion.stage, suggestion.settled_at = Stage.PUT_AWAY, func.clock_timestamp()
        session.flush()
    return suggestion


def use_offer(session: Session, issue_id: int, suggestion_id: int, number: int, by: str) -> Suggestion:
    """Put the words of offer `number` (0 first) into their fields: ordinary changes that the history can reverse."""
    issue = lock_draft(session, issue_id)
    suggestion = _of_issue(session, issue, suggestion_id)
    if suggestion.stage is not Stage.READY or not 0 <= number < len(suggestion.offers):
        raise Conflict("That suggestion is not there any more. Ask for another.")
    used = {}
    words_of = suggestion.offers[number]["words"]
    for field in sorted(words_of, reverse=True):  # the title before the blurb
        words = words_of[field]
        used[field] = hash_of(_put(session, issue, suggestion.item_id, field, words, by))
    suggestion.used = {"offer": number, "fields": used}
    suggestion.stage, suggestion.settled_at = Stage.USED, func.clock_timestamp()
    session.flush()
    return suggestion


def hash_of(words: str) -> str:
    """By which the text of a field is known to be untouched."""
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def forget_suggestions(session: Session) -> None:
    """Delete what was never used, after a month."""
    old = Suggestion.asked_at < func.now() - KEPT
    session.execute(delete(Suggestion).where(old, Suggestion.stage != Stage.USED))


def shown_suggestions(session: Session, issue_id: int) -> list[Suggestion]:
    """What is waited for, to be judged, or failed, of an issue."""
    shown = (*OPEN, Stage.READY, Stage.FAILED)
    statement = select(Suggestion).where(Suggestion.issue_id == issue_id, Suggestion.stage.in_(shown))
    return list(session.scalars(statement.order_by(Suggestion.id).execution_options(populate_existing=True)))


def last_suggested(session: Session, issue_id: int) -> str:
    """A stamp that changes with everything that happens to the suggestions of an issue."""
    statement = select(func.max(Suggestion.id), func.max(Suggestion.taken_until), func.max(Suggestion.settled_at))
    facts = session.execute(statement.where(Suggestion.issue_id == issue_id)).one()
    return " ".join(str(fact) for fact in facts if fact is not None)


def _put(session: Session, issue: Issue, item_id: int | None, field: str, words: str, by: str) -> str:
    """The text that stands in the field afterwards. Blurbs are Markdown: there the words print literally."""
    if item_id is None:
        edit_issue(session, issue.id, field, words, issue.version, by)
        return str(getattr(issue, field))
    item = get_item(session, item_id)
    session.refresh(item)
    edit_item(session, item.id, field, from_text(words) if field == "blurb" else words, item.version, by)
    return str(getattr(item, field))


def _settle(session: Session, suggestion_id: int, **values: Any) -> bool:
    waited_for = update(Suggestion).where(Suggestion.id == suggestion_id, Suggestion.stage == Stage.ASKING)
    settled = waited_for.values(**values, settled_at=func.clock_timestamp()).returning(Suggestion.id)
    return session.scalar(settled) is not None


def _target(issue_id: int, item_id: int | None, kind: Kind) -> tuple[Any, ...]:
    is_item = Suggestion.item_id.is_not_distinct_from(item_id)
    return Suggestion.issue_id == issue_id, is_item, Suggestion.kind == kind


def _of_issue(session: Session, issue: Issue, suggestion_id: int) -> Suggestion:
    suggestion = session.get(Suggestion, suggestion_id, populate_existing=True)
    if suggestion is None or suggestion.issue_id != issue.id:
        raise NotFound("There is no such suggestion for this issue.")
    if suggestion.item_id is not None:
        item = session.get(Item, suggestion.item_id)
        if item is None or item.issue_id != issue.id:
            raise NotFound("That item is not in the issue any more. The history can put it back.")
    return suggestion


def _refuse_too_many(session: Session, issue_id: int, by: str, settings: Settings) -> None:
    """A key held down must not burn money: one person, and one issue, have so many an hour."""
    hour = Suggestion.asked_at > func.clock_timestamp() - timedelta(hours=1)
    for whose, mine in (
        ("You", Suggestion.by == by),
        ("For this issue you and others", Suggestion.issue_id == issue_id),
    ):
        count = session.scalar(select(func.count()).select_from(Suggestion).where(hour, mine)) or 0
        if count >= settings.model_hourly:
            raise Invalid(
                f"{whose} asked for {count} suggestions within an hour, which is as many as are allowed. "
                "Write this one yourself, or come back later."
            )
