"""Comments on the items of a draft: who said what and when, and whether it is settled. Editors only; never in a mail.

A comment changes nothing readers will see: no version rises, nothing that was approved is voided.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.issues.compose import get_item, lock_draft
from curator.issues.models import Comment
from curator.issues.text import clean_text

MOST_CHARACTERS = 2_000


def add_comment(session: Session, item_id: int, text: str, by: str) -> Comment:
    """Say something about an item of a draft; `Invalid` when nothing is said."""
    said = clean_text(text, limit=MOST_CHARACTERS, what="The comment").strip()
    if not said:
        raise Invalid("Write something first.", field="text")
    item = get_item(session, item_id)
    issue = lock_draft(session, item.issue_id)
    comment = Comment(issue_id=issue.id, item_id=item.id, text=said, by=by)
    session.add(comment)
    session.flush()
    return comment


def settle_comment(session: Session, issue_id: int, comment_id: int, by: str, *, is_resolved: bool = True) -> Comment:
    """Resolve a comment of this issue, or open it again. Who resolved it first stays."""
    issue = lock_draft(session, issue_id)
    comment = session.get(Comment, comment_id, populate_existing=True)
    if comment is None or comment.issue_id != issue.id:
        raise NotFound("There is no such comment on this issue.")
    if is_resolved and comment.resolved_at is None:
        comment.resolved_at, comment.resolved_by = session.scalar(select(func.clock_timestamp())), by
    elif not is_resolved:
        comment.resolved_at = comment.resolved_by = None
    session.flush()
    return comment


def comments_of(session: Session, issue_id: int) -> dict[int, list[Comment]]:
    """Per item id, its comments in the order they were said; also of items that were removed."""
    found: dict[int, list[Comment]] = {}
    for comment in session.scalars(select(Comment).where(Comment.issue_id == issue_id).order_by(Comment.id)):
        found.setdefault(comment.item_id, []).append(comment)
    return found


def last_said(session: Session, issue_id: int) -> str:
    """A stamp that changes with every comment made, resolved or opened again."""
    statement = select(func.count(), func.count(Comment.resolved_at), func.max(Comment.resolved_at))
    count, resolved, at = session.execute(statement.where(Comment.issue_id == issue_id)).one()
    return f"{count} {resolved} {at.isoformat() if at else ''}".strip()
