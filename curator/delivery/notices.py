"""Notices: tests, confirmations, sign-in links, approvals, thank-yous. One request makes one mail, however often asked.

They are only queued here; `postman.py` sends them.
"""

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.accounts.models import User
from curator.accounts.roles import may, role_of
from curator.audience.models import Subscriber, Subscription, SubscriptionState
from curator.delivery.addresses import path_of
from curator.delivery.models import Notice, NoticeKind
from curator.delivery.postman import send_due_notices
from curator.doorbell import ring
from curator.editions.notice import build_notice, notice_sender
from curator.editions.trial import build_trial
from curator.errors import Invalid, NotFound
from curator.issues.approval import Approval, ApprovalState
from curator.issues.content import load_content
from curator.issues.models import Issue, Newsletter
from curator.settings import Settings
from curator.sources.contributor_models import Suggestion
from curator.tokens import Purpose, Signer

__all__ = [
    "queue_notice",
    "send_approval_request",
    "send_confirmation",
    "send_decision",
    "send_due_notices",
    "send_sign_in",
    "send_test",
    "send_thanks",
]

_SIGN_IN_MINUTES = 60
_AGAIN_SECONDS = 600


def queue_notice(
    session: Session,
    kind: NoticeKind,
    *,
    key: str,
    address: str,
    sender: str,
    content: bytes,
    newsletter_id: int | None = None,
    **facts: Any,
) -> Notice:
    """Have a built message (7-bit, CRLF) sent to `address`. The same `key` again finds the first notice."""
    values = {
        "kind": kind,
        "key": key,
        "address": address,
        "sender": sender,
        "content": content,
        "newsletter_id": newsletter_id,
        "facts": facts,
    }
    session.execute(insert(Notice).values(values).on_conflict_do_nothing(index_elements=[Notice.key]))
    ring(session, "delivery.notices")
    return session.scalars(select(Notice).where(Notice.key == key)).one()


def send_test(session: Session, issue_id: int, address: str, *, settings: Settings) -> Notice:
    """The issue as it stands now, marked as a test, to one address. `TemplateFailed` when it cannot be built."""
    content = load_content(session, issue_id)
    identity = uuid.uuid4()
    message = build_trial(
        content,
        public_url=settings.public_url,
        inbound_domain=settings.inbound_domain,
        signer=_signer(settings),
        to=_checked(address),
        message_id=identity,
        now=datetime.now(UTC),
    )
    return queue_notice(
        session,
        NoticeKind.TEST,
        key=f"test:{identity}",
        address=address,
        sender=content.newsletter.from_address,
        content=message,
        newsletter_id=content.newsletter.id,
        issue_id=issue_id,
    )


def send_confirmation(session: Session, subscription_id: int, *, settings: Settings) -> Notice | None:
    """Ask a subscriber to confirm; None when there is nothing to confirm.

    Asked again within ten minutes it finds the first mail: a form cannot be used to flood an inbox.
    """
    subscription = session.get(Subscription, subscription_id)
    if subscription is None:
        raise NotFound(f"There is no subscription {subscription_id}.", subscription_id=subscription_id)
    if subscription.state is SubscriptionState.ACTIVE:  # who left may ask to come back
        return None
    subscriber = session.get_one(Subscriber, subscription.subscriber_id)
    newsletter = session.get_one(Newsletter, subscription.newsletter_id)
    link = f"{settings.public_url}/confirm/{_signer(settings).sign(Purpose.CONFIRM, subscription_id)}"
    return _queue_built(
        session,
        NoticeKind.CONFIRMATION,
        {"link": link, "days": settings.unconfirmed_days},
        key=f"confirmation:{subscription_id}:{time.time() // _AGAIN_SECONDS:.0f}",
        to=subscriber.address,
        language=subscriber.language or newsletter.language,
        newsletter=newsletter,
        settings=settings,
    )


