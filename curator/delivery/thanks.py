"""Thank-yous: once an issue is sent, readers whose suggestion is in it get one short mail, and their address goes.

Safe against whoever puts a victim's address into the form: an editor must have published the article after it was
suggested, a mailbox gets one mail of a newsletter in six days, and nobody who is muted or suppressed gets any.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash, canonical
from curator.audience.suppress import suppressed_scopes
from curator.delivery.models import Delivery, Notice, NoticeKind, NoticeState
from curator.delivery.notices import send_thanks
from curator.errors import Invalid
from curator.issues.models import Issue, IssueState, Item, Newsletter
from curator.settings import Settings
from curator.sources.contributor_models import Suggestion
from curator.sources.contributors import is_muted

LEAST_BETWEEN = timedelta(days=6)
"""Between two thank-yous of a newsletter to one mailbox: a weekly issue sent an hour early still thanks."""

KEPT_FOR = timedelta(days=30)
"""How long a thank-you, and with it its address, stays among the notices."""

_AT_ONCE = 100


def thank_contributors(session: Session, settings: Settings) -> int:
    """Queue a mail to everybody who is to be thanked now, and forget their addresses; how many mails."""
    # One at a time: two tasks could each find that a mailbox had no mail yet.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("thank_contributors", 0))))
    thanked = 0
    due = session.execute(_due()).all()
    for (issue_id, key), rows in groupby(due, lambda row: (row.Issue.id, row.Suggestion.key)):
        suggestions = [row.Suggestion for row in rows]
        issue = session.get_one(Issue, issue_id)
        if key is not None and _may_be_thanked(session, issue, suggestions[0], settings):
            thanked += _thank(session, issue, suggestions, settings)
        for suggestion in suggestions:
            suggestion.address = None
        session.flush()
    return thanked


def forget_thanks(session: Session) -> None:
    """Delete thank-yous of a month ago, with their addresses."""
    session.execute(
        delete(Notice)
        .where(
            Notice.kind == NoticeKind.THANKS,
            Notice.state != NoticeState.WAITING,
            Notice.created_at < func.now() - KEPT_FOR,
        )
        .execution_options(synchronize_session=False)
    )


def erase_thanks(session: Session, address: str) -> int:
    """Delete every thank-you to this address, sent or not; how many."""
    is_theirs = func.lower(Notice.address) == address.strip().lower()
    gone = delete(Notice).where(Notice.kind == NoticeKind.THANKS, is_theirs)
    return len(session.scalars(gone.returning(Notice.id).execution_options(synchronize_session=False)).all())


def _due() -> Select[Suggestion, Issue]:
    """Suggestions with an address whose article is in a sent issue; not those that came after Send was pressed."""
    return (
        select(Suggestion, Issue)
        .join(Item, Item.article_id == Suggestion.article_id)
        .join(Issue, Issue.id == Item.issue_id)
        .join(Delivery, Delivery.issue_id == Issue.id)
        .where(
            Suggestion.address.is_not(None),
            Issue.state == IssueState.SENT,
            Suggestion.created_at < Delivery.created_at,
        )
        .order_by(Issue.id, Suggestion.key, Suggestion.id)
        .limit(_AT_ONCE)
        .with_for_update(of=Suggestion)
        .execution_options(populate_existing=True)
    )


def _may_be_thanked(session: Session, issue: Issue, suggestion: Suggestion, settings: Settings) -> bool:
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    if not newsletter.thanks_contributors:
        return False
    pepper = settings.secret("pepper")
    if is_muted(session, newsletter.id, suggestion.key, None, pepper):
        return False
    try:
        hashed = address_hash(canonical(suggestion.address or "").key, pepper)
    except Invalid:
        return False
    return not suppressed_scopes(session, hashed, newsletter.id) and not _was_thanked(session, suggestion)


def _was_thanked(session: Session, suggestion: Suggestion) -> bool:
    """Lately, for another issue."""
    statement = select(Notice.id).where(
        Notice.kind == NoticeKind.THANKS,
        Notice.newsletter_id == suggestion.newsletter_id,
        Notice.facts["mailbox"].astext == (suggestion.key or b"").hex(),
        Notice.created_at > func.now() - LEAST_BETWEEN,
    )
    return session.scalar(statement.limit(1)) is not None


def _thank(session: Session, issue: Issue, suggestions: Sequence[Suggestion], settings: Settings) -> int:
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    link = f"{settings.public_url}/archive/{newsletter.slug}/{issue.number}"
    send_thanks(session, suggestions[0].id, link, issue_id=issue.id, settings=settings)
    for suggestion in suggestions:
        suggestion.thanked_at = func.now()
    return 1
