"""What DNS last said about a newsletter's mail, kept for the checks of its issues: no page waits for DNS.

Asked for newsletters with a draft in the making; the whole list is `curator relays dns SLUG`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from curator.db.base import Base
from curator.delivery.published import Asking, Sending, check_published, sending_of
from curator.editions.checks import Finding
from curator.issues.link_answer import is_reserved
from curator.issues.models import Issue, IssueState, Newsletter
from curator.settings import Settings

FRESH_FOR = timedelta(hours=1)
AT_WORK = timedelta(days=7)
"""A draft nobody changed for this long makes nobody ask."""

_SILENT = ("dns_silent", "no_relay")


class SendingCheck(Base):
    """The faults found in DNS for one newsletter: a list of {code, message, next_step}."""

    __tablename__ = "sending_check"

    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id", ondelete="CASCADE"), primary_key=True)
    domain: Mapped[str]
    faults: Mapped[list[dict[str, Any]]]
    checked_at: Mapped[datetime] = mapped_column(server_default=func.now())


def due_newsletters(session: Session, settings: Settings) -> dict[int, Sending]:
    """Newsletters to ask DNS about now, with how their mail leaves. Names for examples are never asked."""
    at_work = select(Issue.newsletter_id).where(
        Issue.state == IssueState.DRAFT, Issue.changed_at > func.now() - AT_WORK
    )
    statement = (
        select(Newsletter)
        .outerjoin(SendingCheck, SendingCheck.newsletter_id == Newsletter.id)
        .where(Newsletter.id.in_(at_work))
        .where(or_(SendingCheck.checked_at.is_(None), SendingCheck.checked_at < func.now() - FRESH_FOR))
        .limit(5)
    )
    found = {newsletter.id: sending_of(session, newsletter, settings) for newsletter in session.scalars(statement)}
    return {key: sending for key, sending in found.items() if not is_reserved(f"https://{sending.from_domain}/")}


def ask_dns(sending: Sending, dns: Asking) -> list[dict[str, Any]]:
    """What is wrong in DNS. What cannot be known from here is left out. Takes as long as DNS does; no session."""
    return [
        {"code": finding.code, "message": finding.message, "next_step": finding.next_step}
        for finding in check_published(sending, dns)
        if finding.ok is False and finding.code not in _SILENT
    ]


def keep(session: Session, newsletter_id: int, domain: str, faults: list[dict[str, Any]]) -> None:
    """Keep what was found, in place of what was found before."""
    values: dict[str, Any] = {"domain": domain, "faults": faults, "checked_at": func.now()}
    row = insert(SendingCheck).values(newsletter_id=newsletter_id, **values)
    session.execute(row.on_conflict_do_update(index_elements=[SendingCheck.newsletter_id], set_=values))


def dns_warnings(session: Session, newsletter: Newsletter) -> Iterator[Finding]:
    """What was found last, as findings of an issue; nothing after the sender's domain changed."""
    known = session.get(SendingCheck, newsletter.id, populate_existing=True)
    if known is None or known.domain != newsletter.from_address.rpartition("@")[2].lower():
        return
    for fault in known.faults:
        message = f"{fault['message']} {fault['next_step']}".strip()
        yield Finding(f"dns_{fault['code']}", message, known.domain)
