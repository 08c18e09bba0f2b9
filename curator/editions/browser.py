"""An edition as a page or a text for anybody: no pixel, links straight to their addresses, nobody's name or tokens."""

import html
import re
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.editions.models import Edition, Link
from curator.editions.slots import Marks, Slot
from curator.editions.wording import written_day
from curator.errors import NotFound
from curator.issues.models import Issue, Newsletter

_FOR_THE_READER = re.compile(r"(?s)<!--reader-->.*?<!--/reader-->")


def browser_page(session: Session, edition_id: int, *, public_url: str) -> str:
    """The HTML of an edition for the archive and for "view in browser"; `NotFound` when there is none.

    What a design puts between `<!--reader-->` and `<!--/reader-->` is for the mail only and left out here.
    """
    known = _known(session, edition_id)
    return fill_page(
        _FOR_THE_READER.sub("", known.edition.html),
        known.marks,
        day=known.day,
        own_address=f"{public_url}/subscribe/{known.newsletter.slug}",
        addresses=known.addresses,
    )


def browser_text(session: Session, edition_id: int) -> str:
    """The text part of an edition, for people of the desk; what belongs to one reader is an ellipsis."""
    known = _known(session, edition_id)
    return fill_text(known.edition.text, known.marks, day=known.day, addresses=known.addresses)


def fill_text(text: str, marks: Marks, *, day: str, addresses: dict[str, str]) -> str:
    """A rendered text with every mark made readable: a reader without a name, whose own addresses are left out."""

    def value(slot: Slot) -> str:
        known = {"link": addresses.get(slot.argument, ""), "day": day}
        return known.get(slot.name) or slot.argument or "…"

    return marks.fill(text, value)


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


class _Known(NamedTuple):
    edition: Edition
    newsletter: Newsletter
    marks: Marks
    day: str
    addresses: dict[str, str]


def _known(session: Session, edition_id: int) -> _Known:
    row = session.execute(
        select(Edition, Issue, Newsletter)
        .join(Issue, Issue.id == Edition.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(Edition.id == edition_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no edition {edition_id}.", edition_id=edition_id)
    edition, issue, newsletter = row
    day = (issue.sent_at or edition.created_at).astimezone(ZoneInfo(newsletter.timezone)).date()
    links = session.scalars(select(Link).where(Link.edition_id == edition_id))
    return _Known(
        edition,
        newsletter,
        Marks(bytes.fromhex(edition.facts["marks"])),
        written_day(newsletter.language, day),
        {str(link.number): link.address for link in links},
    )
