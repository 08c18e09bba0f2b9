"""Candidates nobody touched for weeks leave the list by themselves. They are kept, findable, and can be put back."""

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from curator.issues.models import Issue, IssueState, Item, Newsletter
from curator.sources.models import Article, Triage


def expire_candidates(session: Session) -> int:
    """Let go of what was left alone for longer than its newsletter keeps candidates; how many. None of a draft goes."""
    age = func.now() - func.coalesce(Article.triaged_at, Article.created_at)
    placed = select(Item.article_id).join(Issue, Issue.id == Item.issue_id).where(Issue.state == IssueState.DRAFT)
    gone = session.execute(
        update(Article)
        .where(
            Article.newsletter_id == Newsletter.id,
            Article.triage == Triage.CANDIDATE,
            age > Newsletter.candidate_weeks * text("interval '1 week'"),
            Article.id.not_in(placed.where(Item.article_id.is_not(None))),
        )
        .values(triage=Triage.EXPIRED, triaged_at=func.now(), triaged_by="")
        .returning(Article.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
