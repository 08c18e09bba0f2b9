"""The postman sends notices that are due, over a line to the best relay of the pool, committing after each.

A notice in doubt is sent again by itself, with the same Message-ID: a missing confirmation is worse than a second one.
Where the domain of From signs its mail (DKIM), that happens here, at every try.
"""

import asyncio
import random
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from curator.db.session import transaction
from curator.delivery.connect import Trouble, hello_name, open_line
from curator.delivery.domain_keys import signed
from curator.delivery.lines import OPENING_SECONDS
from curator.delivery.models import Notice, NoticeState
from curator.delivery.relay_choice import health_after, in_order
from curator.delivery.relay_health import note_failure
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.relays import pool_for
from curator.delivery.replies import Answer, Fate, Phase, is_hopeless, judge, wait_seconds
from curator.delivery.smtp import Line, Waits
from curator.settings import Settings

log = structlog.get_logger(__name__)

_AT_ONCE = 20

# Taken by moving its next turn ahead: whoever dies with it in hand delays it, and loses it never.
_TAKE = text(
    """
    UPDATE notice SET attempts = attempts + 1, not_before = clock_timestamp() + make_interval(secs => :lease)
    WHERE id IN (SELECT id FROM notice WHERE state = 'waiting' AND not_before <= clock_timestamp()
                 ORDER BY not_before LIMIT :count FOR UPDATE SKIP LOCKED)
    RETURNING id, sender, address, content, attempts, newsletter_id,
        extract(epoch FROM clock_timestamp() - created_at) / 3600 AS hours
    """
)


_IS_DUE = text("SELECT EXISTS (SELECT FROM notice WHERE state = 'waiting' AND not_before <= clock_timestamp())")


class _Due(NamedTuple):
    id: int
    sender: str
    address: str
    content: bytes
    attempts: int
    newsletter_id: int | None
    hours: float


def send_due_notices(settings: Settings) -> int:
    """Send what is due; how many the relay took. `Unavailable` when there is no relay: they wait."""
    sent = 0
    while taken := _take(settings):
        sent += sum(asyncio.run(_send_all(relays, due, settings)) for relays, due in taken.items())
    return sent


def notices_are_due(session: Session) -> bool:
    """Does somebody wait for a mail that could be sent now?"""
    return bool(session.scalar(_IS_DUE))


def _take(settings: Settings) -> dict[tuple[RelayPlan, ...], list[_Due]]:
    lease = settings.smtp_phase_seconds * 2 + settings.lease_seconds
    with transaction() as session:
        rows = session.execute(_TAKE, {"lease": lease, "count": _AT_ONCE}).all()
        pools: dict[int | None, tuple[RelayPlan, ...]] = {}
        found: dict[tuple[RelayPlan, ...], list[_Due]] = {}
        for due in (_Due(*row) for row in rows):
            if due.newsletter_id not in pools:
                pools[due.newsletter_id] = pool_for(session, due.newsletter_id)
            due = due._replace(content=signed(session, due.content, datetime.now(UTC)))
            found.setdefault(pools[due.newsletter_id], []).append(due)
        return found


async def _send_all(relays: tuple[RelayPlan, ...], notices: list[_Due], settings: Settings) -> int:
    waits = Waits(dot=settings.smtp_phase_seconds, phase=settings.smtp_phase_seconds)
    sent, line = 0, None
    for due in notices:
        try:
            if line is None or not line.is_usable:
                line = await _open_any(relays, waits, hello_name(settings.public_url))
        except Trouble as trouble:
            _write(due, trouble.answer, Fate.DEFERRED)
            continue
        answer = await line.deliver(due.sender, due.address, due.content)
        fate = judge(answer).fate
        sent += fate is Fate.ACCEPTED
        _write(due, answer, fate)
    if line is not None:
        await line.quit()
    return sent


async def _open_any(relays: tuple[RelayPlan, ...], waits: Waits, hello: str) -> Line:
    """A line to the first relay of the pool that gives one; `Trouble` of the last when none does."""
    trouble = Trouble(Answer(Phase.CONNECT, why="there is no relay"))
    for relay in in_order(relays):
        try:
            async with asyncio.timeout(OPENING_SECONDS if len(relays) > 1 else None):
                line = await open_line(relay, waits, hello)
        except Trouble as error:
            trouble = error
        except TimeoutError:
            trouble = Trouble(Answer(Phase.CONNECT, why="no answer in time"))
        else:
            return line
        with transaction() as session:
            note_failure(session, relay.id, health_after(trouble.answer), str(trouble.answer))
    raise trouble


def _write(due: _Due, answer: Answer, fate: Fate) -> None:
    """Sent, failed for good, or later again: also when in doubt, and when the relay refuses us."""
    values: dict[str, object] = {"last_reply": str(answer)}
    if fate is Fate.ACCEPTED:
        values |= {"state": NoticeState.SENT, "sent_at": func.clock_timestamp()}
    elif fate is Fate.REJECTED or is_hopeless(due.attempts, float(due.hours)):
        values |= {"state": NoticeState.FAILED}
    else:
        wait = wait_seconds(due.attempts, random.random())  # noqa: S311 - spreads tries, guards nothing
        values |= {"not_before": func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, wait)}
    with transaction() as session:
        session.execute(update(Notice).where(Notice.id == due.id).values(**values))
    log.info("notice_tried", notice=due.id, fate=fate.value, attempts=due.attempts)
