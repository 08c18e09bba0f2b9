"""Clicks per item: people and those who are not told apart, never machines, and only of the edition that was sent."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from curator.editions.models import Link
from curator.events.models import Actor, EventKind
from curator.issues.models import Item, Section
from curator.reports.item_clicks import clicks_of_items
from curator.reports.rollups import roll_up
from tests.events.cast import add_event, send_issue

LATER = datetime.now(UTC) + timedelta(minutes=10)
"""Clicks at the moment of acceptance, or all in one second, would be a machine's."""


def test_people_count_and_machines_do_not(session: Session) -> None:
    sent = send_issue(session, readers=3)
    section = Section(issue_id=sent.issue.id, name="Any", position=9)
    session.add(section)
    session.flush()
    items = [Item(issue_id=sent.issue.id, section_id=section.id, position=n, title=f"T{n}") for n in range(2)]
    session.add_all(items)
    session.flush()
    numbers = session.scalars(select(Link.number).order_by(Link.number)).all()
    session.execute(update(Link).where(Link.number.in_(numbers[:2])).values(item_id=items[0].id))
    for link, reader, actor in (
        (1, 0, Actor.PERSON),
        (2, 1, Actor.PERSON),
        (1, 2, Actor.MACHINE),
        (3, 0, Actor.PERSON),
    ):
        add_event(
            session, sent, EventKind.CLICK, reader=reader, link=link, actor=actor, at=LATER + timedelta(minutes=reader)
        )
    add_event(session, sent, EventKind.CLICK, link=1, at=LATER)
    roll_up(session)
    assert clicks_of_items(session, [item.id for item in items]) == {items[0].id: 3}
    assert clicks_of_items(session, []) == {}
