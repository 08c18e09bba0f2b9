"""How much of a hit may be kept: decided by the newsletter's tracking and the reader's consent as they are at the hit.

So a withdrawal also covers mails sent before it. Pure: values in, a value out. What may not be kept is not in it.
"""

from datetime import date, datetime
from typing import NamedTuple

from curator.events.hits import Hit
from curator.events.machines import Context, judge
from curator.events.models import Actor, EventKind
from curator.issues.models import Tracking


class MessageFacts(NamedTuple):
    """What the ledger says of a message now. `subscription_id` is None once the person was erased."""

    subscription_id: int | None
    accepted_at: datetime | None
    has_consent: bool


class Row(NamedTuple):
    """What goes into the event table, in the order of `COLUMNS`."""

    at: datetime
    kind: EventKind
    actor: Actor
    issue_id: int
    edition_id: int
    message_id: int | None
    subscription_id: int | None
    link_number: int | None
    agent: str
    sign: str


class Kept(NamedTuple):
    """The row, and for tracking `hygiene` the subscription that was seen to open and on which day."""

    row: Row
    opened: tuple[int, date] | None = None


def attribute(hit: Hit, issue_id: int, tracking: Tracking, message: MessageFacts | None) -> Kept | None:
    """What to keep of a hit on an issue; None for nothing at all. `message` is None for tokens all readers share."""
    if tracking is Tracking.OFF:
        return None
    if tracking is Tracking.INDIVIDUAL and message is not None and message.has_consent:
        return Kept(_individual(hit, issue_id, message))
    return Kept(_aggregate(hit, issue_id), _opened(hit, message) if tracking is Tracking.HYGIENE else None)


def _individual(hit: Hit, issue_id: int, message: MessageFacts) -> Row:
    actor, sign = judge(hit.at, hit.signs, Context(True, message.accepted_at))
    return Row(
        hit.at,
        hit.kind,
        actor,
        issue_id,
        hit.edition_id,
        hit.message_id,
        message.subscription_id,
        hit.link_number,
        hit.signs.family,
        sign,
    )


def _aggregate(hit: Hit, issue_id: int) -> Row:
    """A count and nothing more: no message, no person, not even the agent's family."""
    actor, sign = judge(hit.at, hit.signs, Context(False))
    return Row(hit.at, hit.kind, actor, issue_id, hit.edition_id, None, None, hit.link_number, "", sign)


def _opened(hit: Hit, message: MessageFacts | None) -> tuple[int, date] | None:
    if message is None or message.subscription_id is None or hit.kind is not EventKind.OPEN:
        return None
    actor, _ = judge(hit.at, hit.signs, Context(True, message.accepted_at))
    return (message.subscription_id, hit.at.date()) if actor is Actor.PERSON else None
