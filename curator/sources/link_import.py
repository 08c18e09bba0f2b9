"""Many links at once become articles whose pages workers read, one per host at a time. Says what became of each row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.doorbell import ring
from curator.errors import Invalid
from curator.sources.extract import tidy_tags
from curator.sources.identity import address_key, canonical_address, checked_address
from curator.sources.intake import LONGEST_QUOTE, Way
from curator.sources.link_files import MOST_LINKS, Link
from curator.sources.models import Article, FetchState
from curator.sources.prose import clean_line
from curator.sources.record import zone_of

MOST_REFUSALS = 500
"""Refused rows that are shown; more are only counted."""

_AT_ONCE = 500
_RUNG = 20  # pages that are read at once; the sweeps find the others


@dataclass
class LinkReport:
    """What became of a file: `read` = `added` + `known` + `twice` + `refused`. `left_out` were beyond the limit."""

    read: int = 0
    added: int = 0
    known: int = 0
    twice: int = 0
    refused: int = 0
    left_out: bool = False
    refusals: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, link: Link, reason: str) -> None:
        """Count a row that cannot be used, and remember the first of them."""
        self.refused += 1
        if len(self.refusals) < MOST_REFUSALS:
            shown = clean_line(link.address or link.title, 200)
            self.refusals.append({"line": link.line, "address": shown, "reason": reason})


def import_links(session: Session, newsletter_id: int, links: Iterable[Link], way: Way) -> LinkReport:
    """Take in at most 5,000 links. Addresses the newsletter has, and those that stand twice, are counted."""
    zone_of(session, newsletter_id)  # NotFound for a newsletter that is not there
    report = LinkReport()
    usable = _usable(links, report, newsletter_id, way)
    added: list[int] = []
    while group := list(islice(usable, _AT_ONCE)):
        statement = insert(Article).values(group).on_conflict_do_nothing().returning(Article.id)
        numbers = list(session.scalars(statement))
        report.added += len(numbers)
        report.known += len(group) - len(numbers)
        added += numbers
    for number in added[:_RUNG]:
        ring(session, "sources.read_article", number)
    return report


def _usable(links: Iterable[Link], report: LinkReport, newsletter_id: int, way: Way) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for link in links:
        if report.read >= MOST_LINKS:
            report.left_out = True
            return
        report.read += 1
        if link.problem:
            report.refuse(link, link.problem)
            continue
        try:
            values = _values(link, newsletter_id, way)
        except Invalid as refusal:
            report.refuse(link, refusal.message)
            continue
        if values["address_key"] in seen:
            report.twice += 1
            continue
        seen.add(values["address_key"])
        yield values


def _values(link: Link, newsletter_id: int, way: Way) -> dict[str, Any]:
    address = checked_address(link.address)
    canonical = canonical_address(address)
    return {
        "newsletter_id": newsletter_id,
        "captured_by": way.captured_by,
        "brought_by": way.brought_by,
        "address": canonical,
        "address_key": address_key(address),
        "title": clean_line(link.title) or canonical[:500],
        "quote": clean_line(link.quote, LONGEST_QUOTE),
        "tags": list(tidy_tags(link.tags)),
        "fetch_state": FetchState.WAITING,
    }
