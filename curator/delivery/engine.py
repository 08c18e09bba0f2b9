"""The engine: one slice of a delivery, sent over a relay's lines by the protocol of the fenced marker.

The one exception to "only edges commit": every statement here commits by itself (see marker.py), because what was said
to a relay cannot be rolled back. The order for a message: claim, everything but the dot, marker, dot, outcome.
Who may mark, and how it is proven that somebody no longer can: see ownership.py.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import psycopg
import structlog

from curator.db.session import transaction
from curator.delivery.claim import Claimed
from curator.delivery.closing import close_if_done, set_reason, stop_sending
from curator.delivery.connect import Trouble, open_line
from curator.delivery.due import rest
from curator.delivery.marker import Outcome
from curator.delivery.models import MessageState
from curator.delivery.ownership import Ownership
from curator.delivery.pace import Pace
from curator.delivery.replies import Answer, Fate, Phase, Verdict, is_hopeless, is_lasting, judge, wait_seconds
from curator.delivery.smtp import Envelope, Line, Waits
from curator.delivery.supply import Supply
from curator.delivery.work import Work, load_work
from curator.errors import CuratorError, Unavailable
from curator.settings import Settings

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 10.0


class SliceResult(NamedTuple):
    """What one slice did, in messages."""

    sent: int = 0
    rejected: int = 0
    deferred: int = 0
    unknown: int = 0


def run_slice(delivery_id: int, *, settings: Settings, should_stop: Callable[[], bool]) -> SliceResult:
    """Send until nothing is claimable, the time slice ends, the delivery stops or `should_stop()` says so.

    Any number of slices of one delivery may run at once. `Unavailable` when the database cannot be reached.
    """
    try:
        with transaction() as session:
            work = load_work(session, delivery_id, settings)
    except Unavailable as error:
        _in_transaction(stop_sending, delivery_id, error.message)
        raise
    if work is None:
        return SliceResult()
    counts = _run(_Slice(work, settings, should_stop).run())
    _in_transaction(close_if_done, delivery_id)
    return SliceResult(*(counts[state] for state in ("accepted", "rejected", "deferred", "unknown")))


class _Slice:
    """The lines of one slice and what they share."""

    def __init__(self, work: Work, settings: Settings, should_stop: Callable[[], bool]) -> None:
        self._work = work
        self._settings = settings
        self._should_stop = should_stop
        self._ends_at = time.monotonic() + settings.slice_seconds
        self._waits = Waits(dot=settings.smtp_reply_seconds, phase=settings.smtp_phase_seconds)
        self._counts: Counter[str] = Counter()
        self._failures = 0
        self._open_lines = 0
        self._said = False
        self._stopping: asyncio.Task[None] | None = None
        self._bodies: dict[int, bytes] = {}  # made for an envelope that was sent ahead

    async def run(self) -> Counter[str]:
        """One line first: nothing is claimed before the relay has answered. Then all of them."""
        self._over = asyncio.Event()
        self._pace = Pace(self._settings.redis_url, self._work.limits, self._over)
        watch = asyncio.create_task(self._watch())
        try:
            first = await self._line(None)
            if first is not None:
                await self._send_over(first)
        finally:
            self._over.set()
            await asyncio.gather(watch, return_exceptions=True)
            await self._pace.close()
            if self._pace.rest is not None:
                await asyncio.to_thread(_in_transaction, rest, self._work.delivery_id, *self._pace.rest)
            if self._stopping is not None:
                await self._stopping
        return self._counts

    async def _send_over(self, first: Line) -> None:
        try:
            self._owner = await Ownership.begin(
                self._settings.database_url, self._work.delivery_id, self._work.relay.id
            )
        except Unavailable:
            first.drop()
            raise
        lines = self._work.relay.connections
        self._supply = Supply(
            self._owner.claims, self._work.delivery_id, self._owner.name, lease=self._settings.lease_seconds
        )
        self._owner.scribe.on_written = self._supply.done
        self._pace.feed(self._supply, self._put_off)
        renewing = asyncio.create_task(self._renew())
        try:
            carriers = [self._carry(first if number == 0 else None) for number in range(lines)]
            # Every line finishes its message whatever happens to another: a message cut short would be in doubt.
            for end in await asyncio.gather(*carriers, return_exceptions=True):
                if end is not None:
                    raise end
        finally:
            renewing.cancel()
            self._supply.close()
            await self._owner.end(self._supply)

    # -- one line ----------------------------------------------------------------------------------------------------

    async def _carry(self, line: Line | None) -> None:
        """Message after message over one line, opened when needed. An envelope leaves with the dot before it."""
        following: Claimed | None = None

        def foresee() -> Envelope | None:
            nonlocal following
            following = self._at_hand()
            return self._envelope(following) if following is not None else None

        try:
            while not self._over.is_set() and (claimed := following or await self._pace.next()) is not None:
                following = None
                line = await self._line(line)
                if line is None:
                    self._supply.take_back(claimed)
                    return
                if await self._pace.take(claimed, self._work.relay.id):
                    await self._send(line, claimed, foresee)
        except psycopg.Error as error:
            log.warning("claims_connection_lost", error=type(error).__name__)
            self._over.set()
        except BaseException:
            self._over.set()
            raise
        finally:
            if following is not None:
                self._supply.take_back(following)
            if line is not None:
                self._open_lines -= 1
                await line.quit()

    def _at_hand(self) -> Claimed | None:
        """The next message, if nothing has to be waited for."""
        return None if self._over.is_set() else self._pace.at_hand()

    def _envelope(self, claimed: Claimed) -> Envelope | None:
        try:
            self._bodies[claimed.id] = self._work.message(claimed)
        except CuratorError:
            return None  # its own turn says why
        return Envelope(self._work.sender, claimed.address, len(self._bodies[claimed.id]))

    async def _send(self, line: Line, claimed: Claimed, foresee: Callable[[], Envelope | None]) -> None:
        try:
            body = self._bodies.pop(claimed.id, None) or self._work.message(claimed)
        except CuratorError as error:
            answer = Answer(Phase.ADDRESS, why=error.message)
        else:
            answer = await line.deliver(
                self._work.sender, claimed.address, body, lambda: self._owner.scribe.mark(claimed), foresee
            )
        self._settle(claimed, answer, judge(answer))

    def _put_off(self, claimed: Claimed, reason: str, wait: float) -> None:
        """Its domain has no turn soon: no try was made of it, and others go first."""
        outcome = Outcome(claimed.id, claimed.attempts, MessageState.DEFERRED, reason, wait=wait, tries=0)
        self._owner.scribe.record(outcome)

    def _settle(self, claimed: Claimed, answer: Answer, verdict: Verdict) -> None:
        """Write down what became of it."""
        if verdict.fate is Fate.OURS:
            self._stop(verdict.reason)
        if answer.phase is Phase.MARKER:
            self._note_unmarked(claimed)
            return
        outcome = self._outcome(claimed, answer, verdict)
        self._counts[outcome.state] += 1
        self._owner.scribe.record(outcome)

    def _note_unmarked(self, claimed: Claimed) -> None:
        """No marker: the row was refused and put back already, unless nobody could be asked."""
        if self._owner.scribe.is_broken:
            self._owner.scribe.record(Outcome(claimed.id, claimed.attempts, MessageState.PENDING, tries=0))
        if self._owner.scribe.is_broken or self._owner.scribe.is_halted:
            self._over.set()

    def _outcome(self, claimed: Claimed, answer: Answer, verdict: Verdict) -> Outcome:
        reply, tries = str(answer), claimed.attempts + 1
        match verdict.fate:
            case Fate.UNSENT | Fate.OURS:
                return Outcome(claimed.id, claimed.attempts, MessageState.PENDING, reply=reply, tries=0)
            case Fate.DEFERRED if is_hopeless(tries, self._work.hours):
                reason = f"given up after {tries} tries: {verdict.reason}"
                return Outcome(claimed.id, claimed.attempts, MessageState.REJECTED, reason, reply)
            case Fate.DEFERRED:
                wait = wait_seconds(tries, random.random())  # noqa: S311 - spreads tries, guards nothing
                return Outcome(claimed.id, claimed.attempts, MessageState.DEFERRED, verdict.reason, reply, wait)
            case _:
                return Outcome(
                    claimed.id, claimed.attempts, MessageState(verdict.fate.value), verdict.reason or None, reply
                )

    # -- the relay ---------------------------------------------------------------------------------------------------

    async def _line(self, line: Line | None) -> Line | None:
        """This line while it is usable, else a new one; None when the slice is over first."""
        if line is not None:
            if line.is_usable:
                return line
            self._open_lines -= 1
            line.drop()
        while not self._over.is_set():
            try:
                opened = await open_line(self._work.relay, self._waits, self._work.hello)
            except Trouble as trouble:
                await self._bear(trouble.answer)
            else:
                self._open_lines += 1
                self._failures = 0
                await self._say_nothing()
                return opened
        return None

    async def _bear(self, answer: Answer) -> None:
        """The relay cannot be used. Wait longer each time; stop when waiting will not help."""
        if is_lasting(answer) and self._open_lines == 0:
            self._stop(f"Relay {self._work.relay} cannot be used: {answer}. Correct it, then resume.")
            return
        self._failures += 1
        if self._open_lines == 0 and not self._said:
            self._said = True
            text = f"Relay {self._work.relay} cannot be reached: {answer}. It is tried again by itself."
            await asyncio.to_thread(_in_transaction, set_reason, self._work.delivery_id, text)
        pause = min(_FIRST_PAUSE * 2 ** min(self._failures, 10), _LONGEST_PAUSE)
        await self._sleep(pause * (0.5 + random.random()))  # noqa: S311 - spreads tries, guards nothing

    async def _say_nothing(self) -> None:
        """The relay answers: whatever was said about it no longer holds."""
        if self._said or self._open_lines == 1:
            self._said = False
            await asyncio.to_thread(_in_transaction, set_reason, self._work.delivery_id, None)

    # -- the end -----------------------------------------------------------------------------------------------------

    def _stop(self, reason: str) -> None:
        """Pause the delivery, once, and end the slice."""
        self._over.set()
        if self._stopping is None:
            self._stopping = asyncio.create_task(
                asyncio.to_thread(_in_transaction, stop_sending, self._work.delivery_id, reason)
            )

    async def _watch(self) -> None:
        """End the slice when its time is over or somebody wants us to leave, or when that cannot be asked."""
        try:
            while not self._over.is_set() and not self._should_stop() and time.monotonic() < self._ends_at:
                await self._sleep(0.1)
        finally:
            self._over.set()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._settings.lease_seconds / 3)
            try:
                await self._supply.renew()
            except psycopg.Error as error:
                log.warning("lease_not_renewed", error=type(error).__name__)
                self._over.set()
                return

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return


def _in_transaction(verb: Callable[..., Any], *arguments: Any) -> None:
    with transaction() as session:
        verb(session, *arguments)


def _run(work: Coroutine[Any, Any, Counter[str]]) -> Counter[str]:
    """On uvloop where there is one: a third of the time per message."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)
