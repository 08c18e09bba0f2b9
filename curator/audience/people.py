"""Finding people: one by address, a page of a newsletter's, and how many are in which state. Reads only."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from curator.audience.addresses import canonical
from curator.audience.eligible import REASONS, candidates
from curator.audience.models import ImportRun, Subscriber, Subscription, SubscriptionState
from curator.errors import Invalid, NotFound

STATES = ("active", "pending", "left", "paused")
LARGEST_PAGE = 500


class Page(NamedTuple):
    """Some subscriptions in order of address, with their people loaded; `after` of the next page, or None."""

    subscriptions: list[Subscription]
    after: str | None


def find_subscriber(session: Session, address: str) -> Subscriber:
    """The person of this address, however it is written; `NotFound` when nobody has it."""
    try:
        key = canonical(address).key
    except Invalid:
        key = address.strip().lower()
    found = session.scalar(select(Subscriber).where(Subscriber.address_key == key))
    if found is None:
        raise NotFound(f"Nobody has the address {address.strip()[:254]}.")
    return found


def find_subscription(session: Session, newsletter_id: int, subscription_id: int) -> Subscription:
    """A subscription of this newsletter, with its person; those of other newsletters do not exist here."""
    found = session.scalar(
        select(Subscription)
        .join(Subscriber)
        .options(contains_eager(Subscription.subscriber))
        .where(Subscription.id == subscription_id, Subscription.newsletter_id == newsletter_id)
    )
    if found is None:
        raise NotFound("There is no such subscriber.")
    return found


def page_of_subscriptions(
    session: Session, newsletter_id: int, search: str = "", state: str = "", after: str = "", limit: int = 50
) -> Page:
    """Up to `limit` subscriptions after the address key `after`, by part of address or name and by one of `STATES`.

    `Invalid` for another state. Keyset paging: the hundredth page costs what the first does.
    """
    query = (
        select(Subscription)
        .join(Subscriber)
        .options(contains_eager(Subscription.subscriber))
        .where(Subscription.newsletter_id == newsletter_id)
        .order_by(Subscriber.address_key)
        .limit(min(limit, LARGEST_PAGE) + 1)
    )
    if state:
        query = query.where(_is_in(state))
    if needle := " ".join(search.split()).replace("\x00", ""):
        like = Subscriber.address_key.contains(needle.lower(), autoescape=True)
        query = query.where(or_(like, Subscriber.name.icontains(needle, autoescape=True)))
    if after:
        query = query.where(Subscriber.address_key > after.replace("\x00", ""))
    found = list(session.scalars(query))
    page = found[: min(limit, LARGEST_PAGE)]
    return Page(page, page[-1].subscriber.address_key if len(found) > len(page) else None)


def counts_by_reason(session: Session, newsletter_id: int) -> dict[str, int]:
    """How many get the next issue ("active") and how many do not, by reason; every reason is present."""
    everyone = candidates(newsletter_id).subquery()
    found = session.execute(select(everyone.c.reason, func.count()).group_by(everyone.c.reason))
    counts: dict[str | None, int] = {row[0]: row[1] for row in found}
    return {"active": counts.get(None, 0)} | {reason: counts.get(reason, 0) for reason in REASONS}


def list_imports(session: Session, newsletter_id: int, limit: int = 10) -> list[ImportRun]:
    """The latest imports into this newsletter."""
    query = select(ImportRun).where(ImportRun.newsletter_id == newsletter_id).order_by(ImportRun.id.desc())
    return list(session.scalars(query.limit(limit)))


def _is_in(state: str) -> ColumnElement[bool]:
    paused = and_(
        Subscription.state == SubscriptionState.ACTIVE,
        func.coalesce(Subscription.paused_until, func.current_date()) > func.current_date(),
    )
    if state == "paused":
        return paused
    if state == "active":
        return and_(Subscription.state == SubscriptionState.ACTIVE, ~paused)
    if state not in STATES:
        raise Invalid(f"There is no state {state[:20]!r}. Choose one of {', '.join(STATES)}.")
    return Subscription.state == SubscriptionState(state)
