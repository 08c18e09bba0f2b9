"""Articles by mail: an address for each newsletter, mails kept as they come, and what is taken out of them.

A mail of somebody who may edit the newsletter is taken in by itself; any other is held until an editor decides. Where
the contributors' door is open its links become suggestions. Nothing is ever fetched for a mail that was not taken.
"""

import hashlib
import re
import secrets
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.accounts.models import User
from curator.accounts.roles import may, role_of
from curator.doorbell import ring
from curator.errors import Conflict, Invalid, NotFound
from curator.settings import Settings
from curator.sources.contributors import Contributor, door_is_open, suggest
from curator.sources.effort import TookTooLong, bounded_effort
from curator.sources.intake import Way, add_address, add_text
from curator.sources.mail_models import MailAddress, MailState, ReceivedMail
from curator.sources.mail_reading import Mail, read_mail
from curator.sources.models import CapturedBy
from curator.sources.record import zone_of

MOST_HELD = 200
"""Mails of strangers that wait for one newsletter; more are not kept."""

MOST_SUGGESTED = 3
"""Links of a stranger's mail that become suggestions."""

READING_SECONDS = 5.0
"""Processor time for taking one mail apart; honest ones need a few milliseconds."""

HELD_FOR = timedelta(days=30)
"""After which an undecided mail is deleted. Decided ones are listed for as long."""


def mail_address(session: Session, newsletter_id: int, settings: Settings) -> str | None:
    """The whole address of a newsletter; None before one was made, or while no domain is set up."""
    local_part = session.scalar(select(MailAddress.local_part).where(MailAddress.newsletter_id == newsletter_id))
    pattern = settings.mail_in_pattern
    return pattern.replace("*", local_part) if local_part and pattern else None


def replace_address(session: Session, newsletter_id: int) -> None:
    """A new random address; mail to the old one is refused from the commit on."""
    zone_of(session, newsletter_id)  # NotFound for a newsletter that is not there
    values = {"newsletter_id": newsletter_id, "local_part": f"in-{secrets.token_hex(10)}"}
    statement = insert(MailAddress).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[MailAddress.newsletter_id],
            set_={"local_part": statement.excluded.local_part, "created_at": func.now()},
        )
    )


def newsletter_of(session: Session, recipient: str, settings: Settings) -> int | None:
    """Whose address this is; None for an address that is nobody's."""
    before, star, after = settings.mail_in_pattern.casefold().partition("*")
    found = re.fullmatch(f"{re.escape(before)}([a-z0-9-]+){re.escape(after)}", recipient.strip().strip("<>").casefold())
    if not star or found is None:
        return None
    return session.scalar(select(MailAddress.newsletter_id).where(MailAddress.local_part == found[1]))


def receive_mail(session: Session, newsletter_id: int, content: bytes) -> ReceivedMail | None:
    """Keep a mail; a worker reads it after the commit. None when the very same one was kept before."""
    held = select(func.count()).where(
        ReceivedMail.newsletter_id == newsletter_id, ReceivedMail.state.in_((MailState.HELD, MailState.WAITING))
    )
    if (session.scalar(held) or 0) >= MOST_HELD:
        raise Conflict("Too many mails wait for this newsletter. Try again when its editors have looked at them.")
    values = {"newsletter_id": newsletter_id, "digest": _digest(content), "content": content}
    number = session.scalar(insert(ReceivedMail).values(values).on_conflict_do_nothing().returning(ReceivedMail.id))
    if number is None:
        return None
    ring(session, "sources.take_mail", number)
    return session.get_one(ReceivedMail, number)


def take_mail(session: Session, mail_id: int, settings: Settings) -> MailState:
    """Look at a mail that waits: take it in, hold it, or let it go. One that was looked at stays as it is."""
    row = _locked(session, mail_id)
    if row is None or row.state is not MailState.WAITING or row.content is None:
        return row.state if row else MailState.DROPPED
    try:
        with bounded_effort(READING_SECONDS):
            mail = read_mail(row.content)
    except Invalid as refusal:
        return _decide(row, MailState.DROPPED, refusal.message)
    except TookTooLong:
        return _decide(row, MailState.DROPPED, "It takes too long to read. Ask for it to be sent as plain text.")
    row.sender, row.subject = mail.sender, mail.subject
    if mail.is_automatic:
        return _decide(row, MailState.DROPPED, "It is an automatic answer.")
    if why := _why_held(session, row.newsletter_id, mail):
        if not mail.is_forged and _links(mail, settings) and door_is_open(session, row.newsletter_id):
            return _suggest(session, row, mail, settings)
        row.state, row.reason = MailState.HELD, why
        session.flush()
        return row.state
    return _take(session, row, mail, settings, by=mail.sender)


def accept_mail(session: Session, newsletter_id: int, mail_id: int, settings: Settings, by: str) -> ReceivedMail:
    """Take in a mail that was held. `Conflict` when somebody decided before."""
    row = _held(session, newsletter_id, mail_id)
    _take(session, row, read_mail(row.content or b""), settings, by=by)
    return row


