"""An edition as a page for anybody: no pixel, links straight to their addresses, nobody's name and nobody's tokens."""

import html
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.editions.models import Edition, Link
from curator.editions.slots import Marks
from curator.editions.wording import written_day
from curator.errors import NotFound
from curator.issues.models import Issue, Newsletter

_FOR_THE_READER = re.compile(r"(?s)<!--reader-->.*?<!--/reader-->")


def browser_page(session: Session, edition_id: int, *, public_url: str) -> str:
    """The HTML of an edition for the archive and for "view in browser"; `NotFound` when there is none.

    What a design puts between `<!--reader-->` and `<!--/reader-->` is for the mail only and left out here.
    """
    row = session.execute(
        select(Edition, Issue, Newsletter)
        .join(Issue, Issue.id == Edition.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(Edition.id == edition_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no edition {edition_id}.", edition_id=edition_id)
    edition, issue, newsletter = row
    links = session.scalars(select(Link).where(Link.edition_id == edition_id))
    return fill_page(
        _FOR_THE_READER.sub("", edition.html),
        Marks(bytes.fromhex(edition.facts["marks"])),
        day=_written(newsletter, issue.sent_at or edition.created_at),
        own_address=f"{public_url}/subscribe/{newsletter.slug}",
        addresses={str(link.number): link.address for link in links},
    )


def fill_page(page: str, marks: Marks, *, day: str, own_address: str, addresses: dict[str, str]) -> str:
    """A rendered page with every mark made readable.

    Leave, preferences and view addresses belong to one reader: all of them become `own_address`. Everything given is
    plain text and is escaped here.
    """

    def shared(found: re.Match[str]) -> str:
        inside = marks.pattern.search(found[1])
        is_personal = inside and inside[1] in ("leave", "preferences", "view")
        return f'href="{html.escape(own_address)}"' if is_personal else found[0]

    page = re.sub(r'href="([^"]*)"', shared, page)
    plain = {"day": day}
    return marks.fill(
        page,
        lambda slot: html.escape(
            addresses[slot.argument] if slot.name == "link" else plain.get(slot.name, slot.argument)
        ),
    )


def _written(newsletter: Newsletter, moment: datetime) -> str:
    return written_day(newsletter.language, moment.astimezone(ZoneInfo(newsletter.timezone)).date())
