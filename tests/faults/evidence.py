"""Collecting the evidence about a delivery: the sink's log, the ledger's rows, and the numbers every reader is shown.

Page, command line and export are asked as a person would ask them; the rows come from the tables.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.accounts.models import Role
from curator.accounts.sign_ins import open_sign_in
from curator.accounts.users import add_user
from curator.delivery.models import Delivery, Message
from curator.editions.compile import sender_domain
from curator.issues.models import Issue, Newsletter
from curator.settings import get_settings
from curator.web.access import cookie_name
from tests.cli.calling import call
from tests.faults.invariants import Evidence, Leave, Row
from tests.web.conftest import Browser, application

_SUM = re.compile(r"([\d\s]+) candidates = ((?:[\d\s]+ \w+(?: \+ )?)+)")


def collect(
    session: Session, delivery_id: int, log: list[dict[str, Any]], *, leaves: Sequence[Leave] = (), **seen: Any
) -> Evidence:
    """The evidence about one delivery as it stands. `seen` is what only the scenario knows; see `Evidence`."""
    session.rollback()
    delivery = session.get_one(Delivery, delivery_id, populate_existing=True)
    newsletter = session.get_one(Newsletter, delivery.newsletter_id)
    evidence = Evidence(
        rows=_rows(session, delivery_id, sender_domain(newsletter.from_address)),
        log=log,
        state=delivery.state.value,
        expected=delivery.expected,
        numbers={"deliveries show": _told(delivery.issue_id), "the page": _shown(session, delivery, newsletter)},
        exported=call("deliveries", "export", delivery.issue_id).json,
        leaves=list(leaves),
        **seen,
    )
    session.rollback()
    return evidence


def _rows(session: Session, delivery_id: int, domain: str) -> list[Row]:
    columns = (
        Message.id,
        Message.address,
        Message.name,
        Message.subscription_id,
        Message.message_id,
        Message.is_individual,
        Message.state,
        Message.reason,
        Message.marked_at,
    )
    found = session.execute(select(*columns).where(Message.delivery_id == delivery_id).order_by(Message.id))
    return [
        Row(
            number, address, name, subscription, f"<{identity.hex}@{domain}>", is_individual, state.value, reason or "",
            marked_at.timestamp() if marked_at is not None else None,
        )
        for number, address, name, subscription, identity, is_individual, state, reason, marked_at in found
    ]  # fmt: skip


def _told(issue_id: int) -> dict[str, int]:
    """The terms of the sum as `curator deliveries show --json` has them."""
    status = call("deliveries", "show", issue_id).json
    terms = ("candidates", "accepted", "failed", "unknown", "waiting")
    return {**{term: status[term] for term in terms}, "excluded": status["excluded_total"]}


def _shown(session: Session, delivery: Delivery, newsletter: Newsletter) -> dict[str, int]:
    """The same as the delivery's page has them, for somebody who signed in."""
    user = add_user(session, "judge@example.org", Role.OWNER)
    secret = open_sign_in(session, user, agent="judge", settings=get_settings())
    number = session.get_one(Issue, delivery.issue_id).number
    session.commit()
    client = Browser(application(), base_url="http://127.0.0.1:8420", raise_server_exceptions=False)
    client.cookies.set(cookie_name(), secret)
    page = client.get(f"/n/{newsletter.slug}/deliveries/{number}").text
    found = _SUM.search(page)
    assert found, f"no sum on the page of the delivery: {page[:500]}"
    shown = {"candidates": _number(found[1])}
    for term in found[2].split(" + "):
        count, _, name = term.strip().rpartition(" ")
        shown[name] = _number(count)
    return shown


def _number(text: str) -> int:
    return int("".join(text.split()))
