"""Starting and ending to watch feeds. The pages note an address and a worker looks; the command line looks at once."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.doorbell import ring
from curator.errors import Conflict, Invalid, NotFound
from curator.settings import Settings
from curator.sources.asking import find
from curator.sources.identity import address_key, feed_address
from curator.sources.models import Source, SourceState
from curator.sources.prose import clean_line
from curator.sources.record import zone_of
from curator.sources.watch import refuse_watched, take_answer

_HEARD_WITHIN = timedelta(minutes=2)


class Wanted(NamedTuple):
    """A feed somebody wants watched. `line` is where a list has it; a title that is given stays."""

    address: str
    title: str = ""
    site_address: str | None = None
    folder: str = ""
    line: int = 0


class Outcome(NamedTuple):
    """What became of one feed of a list: `known` is watched already, `twice` stands further up in the same list."""

    line: int
    title: str
    address: str
    outcome: Literal["added", "known", "twice", "refused"]
    reason: str = ""


def add_source(session: Session, newsletter_id: int, address: str, settings: Settings) -> Source:
    """Watch the feed at `address`, or the one the page there names. One GET for each address.

    `NotAFeed`, `FetchFailed`, or `Conflict` when it is watched already. Its entries become articles at once.
    """
    zone_of(session, newsletter_id)  # NotFound for a newsletter that is not there
    address = feed_address(address)
    never_read = _never_read(session, newsletter_id, address)
    if never_read is None:
        refuse_watched(session, newsletter_id, address)
    answer = find(address, settings, lambda there: refuse_watched(session, newsletter_id, there))
    if answer.failure is not None:
        raise answer.failure
    source = never_read or _new(session, newsletter_id, answer.address)
    if never_read is not None:
        source.address, source.state = address, SourceState.ACTIVE
    take_answer(session, source, answer)
    session.flush()
    return source


def watch_address(session: Session, newsletter_id: int, address: str) -> Source:
    """Note an address; after the commit a worker looks for its feed. `Conflict` when it is watched already.

    Another spelling of one that never answered (http for https, say) corrects that one.
    """
    zone_of(session, newsletter_id)
    address = feed_address(address)
    source = _never_read(session, newsletter_id, address) or _new(session, newsletter_id, address)
    source.address, source.state, source.failures, source.last_error = address, SourceState.ACTIVE, 0, None
    look_soon(session, source)
    return source


def look_soon(session: Session, source: Source) -> None:
    """Ring for a look after the commit. The sweep follows only when nobody heard, so that one wish is one request."""
    source.next_fetch_at = func.now() + _HEARD_WITHIN
    session.flush()
    ring(session, "sources.refresh", source.id)


def watch_all(session: Session, newsletter_id: int, wanted: Iterable[Wanted]) -> list[Outcome]:
    """Note every feed of a list; workers look at them one per host at a time. One outcome for each, in order."""
    zone_of(session, newsletter_id)
    seen: set[str] = set()
    outcomes = [_take(session, newsletter_id, one, seen) for one in wanted]
    ring(session, "sources.due")
    return outcomes


def remove_source(session: Session, newsletter_id: int, source_id: int) -> None:
    """Stop watching for good. The articles it brought stay."""
    gone = session.execute(
        delete(Source).where(Source.id == source_id, Source.newsletter_id == newsletter_id).returning(Source.id)
    ).first()
    if gone is None:
        raise NotFound("There is no such source.")


def list_sources(session: Session, newsletter_id: int) -> list[Source]:
    """The sources of a newsletter by title."""
    statement = select(Source).where(Source.newsletter_id == newsletter_id)
    return list(session.scalars(statement.order_by(func.lower(Source.title), Source.id)))


def _take(session: Session, newsletter_id: int, one: Wanted, seen: set[str]) -> Outcome:
    title, shown = clean_line(one.title, 200), clean_line(one.address, 300)
    try:
        wanted = one._replace(address=feed_address(one.address), title=title)
        key = address_key(wanted.address)
    except Invalid as refusal:
        return Outcome(one.line, title, shown, "refused", refusal.message)
    if key in seen:
        return Outcome(one.line, title, shown, "twice")
    seen.add(key)
    number = _insert(session, newsletter_id, wanted)
    return Outcome(one.line, title, shown, "known" if number is None else "added")


def _never_read(session: Session, newsletter_id: int, address: str) -> Source | None:
    """The source of this key, when it never answered under the spelling it has and `address` is another one."""
    return session.scalar(
        select(Source)
        .where(Source.newsletter_id == newsletter_id, Source.address_key == address_key(address))
        .where(Source.succeeded_at.is_(None), Source.address != address)
        .with_for_update()
    )


def _new(session: Session, newsletter_id: int, address: str) -> Source:
    refuse_watched(session, newsletter_id, address)
    number = _insert(session, newsletter_id, Wanted(address))
    if number is None:
        raise Conflict("This newsletter watches that feed already.", address=address)
    return session.get_one(Source, number)


def _insert(session: Session, newsletter_id: int, wanted: Wanted) -> int | None:
    """The id of a new row, or None when the newsletter has one of this address."""
    values = {
        "newsletter_id": newsletter_id,
        "address": wanted.address,
        "address_key": address_key(wanted.address),
        "title": clean_line(wanted.title, 200),
        "site_address": wanted.site_address,
        "folder": clean_line(wanted.folder, 200),
    }
    return session.scalar(insert(Source).values(values).on_conflict_do_nothing().returning(Source.id))
