"""The evidence of consent: rows are appended, never changed; each carries the exact words that were shown.

`machine` is a truncated network address, kept for confirmations only and forgotten by retention.
"""

import hashlib

from sqlalchemy import func
from sqlalchemy.orm import Session

from curator.audience.models import Consent, ConsentAction, Purpose, Subscription

READER = "reader"


def append_consent(
    session: Session,
    subscription: Subscription,
    action: ConsentAction,
    *,
    purpose: Purpose = Purpose.MAIL,
    wording: str = "",
    language: str = "",
    form: str,
    machine: str | None = None,
    actor: str = READER,
) -> None:
    """Write down that `action` happened to this person's consent to this newsletter, now."""
    session.add(
        Consent(
            subscriber_id=subscription.subscriber_id,
            newsletter_id=subscription.newsletter_id,
            purpose=purpose,
            action=action,
            wording=wording,
            wording_hash=wording_hash(wording),
            language=language,
            form=form,
            machine=machine,
            actor=actor,
            at=func.clock_timestamp(),  # not the transaction's: the order of two rows is part of the evidence
        )
    )
    session.flush()


def wording_hash(wording: str) -> bytes:
    """SHA-256 of the words, so that two rows can be compared without reading them."""
    return hashlib.sha256(wording.encode()).digest()
