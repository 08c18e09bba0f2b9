"""Approval of an issue by a second person, bound to what it says: any later change, of anything readers see, voids it.

Nobody approves what they submitted. Of several who decide at once, the first one does; the others are told.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from curator.db.base import Base, Id, states
from curator.errors import CheckFailed, Conflict, Forbidden, Invalid, NotFound
from curator.issues.compose import get_issue, lock_draft
from curator.issues.content import load_content
from curator.issues.models import Item, Revision
from curator.issues.revisions import FIELD_NAMES, latest_revision
from curator.issues.text import clean_text


class ApprovalState(StrEnum):
    """`waiting` for a decision; `withdrawn` when it was submitted anew before anybody decided."""

    WAITING = "waiting"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    WITHDRAWN = "withdrawn"


class Approval(Base):
    """One submission of an issue and what became of it. `content_hash` is what was submitted."""

    __tablename__ = "approval"
    # One submission waits at a time.
    __table_args__ = (
        Index("uq_approval_waiting", "issue_id", unique=True, postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"), index=True)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    revision_id: Mapped[int | None]  # the newest change it includes
    state: Mapped[ApprovalState] = mapped_column(states(ApprovalState), server_default=ApprovalState.WAITING)
    submitted_by: Mapped[str]
    submitted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    word: Mapped[str] = mapped_column(server_default="")


@dataclass(frozen=True)
class Standing:
    """Where an issue stands. `changes` names what is different from what was submitted; empty when nothing is."""

    is_needed: bool
    latest: Approval | None
    changes: tuple[str, ...]

    @property
    def is_approved(self) -> bool:
        """Whether what would be sent now was approved."""
        return self.latest is not None and self.latest.state is ApprovalState.APPROVED and not self.changes

    @property
    def is_waiting(self) -> bool:
        """Whether somebody may decide now."""
        return self.latest is not None and self.latest.state is ApprovalState.WAITING and not self.changes

    @property
    def in_words(self) -> str:
        """Where it stands, and what to do."""
        if self.latest is None:
            return "A second person has to approve it first. Submit it for approval."
        changed = ", ".join(self.changes)
        match self.latest.state:
            case ApprovalState.APPROVED if self.changes:
                return f"The approval is void: changed since are {changed}. Submit it again."
            case ApprovalState.APPROVED:
                return f"Approved by {self.latest.decided_by}."
            case ApprovalState.WAITING if self.changes:
                return f"Changed after it was submitted: {changed}. Submit it again."
            case ApprovalState.WAITING:
                return f"Submitted by {self.latest.submitted_by}; somebody else has to approve it."
            case ApprovalState.SENT_BACK:
                return f"Sent back by {self.latest.decided_by}: “{self.latest.word}” Change it and submit it again."
            case _:
                return "It was withdrawn. Submit it for approval."


def standing(session: Session, issue_id: int) -> Standing:
    """Where the issue stands with its approval, held against its content now."""
    issue = get_issue(session, issue_id)
    statement = select(Approval).where(Approval.issue_id == issue_id).order_by(Approval.id.desc()).limit(1)
    latest = session.scalar(statement.execution_options(populate_existing=True))
    changes = () if latest is None else _changes(session, latest)
    return Standing(issue.newsletter.needs_approval, latest, changes)


def submit(session: Session, issue_id: int, by: str) -> Approval:
    """Ask for approval of the issue as it is now, in place of what was asked before."""
    issue = lock_draft(session, issue_id)
    now = standing(session, issue.id)
    if now.is_waiting or now.is_approved:
        raise Conflict(f"Nothing changed since it was submitted. {now.in_words}")
    waiting = select(Approval).where(Approval.issue_id == issue.id, Approval.state == ApprovalState.WAITING)
    for earlier in session.scalars(waiting):
        earlier.state = ApprovalState.WITHDRAWN
    session.flush()
    content = load_content(session, issue.id)
    approval = Approval(
        issue_id=issue.id,
        content_hash=content.content_hash,
        revision_id=latest_revision(session, issue.id),
        submitted_by=by,
    )
    session.add(approval)
    session.flush()
    return approval


def decide(session: Session, approval_id: int, by: str, *, is_approved: bool, word: str = "") -> Approval:
    """Approve what was submitted, or send it back with a word. Refused once the issue is not what was submitted."""
    approval = session.get(Approval, approval_id)
    if approval is None:
        raise NotFound("There is no such submission.")
    lock_draft(session, approval.issue_id)
    session.refresh(approval)
    if approval.state is not ApprovalState.WAITING:
        done = approval.state.value.replace("_", " ")
        raise Conflict(f"This was decided already: it is {done}.", state=approval.state.value)
    if approval.submitted_by == by:
        raise Forbidden("You submitted this yourself. Somebody else has to approve it.")
    if is_approved and (changes := _changes(session, approval)):
        raise Conflict(f"Not approved: changed after it was submitted are {', '.join(changes)}. Ask for a new one.")
    word = clean_text(word, limit=2_000, what="Your word").strip()
    if not is_approved and not word:
        raise Invalid("Say in a word what has to change.", field="word")
    approval.state = ApprovalState.APPROVED if is_approved else ApprovalState.SENT_BACK
    approval.decided_by, approval.decided_at, approval.word = by, func.clock_timestamp(), word
    session.flush()
    session.refresh(approval)
    return approval


def refuse_unapproved(session: Session, issue_id: int) -> None:
    """`CheckFailed` when the newsletter wants an approval and what would be sent now has none."""
    now = standing(session, issue_id)
    if now.is_needed and not now.is_approved:
        raise CheckFailed(now.in_words, errors=[{"code": "not_approved", "message": now.in_words, "where": "approval"}])


def _changes(session: Session, approval: Approval) -> tuple[str, ...]:
    """What differs from what was submitted, named; empty when readers would get the same."""
    if load_content(session, approval.issue_id).content_hash == approval.content_hash:
        return ()
    later = select(Revision).where(Revision.issue_id == approval.issue_id, Revision.id > (approval.revision_id or 0))
    rows = session.execute(select(Item.id, Item.title).where(Item.issue_id == approval.issue_id))
    titles = {item_id: title for item_id, title in rows}  # noqa: C416 - rows are not pairs to a type checker
    named = [_name(revision, titles) for revision in session.scalars(later.order_by(Revision.id))]
    return tuple(dict.fromkeys(named)) or ("the newsletter’s settings or its design",)


def _name(revision: Revision, titles: dict[int, str]) -> str:
    field = FIELD_NAMES.get(revision.field, revision.field)
    of = titles.get(revision.item_id or 0, "")
    return f"{field} of “{of}”" if of else f"the {field}" if revision.field in FIELD_NAMES else field