def send_sign_in(session: Session, user_address: str, link: str, settings: Settings) -> Notice:
    """A one-time link for a person of the desk. The link itself names the notice, so it is mailed once."""
    return _queue_built(
        session,
        NoticeKind.SIGN_IN,
        {"link": link, "minutes": _SIGN_IN_MINUTES},
        key=f"sign-in:{uuid.uuid5(uuid.NAMESPACE_URL, link)}",
        to=user_address,
        language="en",
        newsletter=None,
        settings=settings,
    )


def send_approval_request(
    session: Session, user_address: str, link: str, newsletter: Newsletter, data: dict[str, Any], settings: Settings
) -> Notice:
    """Ask one colleague to approve an issue. `data` has number, by and days; the link names the notice."""
    return _queue_built(
        session,
        NoticeKind.APPROVAL,
        {"link": link, **data},
        key=f"approval:{uuid.uuid5(uuid.NAMESPACE_URL, link)}",
        to=user_address,
        language=newsletter.language,
        newsletter=newsletter,
        settings=settings,
    )


def send_thanks(session: Session, suggestion_id: int, link: str, *, issue_id: int, settings: Settings) -> Notice:
    """Tell a reader once that what they suggested is in an issue. Nothing in it was chosen by a stranger."""
    suggestion = session.get_one(Suggestion, suggestion_id)
    newsletter = session.get_one(Newsletter, suggestion.newsletter_id)
    mailbox = (suggestion.key or b"").hex()
    stop = f"{settings.public_url}/no-thanks/{_signer(settings).sign(Purpose.NO_THANKS, suggestion_id)}"
    return _queue_built(
        session,
        NoticeKind.THANKS,
        {"link": link, "stop": stop},
        key=f"thanks:{issue_id}:{mailbox}",
        to=suggestion.address or "",
        language=newsletter.language,
        newsletter=newsletter,
        settings=settings,
        mailbox=mailbox,
        issue_id=issue_id,
    )


def send_decision(session: Session, approval: Approval, *, settings: Settings) -> Notice | None:
    """Tell whoever submitted the issue that it is approved, or sent back and why. None: they are gone from the desk."""
    issue = session.get_one(Issue, approval.issue_id)
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    user, judge = (_user(session, by) for by in (approval.submitted_by, approval.decided_by))
    if user is None or not may(role_of(session, user.id, newsletter.id), "read"):
        return None
    data = {
        "link": f"{settings.public_url}/n/{newsletter.slug}/issues/{issue.number}/approval",
        "number": issue.number,
        "by": (judge.name or judge.address) if judge else str(approval.decided_by),
        "word": approval.word,
    }
    is_approved = approval.state is ApprovalState.APPROVED
    return _queue_built(
        session,
        NoticeKind.APPROVED if is_approved else NoticeKind.SENT_BACK,
        data,
        key=f"decision:{approval.id}",
        to=user.address,
        language=newsletter.language,
        newsletter=newsletter,
        settings=settings,
    )


def _user(session: Session, by: str | None) -> User | None:
    return session.scalar(select(User).where(User.address_key == by, User.is_active))


def _queue_built(
    session: Session,
    kind: NoticeKind,
    data: dict[str, Any],
    *,
    key: str,
    to: str,
    language: str,
    newsletter: Newsletter | None,
    settings: Settings,
    **facts: Any,
) -> Notice:
    """Build the notice of this kind from its templates and queue it."""
    where = {"public_url": settings.public_url, "inbound_domain": settings.inbound_domain}
    content = build_notice(
        kind.value,
        data,
        language=language,
        newsletter=newsletter,
        to=_checked(to),
        message_id=uuid.uuid4(),
        now=datetime.now(UTC),
        **where,
    )
    return queue_notice(
        session,
        kind,
        key=key,
        address=to,
        sender=notice_sender(newsletter, **where)[1],
        content=content,
        newsletter_id=newsletter.id if newsletter is not None else None,
        **facts,
    )


def _checked(address: str) -> str:
    try:
        return path_of(address).text
    except ValueError as error:
        raise Invalid(f"This cannot be mailed: {error}. Give one address.") from error


def _signer(settings: Settings) -> Signer:
    return Signer({1: settings.secret("tokens")})
