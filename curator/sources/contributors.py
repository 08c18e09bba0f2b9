"""The contributors' door: a reader's suggestion becomes a candidate, read by a worker like any captured address.

Whoever suggests learns nothing: not whether the article was known, nor whether somebody listens. An article that many
suggest is one candidate with many suggestions. Everything a reader typed stays on the suggestion, as data.
"""

import hmac
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import column, func, or_, select, table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.errors import Conflict
from curator.settings import Settings
from curator.sources.contributor_models import MutedContributor, Suggestion
from curator.sources.identity import address_key, checked_address
from curator.sources.intake import Way, add_address
from curator.sources.models import Article, CapturedBy
from curator.sources.prose import clean_line
from curator.sources.record import find_same

LONGEST_NAME = 60
LONGEST_NOTE = 500

MOST_A_DAY = 300
"""Suggestions a newsletter takes in a day, whoever makes them."""

MOST_OF_ONE = 10
"""Suggestions of one mailbox to one newsletter in a day."""

MOST_FOR_ONE = 20
"""Suggestions of one article that are kept, and so the most thank-yous it can lead to."""

_DAY = timedelta(days=1)
_WAY = Way(CapturedBy.SUGGESTION)


class Contributor(NamedTuple):
    """Who suggests, as far as they say. `network` is truncated; `address` is one that can be mailed, or None.

    `mailbox`: what they are counted and muted by where `address` is not theirs for certain.
    """

    name: str = ""
    may_name: bool = False
    note: str = ""
    address: str | None = None
    network: str | None = None
    mailbox: str | None = None


def door_is_open(session: Session, newsletter_id: int) -> bool:
    """Whether the newsletter takes suggestions. Its table is a later stage's: read by name only."""
    newsletter = table("newsletter", column("id"), column("takes_suggestions"))
    return bool(session.scalar(select(newsletter.c.takes_suggestions).where(newsletter.c.id == newsletter_id)))


def suggest(session: Session, newsletter_id: int, address: str, who: Contributor, settings: Settings) -> None:
    """Take a suggestion down. `Invalid`: not the address of a page. `Conflict`: the newsletter's day is full.

    Who is muted, says it twice or too often gets no other answer than everybody else.
    """
    checked = checked_address(address)
    if _count(session, newsletter_id, None) >= MOST_A_DAY:
        raise Conflict("So many articles were suggested today that no more can be taken. Try again tomorrow.")
    pepper = settings.secret("pepper")
    mailbox = who.address or who.mailbox
    key = mailbox_hash(mailbox, pepper) if mailbox else None
    if is_muted(session, newsletter_id, key, who.network, pepper):
        return
    if key is not None and _count(session, newsletter_id, key) >= MOST_OF_ONE:
        return
    article = find_same(session, newsletter_id, address_key(checked), None)
    if article is None:
        article = add_address(session, newsletter_id, checked, way=_WAY).article
    if not _is_one_too_many(session, article, key, who.network):
        _insert(session, article, who, key, person_hash(mailbox, pepper) if mailbox else None)


def mailbox_hash(address: str, pepper: bytes) -> bytes:
    """What a contributor's mailbox is counted by (HMAC-SHA-256): case, dots and a plus tag make no other one.

    Not the hash suppressions are kept by, so that neither list tells who is on the other.
    """
    local, _, domain = address.strip().casefold().rpartition("@")
    mailbox = f"{local.partition('+')[0].replace('.', '') or local}@{domain}"
    return hmac.digest(pepper, f"contributor {mailbox}".encode(), "sha256")


def person_hash(address: str, pepper: bytes) -> bytes:
    """What a person is found by again: their address, but for case. Elsewhere dots do make another person."""
    return hmac.digest(pepper, f"person {address.strip().casefold()}".encode(), "sha256")


def network_hash(network: str, pepper: bytes) -> bytes:
    """The same for a truncated network."""
    return hmac.digest(pepper, f"network {network}".encode(), "sha256")


def is_muted(session: Session, newsletter_id: int, key: bytes | None, network: str | None, pepper: bytes) -> bool:
    """Whether the newsletter does not listen to this mailbox or network."""
    keys = [one for one in (key, network_hash(network, pepper) if network else None) if one is not None]
    statement = select(MutedContributor.id).where(
        MutedContributor.newsletter_id == newsletter_id,
        MutedContributor.key.in_(keys),
        or_(MutedContributor.until.is_(None), MutedContributor.until > func.now()),
    )
    return session.scalar(statement.limit(1)) is not None


def names_to_credit(session: Session, article_id: int, most: int = 3) -> list[str]:
    """The names of those who suggested an article and agreed to be named, in order of time."""
    statement = select(Suggestion.name).where(
        Suggestion.article_id == article_id, Suggestion.may_name, Suggestion.name != ""
    )
    return list(dict.fromkeys(session.scalars(statement.order_by(Suggestion.id))))[:most]


def _count(session: Session, newsletter_id: int, key: bytes | None) -> int:
    today = select(func.count()).where(
        Suggestion.newsletter_id == newsletter_id, Suggestion.created_at > func.now() - _DAY
    )
    return session.scalar(today if key is None else today.where(Suggestion.key == key)) or 0


def _is_one_too_many(session: Session, article: Article, key: bytes | None, network: str | None) -> bool:
    """Many suggest it already, or somebody without an address does from the same network."""
    rows = session.execute(select(Suggestion.key, Suggestion.network).where(Suggestion.article_id == article.id)).all()
    return len(rows) >= MOST_FOR_ONE or (key is None and (None, network) in [tuple(row) for row in rows])


def _insert(session: Session, article: Article, who: Contributor, key: bytes | None, person: bytes | None) -> None:
    name = clean_line(_plain(who.name), LONGEST_NAME)
    values = {
        "newsletter_id": article.newsletter_id,
        "article_id": article.id,
        "name": name,
        "may_name": who.may_name and bool(name),
        "note": clean_line(_plain(who.note), LONGEST_NOTE),
        "address": who.address,
        "key": key,
        "person": person,
        "network": who.network,
    }
    session.execute(insert(Suggestion).values(values).on_conflict_do_nothing())


def _plain(words: str) -> str:
    """Without what turns the reading direction of the words around it."""
    return "".join(one for one in words if one not in _TURNING)


_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
