"""An issue as one invented reader would get it: the same path a real message takes, sent to nobody, stored nowhere."""

import uuid
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from curator.editions.compile import compile_message
from curator.editions.merge import Merger, Reader
from curator.editions.preview import preview_html, preview_text
from curator.editions.render import render_issue
from curator.issues.content import load_content
from curator.issues.models import Tracking
from curator.settings import Settings
from curator.tokens import Signer

SAMPLE = "lezer@example.org"


def render_for_sample(session: Session, issue_id: int, settings: Settings) -> dict[str, bytes]:
    """File name to content: the page, the text part, and the whole message with its headers."""
    content = load_content(session, issue_id)
    rendered = render_issue(content, public_url=settings.public_url)
    domain = content.newsletter.from_address.rpartition("@")[2]
    segments = compile_message(
        content, rendered, public_url=settings.public_url, inbound_domain=settings.inbound_domain or domain
    )
    signer = Signer({1: settings.secret("tokens")})
    merger = Merger(
        segments, edition_id=0, tracking=Tracking(content.newsletter.tracking), signer=signer, sender_domain=domain
    )
    reader = Reader(SAMPLE, "Sam Lezer", 0, uuid.uuid4(), 0, True)
    return {
        "issue.html": preview_html(content, public_url=settings.public_url, theme="auto").encode(),
        "issue.txt": preview_text(content, public_url=settings.public_url).encode(),
        "message.eml": merger.plain(reader, datetime.now(UTC)),
    }
