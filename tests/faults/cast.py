"""Whom a fault test mails: readers of several domains, each with a name, every third with links of their own."""

from collections.abc import Iterable
from itertools import islice

from sqlalchemy import insert
from sqlalchemy.orm import Session

from curator.audience.addresses import address_hash
from curator.audience.models import Subscriber, Subscription, SubscriptionState
from curator.delivery.freeze import freeze
from curator.delivery.models import Delivery
from curator.delivery.plan import send_issue
from curator.delivery.relays import set_relay
from curator.issues.compose import add_item, create_issue
from curator.issues.models import Issue, Newsletter
from curator.issues.newsletters import create_newsletter
from curator.settings import Settings
from tests.issues.rows import an_article
from tests.sink_record import A_NAME

DOMAINS = 7


def an_address(number: int) -> str:
    """The address of reader `number`."""
    return f"r{number}@d{number % DOMAINS}.example"


def a_newsletter(session: Session, settings: Settings, readers: int, slug: str = "week") -> Newsletter:
    """A newsletter with this many readers."""
    newsletter = create_newsletter(session, slug, name="Week", from_address="desk@example.org")
    add_people(session, settings, newsletter, ((an_address(n), A_NAME % n) for n in range(readers)))
    return newsletter


def add_people(session: Session, settings: Settings, newsletter: Newsletter, people: Iterable[tuple[str, str]]) -> None:
    """Active subscriptions for (address, name); every third agrees to be measured."""
    pepper = settings.secret("pepper")
    coming = iter(people)
    while some := list(islice(coming, 5000)):
        rows = [
            {"address": a, "address_key": a, "address_hash": address_hash(a, pepper), "name": name} for a, name in some
        ]
        ids = session.scalars(insert(Subscriber).returning(Subscriber.id, sort_by_parameter_order=True), rows).all()
        common = {"newsletter_id": newsletter.id, "state": SubscriptionState.ACTIVE}
        links = [{"subscriber_id": i, "tracking_consent": n % 3 == 0, **common} for n, i in enumerate(ids)]
        session.execute(insert(Subscription), links)


def an_issue(session: Session, newsletter: Newsletter, title: str = "Over chips") -> Issue:
    """A draft that calls its reader by name, with one article."""
    issue = create_issue(session, newsletter.id, "Deze week", by="editor@example.org")
    issue.intro = "Beste {name|lezer}, dit is de week."
    article = an_article(session, newsletter, f"chips-{issue.id}", title=title)
    add_item(session, issue.id, article.id, issue.sections[0].name, "Een zin.")
    return issue


def a_delivery(session: Session, settings: Settings, readers: int, port: int, **relay: object) -> Delivery:
    """A delivery that is sending through the sink at `port`, nothing sent yet. Committed."""
    issue = an_issue(session, a_newsletter(session, settings, readers))
    aim(session, port, **relay)
    return start(session, settings, issue)


def aim(session: Session, port: int, **relay: object) -> None:
    """The relay `default` is the sink at `port`."""
    set_relay(session, "default", host="127.0.0.1", port=port, **{"security": "none", **relay})  # type: ignore[arg-type]


def start(session: Session, settings: Settings, issue: Issue) -> Delivery:
    """Send pressed and the audience frozen. Committed."""
    delivery = send_issue(session, issue.id, by="editor@example.org", now=True, settings=settings)
    assert freeze(session, delivery.id, settings) is delivery
    session.commit()
    return delivery
