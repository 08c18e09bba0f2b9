"""The engine: one slice of a delivery, sent over a pool's lines by the protocol of the fenced marker.

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
from sqlalchemy.exc import SQLAlchemyError

from curator.db.session import in_transaction, transaction
from curator.delivery.bounces import enter_bounces
from curator.delivery.claim import Claimed
from curator.delivery.closing import close_if_done, set_reason, stop_sending
from curator.delivery.company import send_in_company
from curator.delivery.due import another_due, rest
from curator.delivery.held_back import LONGEST_SECONDS, NAP_SECONDS, HeldBack
from curator.delivery.hold_record import exchange, keep_exchanging
from curator.delivery.holds import Holds, Key, domain_as_written
from curator.delivery.lines import Lines, Place, sleep_unless
from curator.delivery.marker import Outcome
from curator.delivery.models import MessageState
from curator.delivery.ownership import Ownership
from curator.delivery.pace import Pace
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.replies import GIVEN_UP, Answer, Fate, Phase, Verdict, is_hopeless, judge, wait_seconds
from curator.delivery.smtp import Envelope, Line, Waits
from curator.delivery.supply import Supply
from curator.delivery.work import Work, load_work
from curator.errors import CuratorError, Unavailable
from curator.settings import Settings

log = structlog.get_logger(__name__)


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
    work = _load(delivery_id, settings)
    if work is None:
        return SliceResult()
    ends_at = time.monotonic() + settings.slice_seconds
    is_over = False

    def must_end() -> bool:
        nonlocal is_over
        try:
            is_over = is_over or time.monotonic() >= ends_at or should_stop()
        except Exception as error:  # noqa: BLE001 - whatever it is, what is in flight is still written down
            log.warning("slice_ends", reason="cannot ask whether to stop", error=repr(error))
            is_over = True
        return is_over

    async def invite(here: frozenset[int]) -> tuple[int, Coroutine[Any, Any, Counter[str]]] | None:
        guest = await asyncio.to_thread(_load_another, here, settings) if not must_end() else None
        return (guest.delivery_id, _send_as_guest(_Slice(guest, settings, must_end))) if guest is not None else None

    counts = _run(send_in_company(delivery_id, _Slice(work, settings, must_end).run(), invite))
    _finish(delivery_id, counts)
    return SliceResult(*(counts[state] for state in ("accepted", "rejected", "deferred", "unknown")))


def _load(delivery_id: int, settings: Settings) -> Work | None:
    try:
        with transaction() as session:
            return load_work(session, delivery_id, settings)
    except Unavailable as error:
        in_transaction(stop_sending, delivery_id, error.message)
        raise


def _load_another(here: frozenset[int], settings: Settings) -> Work | None:
    """The work of another delivery that could be sending, if there is one."""
    try:
        with transaction() as session:
            delivery_id = another_due(session, here)
        return _load(delivery_id, settings) if delivery_id is not None else None
    except (CuratorError, SQLAlchemyError) as error:
        log.warning("no_guest", error=type(error).__name__)
        return None


async def _send_as_guest(guest: "_Slice") -> Counter[str]:
    try:
        counts = await guest.run()
        await asyncio.to_thread(_finish, guest.delivery_id, counts)
    except Exception:
        log.exception("guest_failed", delivery=guest.delivery_id)  # its next slice, alone, will say so to somebody
        return Counter()
    return counts


def _finish(delivery_id: int, counts: Counter[str]) -> None:
    in_transaction(close_if_done, delivery_id)
    if counts[MessageState.REJECTED]:
        in_transaction(enter_bounces, delivery_id)


class _Slice:
    """The lines of one slice and what they share."""

    def __init__(self, work: Work, settings: Settings, must_end: Callable[[], bool]) -> None:
        self.delivery_id = work.delivery_id
        self._work = work
        self._settings = settings
        self._must_end = must_end
        self._waits = Waits(dot=settings.smtp_reply_seconds, phase=settings.smtp_phase_seconds)
        self._counts: Counter[str] = Counter()
        self._stopping: asyncio.Task[None] | None = None
        self._bodies: dict[int, bytes] = {}  # made for an envelope that was sent ahead

    async def run(self) -> Counter[str]:
        """Nothing is claimed before a relay has answered. Then all lines at once."""
        self._over = asyncio.Event()
        self._holds = Holds()
        self._held_back = HeldBack(self._holds)
        self._pace = Pace(self._settings.redis_url, self._work.limits, self._over)
        self._lines = Lines(
            self._work.relays, self._waits, self._work.hello, self._over, stop=self._stop, say=self._say
        )
        watch = asyncio.create_task(self._watch())
        try:
            if await self._lines.ready():
                await self._send_with_holds()
        finally:
            self._over.set()
            await asyncio.gather(watch, return_exceptions=True)
            await self._lines.end()
            await self._pace.close()
            if (pause := self._pace.rest) is not None:
                await asyncio.to_thread(in_transaction, rest, self._work.delivery_id, pause.seconds, pause.reason)
            if self._stopping is not None:
                await self._stopping
        return self._counts

    async def _send_with_holds(self) -> None:
        """What other slices know of domains that are held back, before the first message and all the time."""
        relay_ids = [relay.id for relay in self._work.relays]
        await exchange(self._holds, relay_ids)
        exchanging = asyncio.create_task(keep_exchanging(self._holds, relay_ids))
        try:
            await self._send_over()
        finally:
            exchanging.cancel()
            await exchange(self._holds, relay_ids)

    async def _send_over(self) -> None:
        self._owner = await Ownership.begin(self._settings.database_url, self._work.delivery_id)
        self._supply = Supply(
            self._owner.claims, self._work.delivery_id, self._owner.name, lease=self._settings.lease_seconds
        )
        self._owner.scribe.on_written = self._supply.done
        self._pace.feed(self._supply, self._put_off, self._lines.rest)
        renewing = asyncio.create_task(self._renew())
        try:
            carriers = [self._carry() for _ in range(self._lines.most)]
            # Every line finishes its message whatever happens to another: a message cut short would be in doubt.
            for end in await asyncio.gather(*carriers, return_exceptions=True):
                if end is not None:
                    raise end
        finally:
            renewing.cancel()
            self._supply.close()
            await self._owner.end(self._supply)

    # -- one line ----------------------------------------------------------------------------------------------------

    async def _carry(self) -> None:
        """Message after message from a place at a relay, its line opened when needed.

        An envelope leaves with the dot before it. When the line is lost meanwhile, its message is the next one anyway.
        """
        place: Place | None = None
        following: Claimed | None = None

        def foresee() -> Envelope | None:
            nonlocal following
            following = self._at_hand(place.relay) if place is not None else None
            return self._envelope(following) if following is not None else None

        try:
            while (place := await self._lines.place(place)) is not None:
                claimed = following or await self._next(place.relay)
                following = None
                if claimed is not None:
                    await self._try(place, claimed, foresee)
                elif self._held_back:
                    await sleep_unless(self._over, NAP_SECONDS)
                else:
                    break
            self._lines.close()
        except psycopg.Error as error:
            log.warning("claims_connection_lost", error=type(error).__name__)
            self._over.set()
        except BaseException:
            self._over.set()
            raise
        finally:
            if following is not None:
                self._supply.take_back(following)
            if place is not None:
                await self._lines.leave(place)

    async def _next(self, relay: RelayPlan) -> Claimed | None:
        """The next message that may go over this relay; None when there is none to be had now."""
        while (claimed := self._held_back.due(relay.id) if self._held_back else None) is None:
            claimed = await self._pace.next()
            if claimed is None or not self._holds:
                break
            key = Key(relay.id, domain_as_written(claimed.address))
            if (wait := self._holds.wait(key, claimed.id)) == 0.0:
                break
            if self._held_back.has_room(wait):
                self._held_back.put(claimed)
            else:
                wait = max(wait, LONGEST_SECONDS) * (1.0 + random.random() / 4)  # noqa: S311 - not all at one moment
                self._put_off(claimed, "its domain asked to wait", wait, self._holds.reply(key))
        return claimed

    def _at_hand(self, relay: RelayPlan) -> Claimed | None:
        """The next message, if nothing has to be waited for and nobody is held back, who might have to go first."""
        return None if self._over.is_set() or self._holds or self._held_back else self._pace.at_hand(relay.id)

    def _envelope(self, claimed: Claimed) -> Envelope | None:
        try:
            body = self._bodies[claimed.id] = self._work.message(claimed)
        except CuratorError:
            return None  # its own turn says why
        return Envelope(self._work.sender, claimed.address, len(body), claimed.message_id.hex)

    async def _try(self, place: Place, claimed: Claimed, foresee: Callable[[], Envelope | None]) -> None:
        """Send it, when the relay gives a line and the pace a turn."""
        line = await self._lines.open(place)
        if line is None:
            self._supply.take_back(claimed)
        elif await self._pace.take(claimed, place.relay.id):
            await self._send(place, line, claimed, foresee)

    async def _send(self, place: Place, line: Line, claimed: Claimed, foresee: Callable[[], Envelope | None]) -> None:
        try:
            body = self._bodies.pop(claimed.id, None) or self._work.message(claimed)
        except CuratorError as error:
            answer = Answer(Phase.ADDRESS, why=error.message)
        else:
            answer = await line.deliver(
                self._work.sender,
                claimed.address,
                body,
                lambda: self._owner.scribe.mark(claimed, place.relay.id),
                foresee,
                envelope_id=claimed.message_id.hex,
            )
        verdict = judge(answer)
        if self._holds or verdict.fate is Fate.DEFERRED:
            self._holds.note(Key(place.relay.id, domain_as_written(claimed.address)), claimed.id, answer, verdict.fate)
        self._settle(place, claimed, answer, verdict)
        if verdict.fate is Fate.OURS:
            await self._lines.refuse(place, verdict.reason)

    def _put_off(self, claimed: Claimed, reason: str, wait: float, reply: str = "") -> None:
        """Its domain has no turn soon: no try was made of it, and others go first."""
        outcome = Outcome(claimed.id, claimed.attempts, MessageState.DEFERRED, reason, reply or None, wait, tries=0)
        self._owner.scribe.record(outcome)

    def _settle(self, place: Place, claimed: Claimed, answer: Answer, verdict: Verdict) -> None:
        """Write down what became of it."""
        if answer.phase is Phase.MARKER:
            self._note_unmarked(claimed)
            return
        outcome = self._outcome(claimed, answer, verdict)._replace(relay=place.relay.id)
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
                reason = f"{GIVEN_UP} {tries} tries: {verdict.reason}"
                return Outcome(claimed.id, claimed.attempts, MessageState.REJECTED, reason, reply)
            case Fate.DEFERRED:
                wait = wait_seconds(tries, random.random())  # noqa: S311 - spreads tries, guards nothing
                return Outcome(claimed.id, claimed.attempts, MessageState.DEFERRED, verdict.reason, reply, wait)
            case _:
                return Outcome(
                    claimed.id, claimed.attempts, MessageState(verdict.fate.value), verdict.reason or None, reply
                )

    # -- the end -----------------------------------------------------------------------------------------------------

    def _stop(self, reason: str) -> None:
        """Pause the delivery, once, and end the slice."""
        self._over.set()
        if self._stopping is None:
            self._stopping = asyncio.create_task(
                asyncio.to_thread(in_transaction, stop_sending, self._work.delivery_id, reason)
            )

    async def _say(self, reason: str | None) -> None:
        """Why nothing goes out although the delivery runs, or that it does again."""
        await asyncio.to_thread(in_transaction, set_reason, self._work.delivery_id, reason)

    async def _watch(self) -> None:
        """End the slice when its time is over or somebody wants us to leave, or when that cannot be asked."""
        try:
            while not self._over.is_set() and not self._must_end():
                await sleep_unless(self._over, 0.1)
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


def _run(work: Coroutine[Any, Any, Counter[str]]) -> Counter[str]:
    """On uvloop where there is one: a third of the time per message."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)
