"""Choices of candidates saved under a name, for everybody at a newsletter."""

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.sources.models import SavedFilter
from curator.sources.prose import clean_line
from curator.sources.triage import Choice

MOST_FILTERS = 20
LONGEST_NAME = 40


def list_filters(session: Session, newsletter_id: int) -> list[SavedFilter]:
    """All of a newsletter, by name."""
    statement = select(SavedFilter).where(SavedFilter.newsletter_id == newsletter_id)
    return list(session.scalars(statement.order_by(func.lower(SavedFilter.name), SavedFilter.id)))


def save_filter(session: Session, newsletter_id: int, name: str, choice: Choice, by: str) -> SavedFilter:
    """Keep a choice under a name; the same name again replaces it. `Invalid`: no name, no choice, too many."""
    name = clean_line(name, LONGEST_NAME)
    query = choice.as_query()
    if not name:
        raise Invalid("Give the filter a name.")
    if not query:
        raise Invalid("Choose something first: a source, a language, an age, stars, readers or words. Then save it.")
    known = {one.name for one in list_filters(session, newsletter_id)}
    if name not in known and len(known) >= MOST_FILTERS:
        raise Invalid(f"There are {MOST_FILTERS} filters already. Remove one first.")
    statement = insert(SavedFilter).values(newsletter_id=newsletter_id, name=name, query=query, by=by)
    saved: SavedFilter | None = session.scalar(
        statement.on_conflict_do_update(
            index_elements=["newsletter_id", "name"], set_={"query": query, "by": by}
        ).returning(SavedFilter)
    )
    assert saved is not None  # noqa: S101 - inserted or replaced
    return saved


def remove_filter(session: Session, newsletter_id: int, filter_id: int) -> None:
    """Forget a saved filter; `NotFound` for another newsletter's."""
    gone = session.scalar(
        delete(SavedFilter)
        .where(SavedFilter.id == filter_id, SavedFilter.newsletter_id == newsletter_id)
        .returning(SavedFilter.id)
    )
    if gone is None:
        raise NotFound("There is no such filter.")
