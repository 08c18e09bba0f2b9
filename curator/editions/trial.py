"""A test mail: the issue through the real renderer, compiler and merger, marked a test in subject, header and body.

Its links are direct, it has no pixel, and its leave link belongs to nobody: pressing it changes nothing.
"""

import dataclasses
import uuid
from datetime import datetime

from curator.editions.compile import compile_message, sender_domain
from curator.editions.merge import Merger, Reader
from curator.editions.render import render_issue
from curator.editions.wording import phrase
from curator.issues.content import IssueContent
from curator.issues.models import Tracking
from curator.tokens import Signer

_SUBJECT_LIMIT = 150


def build_trial(
    content: IssueContent,
    *,
    public_url: str,
    inbound_domain: str,
    signer: Signer,
    to: str,
    message_id: uuid.UUID,
    now: datetime,
) -> bytes:
    """The message (7-bit, CRLF) of a test of this issue to the address `to`; `now` is aware."""
    language = content.newsletter.language
    untracked = dataclasses.replace(
        content, newsletter=dataclasses.replace(content.newsletter, tracking=str(Tracking.OFF))
    )
    rendered = render_issue(untracked, public_url=public_url, banner=phrase(language, "trial"))
    subject = f"[{phrase(language, 'trial_mark')}] {content.subject}"[:_SUBJECT_LIMIT]
    segments = compile_message(
        untracked, rendered, public_url=public_url, inbound_domain=inbound_domain, test_subject=subject
    )
    merger = Merger(
        segments,
        edition_id=0,
        tracking=Tracking.OFF,
        signer=signer,
        sender_domain=sender_domain(content.newsletter.from_address),
    )
    reader = Reader(
        address=to, name="", message_row_id=0, message_id=message_id, subscription_id=0, is_individual=False
    )
    return merger.message(reader, now)
