"""Leaving by a mail's link: the subscription ends, and the issue that brought the reader to it is told once.

For RFC 8058's POST and for the button on the page behind the link; never for a GET. Asking again changes nothing.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.audience.leave import leave
from curator.delivery.models import Delivery, Message
from curator.errors import NotFound
from curator.events.models import Actor, Event, EventKind
from curator.tokens import Purpose, Signer, Token


def leave_by_token(
    session: Session, token: Token | str, *, form: str, reason: str = "", signer: Signer | None = None
) -> bool:
    """End the subscription the token names; True when that changed anything.

    `token` is one that was read already, or its text together with the `signer` that reads it. `form` is where it was
    asked, for the evidence; `reason` is what the reader said. A reader who was erased has left already: False.
    Raises `NotFound` for a text that is no such token.
    """
    read = token if isinstance(token, Token) else _read(token, signer)
    try:
        has_changed = leave(session, read.a, form=form, reason=reason)
    except NotFound:
        return False
    if has_changed and read.b:
        _record(session, subscription_id=read.a, message_id=read.b)
    return has_changed


def _read(text: str, signer: Signer | None) -> Token:
    found = signer.read(text, Purpose.LEAVE, Purpose.PREFERENCES) if signer else None
    if found is None:
        raise NotFound("This link is not one of ours, or it was cut off. Open it again from the mail.")
    return found


def _record(session: Session, *, subscription_id: int, message_id: int) -> None:
    """One event per message: who comes back and leaves again by the same mail is counted once."""
    found = session.execute(
        select(Delivery.issue_id, Delivery.edition_id)
        .join(Message, Message.delivery_id == Delivery.id)
        .where(Message.id == message_id, Message.subscription_id == subscription_id)
    ).one_or_none()
    if found is None or _is_recorded(session, message_id):
        return
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    session.add(
        Event(
            at=now,
            kind=EventKind.UNSUBSCRIBE,
            actor=Actor.PERSON,
            issue_id=found.issue_id,
            edition_id=found.edition_id,
            message_id=message_id,
            subscription_id=subscription_id,
        )
    )
    session.flush()


def _is_recorded(session: Session, message_id: int) -> bool:
    recorded = select(Event.id).where(Event.message_id == message_id, Event.kind == EventKind.UNSUBSCRIBE)
    return session.execute(recorded.limit(1)).first() is not None
