"""Proposals of a language model: asked for by an editor, answered in the background, used or put away by a person.

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
from curator.issues.proposal_answers import Offer
from curator.issues.proposal_prompts import Kind
from curator.issues.proposal_sources import lines_for
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


class Proposal(Base):
    """One question and what came of it. `lines` are the numbered sentences that were sent, `offers` what was answered.

    `used` has, per field the words went into, the hash of the text that then stood there (see model_words.py).
    """

    __tablename__ = "proposal"
    __table_args__ = (
        # Asking again while an answer is waited for finds the row: the model is asked once.
        Index(
            "uq_proposal_open",
            "issue_id",
            "item_id",
            "kind",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("stage IN ('asked', 'asking')"),
        ),
        Index("ix_proposal_issue", "issue_id", "id"),
        Index("ix_proposal_by", "by", "asked_at"),
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


def ask_for(session: Session, issue_id: int, item_id: int | None, kind: Kind, by: str, settings: Settings) -> Proposal:
    """Have a model propose words for an item, or the issue's subject; what is waited for already is found, not asked.

    `Invalid` without a model, without sentences to draw on, or when somebody had their share of this hour.
    """
    if not settings.model_address:
        raise Invalid("No language model is set up here. CURATOR_MODEL_ADDRESS names one.")
    if (kind is Kind.SUBJECT) != (item_id is None):
        raise Invalid("A subject is proposed for an issue, a blurb and a translation for an item.")
    issue = lock_draft(session, issue_id)
    target = _target(issue.id, item_id, kind)
    waiting = session.scalar(select(Proposal).where(*target, Proposal.stage.in_(OPEN)))
    if waiting is not None:
        return waiting
    lines = lines_for(session, issue, item_id, kind)
    _refuse_too_many(session, issue.id, by, settings)
    shown = Proposal.stage.in_((Stage.READY, Stage.FAILED))
    session.execute(update(Proposal).where(*target, shown).values(stage=Stage.PUT_AWAY))
    asked = Proposal(issue_id=issue.id, item_id=item_id, kind=kind, stage=Stage.ASKED, lines=lines, by=by)
    session.add(asked)
    session.flush()
    ring(session, "issues.propose")
    return asked


def take_asked(session: Session, seconds: float, most: int, *, is_asking: bool = False) -> list[int]:
    """Rows to ask the model about now, for `seconds`; none while another process is asking: it sees new ones itself.

    `is_asking` says that the caller is that process.
    """
    session.execute(select(func.pg_advisory_xact_lock(_ASK_LOCK)))
    now = func.clock_timestamp()
    others = exists().where(Proposal.stage == Stage.ASKING, Proposal.taken_until > now)
    if most < 1 or (not is_asking and session.scalar(select(others))):
        return []
    ids = select(Proposal.id).where(Proposal.stage == Stage.ASKED).order_by(Proposal.id).limit(most)
    taken = (
        update(Proposal)
        .where(Proposal.id.in_(ids))
        .values(stage=Stage.ASKING, taken_until=now + timedelta(seconds=seconds))
        .returning(Proposal.id)
    )
    return sorted(session.scalars(taken))


def keep_offers(session: Session, proposal_id: int, offers: Sequence[Offer]) -> bool:
    """Keep what the model answered; False when nobody waits for it any more."""
    return _settle(session, proposal_id, stage=Stage.READY, offers=[offer.facts() for offer in offers])


def fail(session: Session, proposal_id: int, reason: str) -> bool:
    """Say why there is nothing; False when nobody waits for it any more."""
    return _settle(session, proposal_id, stage=Stage.FAILED, reason=reason)


def give_up(session: Session) -> bool:
    """Fail what a stopped worker left, and what no worker took. Whether something still waits to be asked."""
    now = func.clock_timestamp()
    values = {"stage": Stage.FAILED, "settled_at": now}
    left = (Proposal.stage == Stage.ASKING) & (Proposal.taken_until < now)
    stopped = "The worker that asked the model was stopped. Ask again."
    session.execute(update(Proposal).where(left).values(**values, reason=stopped))
    late = (Proposal.stage == Stage.ASKED) & (Proposal.asked_at < now - GIVEN_UP_AFTER)
    nobody = "No worker had time for it within five minutes. Ask again, or write it yourself."
    session.execute(update(Proposal).where(late).values(**values, reason=nobody))
    return bool(session.scalar(select(exists().where(Proposal.stage == Stage.ASKED))))


def put_away(session: Session, issue_id: int, proposal_id: int) -> Proposal:
    """Cancel what is waited for, or take away what is shown. An answer that comes later is not kept."""
    issue = lock_draft(session, issue_id)
    proposal = _of_issue(session, issue, proposal_id)
    if proposal.stage is not Stage.USED:
        proposal.stage, proposal.settled_at = Stage.PUT_AWAY, func.clock_timestamp()
        session.flush()
    return proposal


def use_offer(session: Session, issue_id: int, proposal_id: int, number: int, by: str) -> Proposal:
    """Put the words of offer `number` (0 first) into their fields: ordinary changes that the history can reverse."""
    issue = lock_draft(session, issue_id)
    proposal = _of_issue(session, issue, proposal_id)
    if proposal.stage is not Stage.READY or not 0 <= number < len(proposal.offers):
        raise Conflict("That proposal is not there any more. Ask for another.")
    used = {}
    words_of = proposal.offers[number]["words"]
    for field in sorted(words_of, reverse=True):  # the title before the blurb
        words = words_of[field]
        used[field] = hash_of(_put(session, issue, proposal.item_id, field, words, by))
    proposal.used = {"offer": number, "fields": used}
    proposal.stage, proposal.settled_at = Stage.USED, func.clock_timestamp()
    session.flush()
    return proposal


def hash_of(words: str) -> str:
    """By which the text of a field is known to be untouched."""
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def forget_proposals(session: Session) -> None:
    """Delete what was never used, after a month."""
    old = Proposal.asked_at < func.now() - KEPT
    session.execute(delete(Proposal).where(old, Proposal.stage != Stage.USED))


def shown_proposals(session: Session, issue_id: int) -> list[Proposal]:
    """What is waited for, to be judged, or failed, of an issue."""
    shown = (*OPEN, Stage.READY, Stage.FAILED)
    statement = select(Proposal).where(Proposal.issue_id == issue_id, Proposal.stage.in_(shown))
    return list(session.scalars(statement.order_by(Proposal.id).execution_options(populate_existing=True)))


def last_proposed(session: Session, issue_id: int) -> str:
    """A stamp that changes with everything that happens to the proposals of an issue."""
    statement = select(func.max(Proposal.id), func.max(Proposal.taken_until), func.max(Proposal.settled_at))
    facts = session.execute(statement.where(Proposal.issue_id == issue_id)).one()
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


def _settle(session: Session, proposal_id: int, **values: Any) -> bool:
    waited_for = update(Proposal).where(Proposal.id == proposal_id, Proposal.stage == Stage.ASKING)
    settled = waited_for.values(**values, settled_at=func.clock_timestamp()).returning(Proposal.id)
    return session.scalar(settled) is not None


def _target(issue_id: int, item_id: int | None, kind: Kind) -> tuple[Any, ...]:
    is_item = Proposal.item_id.is_not_distinct_from(item_id)
    return Proposal.issue_id == issue_id, is_item, Proposal.kind == kind


def _of_issue(session: Session, issue: Issue, proposal_id: int) -> Proposal:
    proposal = session.get(Proposal, proposal_id, populate_existing=True)
    if proposal is None or proposal.issue_id != issue.id:
        raise NotFound("There is no such proposal for this issue.")
    if proposal.item_id is not None:
        item = session.get(Item, proposal.item_id)
        if item is None or item.issue_id != issue.id:
            raise NotFound("That item is not in the issue any more. The history can put it back.")
    return proposal


def _refuse_too_many(session: Session, issue_id: int, by: str, settings: Settings) -> None:
    """A key held down must not burn money: one person, and one issue, have so many an hour."""
    hour = Proposal.asked_at > func.clock_timestamp() - timedelta(hours=1)
    for whose, mine in (
        ("You", Proposal.by == by),
        ("For this issue you and others", Proposal.issue_id == issue_id),
    ):
        count = session.scalar(select(func.count()).select_from(Proposal).where(hour, mine)) or 0
        if count >= settings.model_hourly:
            raise Invalid(
                f"{whose} asked for {count} proposals within an hour, which is as many as are allowed. "
                "Write this one yourself, or come back later."
            )
