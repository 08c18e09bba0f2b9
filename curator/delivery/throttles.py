"""Throttles: how many mails a second may leave from a sender's domain or go to a recipient's.

Takes effect with the next slice. Changing one lets those that were put off for it look for a turn again.
"""

import math

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from curator.delivery import batches
from curator.delivery.batches import IN_BATCH
from curator.delivery.limits import SAME_PROVIDER, provider_of
from curator.delivery.models import Throttle, ThrottleScope
from curator.errors import Invalid, NotFound

_LOOK_AGAIN = text(
    f"""
    WITH freed AS (
        UPDATE message SET not_before = clock_timestamp()
        FROM batch JOIN delivery ON delivery.id = batch.delivery_id
        WHERE delivery.state NOT IN ('sent', 'cancelled') AND batch.is_open AND {IN_BATCH}
          AND message.state = 'deferred' AND message.reason LIKE :reason
        RETURNING message.delivery_id
    )
    SELECT DISTINCT delivery_id FROM freed
    """  # noqa: S608 - our own constants
)


def set_throttle(session: Session, scope: str, domain: str, rate: float) -> Throttle:
    """At most `rate` messages a second from or to this domain."""
    kind, name = _scope(scope), _domain(domain)
    if not (rate > 0 and math.isfinite(rate)):
        raise Invalid("A rate is a number of messages per second above 0; remove the throttle for no limit.")
    values = {"scope": kind, "domain": name, "rate": rate}
    statement = insert(Throttle).values(values)
    session.execute(statement.on_conflict_do_update(index_elements=["scope", "domain"], set_={"rate": rate}))
    _let_look_again(session, kind, name)
    return session.scalars(
        select(Throttle)
        .where(Throttle.scope == kind, Throttle.domain == name)
        .execution_options(populate_existing=True)
    ).one()


def list_throttles(session: Session) -> list[Throttle]:
    """All of them, senders first, by domain."""
    return list(session.scalars(select(Throttle).order_by(Throttle.scope.desc(), Throttle.domain)))


def remove_throttle(session: Session, scope: str, domain: str) -> None:
    """No limit any more; `NotFound` when there was none."""
    kind, name = _scope(scope), _domain(domain)
    gone = session.execute(
        delete(Throttle).where(Throttle.scope == kind, Throttle.domain == name).returning(Throttle.id)
    ).first()
    if gone is None:
        raise NotFound(f"There is no throttle for {kind.value} {name}.")
    _let_look_again(session, kind, name)


def waiting_reason(domain: str, rate: float) -> str:
    """Why a message is put off, for people, and for finding it again."""
    return f"waits for its turn: at most {rate:g} a second to {domain}"


def _let_look_again(session: Session, scope: ThrottleScope, domain: str) -> None:
    if scope is ThrottleScope.RECIPIENT_DOMAIN:
        for delivery_id in session.scalars(_LOOK_AGAIN, {"reason": f"waits for its turn: % to {domain}"}).all():
            batches.settle(session, delivery_id)


def _scope(scope: str) -> ThrottleScope:
    try:
        return ThrottleScope(scope)
    except ValueError:
        raise Invalid(f"A throttle is for {' or '.join(ThrottleScope)}, not {scope!r}.") from None


def _domain(text: str) -> str:
    name = provider_of(f"x@{text.strip().lstrip('@')}")
    letters = name.replace("-", "").replace(".", "")
    if "." not in name or not letters.isalnum() or not name.isascii():
        raise Invalid(f"{text!r} is no domain. Write it like gmail.com.")
    return SAME_PROVIDER.get(name, name)
