"""What the links of drafts answered, by address, with when: asked in the background, kept, and asked again when old.

The rows are the queue. One process at a time takes addresses, by host: so one request runs per host, with a pause
between two, and no second worker is kept from sending. Nothing here fetches: see `link_answer`.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, ForeignKey, Index, Integer, LargeBinary, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from curator.db.base import Base, Id, states
from curator.issues.models import Issue, IssueState

FRESH_FOR = timedelta(hours=24)
"""How long an answer is good for. A dead link is asked again sooner: it may have been the site's bad minute."""

DEAD_FRESH_FOR = timedelta(minutes=10)
LEASE = timedelta(minutes=2)
_CLAIM_LOCK = 0x6C696E6B  # one claimer at a time


class Verdict(StrEnum):
    """What an address answered. `unsure`: the site does not talk to machines; `reserved`: a name for examples."""

    FINE = "fine"
    MOVED = "moved"
    ELSEWHERE = "elsewhere"
    DEAD = "dead"
    SILENT = "silent"
    UNSURE = "unsure"
    RESERVED = "reserved"


class LinkCheck(Base):
    """An address that stands in a draft. `verdict` is NULL until it was asked; `target` is where it led."""

    __tablename__ = "link_check"
    __table_args__ = (Index("ix_link_check_wanted", "wanted_at"),)

    id: Mapped[Id]
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)  # addresses may be too long for an index
    address: Mapped[str]
    host: Mapped[str]
    wanted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    taken_until: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    verdict: Mapped[Verdict | None] = mapped_column(states(Verdict))
    status: Mapped[int | None] = mapped_column(Integer)
    target: Mapped[str] = mapped_column(server_default="")


class LinkListing(Base):
    """The version of an issue whose links were last put down to be asked."""

    __tablename__ = "link_listing"

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    listed_at: Mapped[datetime] = mapped_column(server_default=func.now())


@dataclass(frozen=True)
class Answer:
    """What one address answered."""

    verdict: Verdict
    status: int | None = None
    target: str = ""


def unlisted_drafts(session: Session, limit: int = 20) -> list[int]:
    """Drafts that changed since their links were put down, or whose answers grow old while somebody works on them."""
    is_old = (LinkListing.listed_at < func.now() - FRESH_FOR / 2) & (Issue.changed_at > func.now() - FRESH_FOR * 7)
    statement = (
        select(Issue.id)
        .outerjoin(LinkListing, LinkListing.issue_id == Issue.id)
        .where(Issue.state == IssueState.DRAFT)
        .where(or_(LinkListing.version.is_(None), LinkListing.version != Issue.version, is_old))
        .order_by(Issue.changed_at.desc())
        .limit(limit)
    )
    return list(session.scalars(statement))


def put_down(session: Session, issue_id: int, version: int, addresses: Collection[str]) -> None:
    """Have these addresses of an issue's version asked; those that were asked lately keep their answer."""
    rows = [{"address_hash": _hash(a), "address": a, "host": _host(a)} for a in sorted(set(addresses))]
    if rows:
        wanted = insert(LinkCheck).values(rows)
        session.execute(
            wanted.on_conflict_do_update(index_elements=[LinkCheck.address_hash], set_={"wanted_at": func.now()})
        )
    listing = insert(LinkListing).values(issue_id=issue_id, version=version)
    session.execute(
        listing.on_conflict_do_update(
            index_elements=[LinkListing.issue_id], set_={"version": version, "listed_at": func.now()}
        )
    )


def take(session: Session, hosts: int = 8, most: int = 40) -> dict[str, list[tuple[int, str]]]:
    """Addresses to ask now, by host: (id, address). None while somebody else is asking."""
    session.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))
    now = func.clock_timestamp()
    if session.scalar(select(exists().where(LinkCheck.taken_until > now))):
        return {}
    due = _is_due()
    chosen = select(LinkCheck.host).where(due).group_by(LinkCheck.host).order_by(func.min(LinkCheck.wanted_at))
    ids = (
        select(LinkCheck.id)
        .where(due, LinkCheck.host.in_(chosen.limit(hosts)))
        .order_by(LinkCheck.wanted_at.desc(), LinkCheck.id)
        .limit(most)
    )
    taken = (
        update(LinkCheck)
        .where(LinkCheck.id.in_(ids))
        .values(taken_until=now + LEASE)
        .returning(LinkCheck.host, LinkCheck.id, LinkCheck.address)
    )
    by_host: dict[str, list[tuple[int, str]]] = {}
    for host, link_id, address in session.execute(taken):
        by_host.setdefault(host, []).append((link_id, address))
    return by_host


def give_back(session: Session, ids: Collection[int]) -> None:
    """Let go of addresses that were taken and not asked."""
    session.execute(update(LinkCheck).where(LinkCheck.id.in_(ids)).values(taken_until=None))


def note(session: Session, link_id: int, answer: Answer) -> None:
    """Keep what an address answered."""
    session.execute(
        update(LinkCheck)
        .where(LinkCheck.id == link_id)
        .values(
            verdict=answer.verdict,
            status=answer.status,
            target=answer.target,
            checked_at=func.clock_timestamp(),
            taken_until=None,
        )
    )


def answers_of(session: Session, addresses: Collection[str]) -> dict[str, LinkCheck]:
    """Per address that was ever put down, its row; without a verdict it is still to be asked."""
    hashes = [_hash(address) for address in set(addresses)]
    rows = session.scalars(
        select(LinkCheck).where(LinkCheck.address_hash.in_(hashes)).execution_options(populate_existing=True)
    )
    return {row.address: row for row in rows}


def forget_old(session: Session, days: int = 90) -> int:
    """Delete addresses that stand in no draft any more; how many."""
    old = LinkCheck.wanted_at < func.now() - timedelta(days=days)
    return len(session.execute(delete(LinkCheck).where(old).returning(LinkCheck.id)).all())


def _is_due() -> ColumnElement[bool]:
    """Never asked, or asked too long before it was last wanted."""
    is_doubtful = LinkCheck.verdict.in_((Verdict.DEAD, Verdict.SILENT))
    age = func.now() - LinkCheck.checked_at
    is_stale = or_(age > FRESH_FOR, is_doubtful & (age > DEAD_FRESH_FOR))
    is_wanted = LinkCheck.wanted_at > func.now() - FRESH_FOR
    return is_wanted & or_(LinkCheck.checked_at.is_(None), is_stale)


def _hash(address: str) -> bytes:
    return hashlib.sha256(address.encode("utf-8", "replace")).digest()


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