def drop_mail(session: Session, newsletter_id: int, mail_id: int, by: str) -> ReceivedMail:
    """Throw a held mail away: its words are deleted, that it came is listed for a while."""
    row = _held(session, newsletter_id, mail_id)
    _decide(row, MailState.DROPPED, "An editor threw it away.", by)
    session.flush()
    return row


def list_mail(session: Session, newsletter_id: int, limit: int = 100) -> list[ReceivedMail]:
    """Those to decide on first, then the newest."""
    statement = select(ReceivedMail).where(ReceivedMail.newsletter_id == newsletter_id)
    undecided = (ReceivedMail.state == MailState.HELD).desc()
    return list(session.scalars(statement.order_by(undecided, ReceivedMail.id.desc()).limit(limit)))


def due_mail(session: Session, limit: int = 20) -> list[int]:
    """Mails whose doorbell nobody heard for a minute."""
    age = func.now() - ReceivedMail.received_at
    statement = select(ReceivedMail.id).where(ReceivedMail.state == MailState.WAITING, age > timedelta(minutes=1))
    return list(session.scalars(statement.order_by(ReceivedMail.id).limit(limit)))


def forget_mail(session: Session) -> None:
    """Delete what came more than thirty days ago."""
    session.execute(delete(ReceivedMail).where(ReceivedMail.received_at < func.now() - HELD_FOR))


def _why_held(session: Session, newsletter_id: int, mail: Mail) -> str:
    """Why an editor must look first; "" for a mail of somebody who may edit."""
    if mail.is_forged:
        return "The domain of its sender says that it was not sent from there."
    user = session.scalar(select(User).where(User.address_key == mail.sender, User.is_active)) if mail.sender else None
    if user is None or not may(role_of(session, user.id, newsletter_id), "edit"):
        return "Its sender is not an editor of this newsletter."
    return ""


def _take(session: Session, row: ReceivedMail, mail: Mail, settings: Settings, by: str) -> MailState:
    """Each link becomes an article; a mail without one is an article itself, under its subject."""
    way = Way(CapturedBy.MAIL, mail.sender)
    links = _links(mail, settings)
    alone = mail.title if len(links) == 1 else ""
    for address, words in links:
        add_address(session, row.newsletter_id, address, title=words or alone, way=way)
    if links:
        row.articles = len(links)
        return _decide(row, MailState.TAKEN, "", by)
    try:
        zone = zone_of(session, row.newsletter_id)
        add_text(session, row.newsletter_id, f"{mail.title}\n\n{mail.text}", timezone=zone, way=way)
    except Invalid:
        return _decide(row, MailState.EMPTY, "There is no link and no article in it.", by)
    row.articles = 1
    return _decide(row, MailState.TAKEN, "", by)


def _suggest(session: Session, row: ReceivedMail, mail: Mail, settings: Settings) -> MailState:
    """The first links become suggestions of its sender, who is thanked only if the mail is surely theirs."""
    links = _links(mail, settings)[:MOST_SUGGESTED]
    address = mail.sender if mail.is_vouched_for else None
    who = Contributor(mail.sender_name, note=mail.text, address=address, mailbox=mail.sender or None)
    try:
        for link, _ in links:
            suggest(session, row.newsletter_id, link, who, settings)
    except Conflict as full:
        return _decide(row, MailState.DROPPED, full.message)
    row.articles = len(links)
    return _decide(row, MailState.TAKEN, "Suggested by a reader.")


def _links(mail: Mail, settings: Settings) -> list[tuple[str, str]]:
    """Those that lead elsewhere than to ourselves."""
    ours = settings.public_url.partition("://")[2]
    return [(address, words) for address, words in mail.links if address.partition("://")[2].partition("/")[0] != ours]


def _decide(row: ReceivedMail, state: MailState, reason: str, by: str = "") -> MailState:
    row.state, row.reason, row.content = state, reason, None
    row.decided_at, row.decided_by = func.now(), by
    return state


def _held(session: Session, newsletter_id: int, mail_id: int) -> ReceivedMail:
    row = _locked(session, mail_id)
    if row is None or row.newsletter_id != newsletter_id:
        raise NotFound("There is no such mail.")
    if row.state is not MailState.HELD:
        raise Conflict("Somebody has decided on this mail already. Load the page again.")
    return row


def _locked(session: Session, mail_id: int) -> ReceivedMail | None:
    statement = select(ReceivedMail).where(ReceivedMail.id == mail_id).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).first()


def _digest(content: bytes) -> bytes:
    """By Message-ID, which survives the ways a mail takes, else by all its bytes."""
    head = content[:50_000].partition(b"\r\n\r\n")[0]
    found = re.search(rb"(?im)^message-id:\s*(<[^<>\s]{3,500}>)", head)
    return hashlib.sha256(found[1] if found else content).digest()
