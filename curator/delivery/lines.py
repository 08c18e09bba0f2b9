"""The lines of a slice over the relays of a pool: opened in proportion, moved when a relay fails, tried again in time.

A carrier asks for a place before every message and opens its line only when it has one to send. A relay counts as
ready once it has answered in this slice, so one that hangs holds up nobody. Nothing here knows a message. What others
should know of a relay is committed at once, like everything the engine says.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from curator.db.session import in_transaction
from curator.delivery import relay_health
from curator.delivery.connect import Trouble, open_line
from curator.delivery.models import Health
from curator.delivery.relay_choice import (
    Standing,
    health_after,
    is_hopeless_pool,
    may_try_at_once,
    next_relay,
    pause_after,
    shares,
    words_for,
)
from curator.delivery.relay_choice import Trouble as Told
from curator.delivery.relay_plan import RelayPlan
from curator.delivery.replies import Answer, Phase
from curator.delivery.smtp import Line, Waits
from curator.errors import CuratorError

log = structlog.get_logger(__name__)

OPENING_SECONDS = 4.0
"""Longest wait for one more line while another relay is ready: what hangs is left for what works."""

_LOOK_SECONDS = 0.5
_FEWER_SECONDS = 2.0


class _Seat:
    """A relay of the pool as this slice sees it. `taken` places, of which `open` have a line."""

    def __init__(self, relay: RelayPlan) -> None:
        self.relay = relay
        self.health = relay.health
        self.reason = relay.reason
        self.most = relay.connections
        self.taken = 0
        self.open = 0
        self.is_due = False  # to be tried without waiting for its turn
        self.is_ready = False
        self.spare: Line | None = None  # the first line, until somebody takes it
        self.failures = 0
        self.not_before = 0.0  # by the clock of the event loop
        self.told_at = float("-inf")
        self.failed = asyncio.Event()

    @property
    def standing(self) -> Standing:
        """As the rules want it."""
        return Standing(self.relay.id, self.relay.weight, self.most, self.taken, self.is_ready)


class Place:
    """A carrier's place at a relay, and its line once it is open."""

    __slots__ = ("line", "seat", "version")

    def __init__(self, seat: _Seat, version: int) -> None:
        self.seat = seat
        self.line: Line | None = None
        self.version = version

    @property
    def relay(self) -> RelayPlan:
        """The relay it is at."""
        return self.seat.relay


class Lines:
    """One per slice. `stop` pauses the delivery with a reason; `say` tells why it waits, or None that it goes on."""

    def __init__(
        self,
        relays: Sequence[RelayPlan],
        waits: Waits,
        hello: str,
        over: asyncio.Event,
        *,
        stop: Callable[[str], None],
        say: Callable[[str | None], Coroutine[Any, Any, None]],
    ) -> None:
        self._seats = [_Seat(relay) for relay in relays]
        self._waits = waits
        self._hello = hello
        self._over = over
        self._stop = stop
        self._say = say
        self._said: str | None = ""
        self._version = 0
        self._changed = asyncio.Event()
        self._is_closed = False
        known = [seat.health for seat in self._seats]
        for seat in self._seats:
            seat.is_due = may_try_at_once(seat.health, known)
            seat.health = Health.UP if seat.is_due else seat.health  # until it says otherwise in this slice
        self._tending = [asyncio.create_task(self._tend(seat)) for seat in self._seats]

    @property
    def most(self) -> int:
        """How many carriers may find a place at once."""
        return sum(seat.relay.connections for seat in self._seats)

    async def ready(self) -> bool:
        """Wait until a relay takes us; False when the slice is over first."""
        while not self._over.is_set() and not any(seat.is_ready for seat in self._seats):
            await self._wait()
        return not self._over.is_set()

    async def place(self, held: Place | None) -> Place | None:
        """A place for the next message, the same one when it may be kept; None when the slice ends for this carrier."""
        while not self._over.is_set():
            if held is not None:
                if held.version == self._version or self._may_stay(held):
                    return held
                await self.leave(held)
                held = None
            elif seat := self._best():
                seat.taken += 1
                return Place(seat, self._version)
            elif self._is_closed:
                return None
            else:
                await self._wait()
        if held is not None:
            await self.leave(held)
        return None

    async def open(self, place: Place) -> Line | None:
        """The place's line, opened when it is not; None when the relay gives none: ask for a place again."""
        if place.line is not None:
            if place.line.is_usable:
                return place.line
            self._drop(place)
        seat = place.seat
        if not seat.is_ready:
            return None
        place.line, seat.spare = seat.spare, None
        if place.line is not None and place.line.is_usable:
            return place.line
        if place.line is not None:
            self._drop(place)
        try:
            place.line = await self._open_one(seat)
        except Trouble as trouble:
            if seat.open and seat.is_ready:
                self._make_do(seat, seat.open, _FEWER_SECONDS)
            elif seat.is_ready:
                await self._fail(seat, health_after(trouble.answer), str(trouble.answer))
            return None
        seat.open += 1
        if not seat.is_ready:  # it failed meanwhile
            self._drop(place)
            return None
        await self._told_up(seat)
        return place.line

    async def leave(self, place: Place) -> None:
        """Give the place back, with a goodbye when the relay still listens."""
        place.seat.taken -= 1
        line, place.line = place.line, None
        if line is not None:
            place.seat.open -= 1
            await line.quit() if place.seat.is_ready else line.drop()

    def rest(self, relay_id: int, seconds: float) -> bool:
        """The relay may have no more for so long: its lines go to the others. False when no other is ready."""
        others = [seat for seat in self._seats if seat.relay.id != relay_id and seat.is_ready and seat.most > 0]
        if not others:
            return False
        for seat in self._seats:
            if seat.relay.id == relay_id:
                self._make_do(seat, 0, seconds)
        return True

    def close(self) -> None:
        """Nothing is left to claim: whoever waits for a place need not."""
        self._is_closed = True
        self._announce()

    async def refuse(self, place: Place, reason: str) -> None:
        """The relay took the line and refuses our mail: it is left alone until its turn comes or somebody acts."""
        if place.seat.is_ready:
            await self._fail(place.seat, Health.REFUSING, reason, is_said=True)

    async def end(self) -> None:
        """Let go of everything that is not a carrier's."""
        for task in self._tending:
            task.cancel()
        ends = await asyncio.gather(*self._tending, return_exceptions=True)
        for seat in self._seats:
            if seat.spare is not None:
                await seat.spare.quit()
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _open_one(self, seat: _Seat) -> Line:
        """One more line; in short time when there is another relay to go to."""
        is_alone = sum(other.is_ready for other in self._seats) < 2
        try:
            async with asyncio.timeout(None if is_alone else OPENING_SECONDS):
                return await open_line(seat.relay, self._waits, self._hello)
        except TimeoutError:
            raise Trouble(Answer(Phase.CONNECT, why="no answer in time")) from None

    # -- a relay, from outside in ------------------------------------------------------------------------------------

    async def _tend(self, seat: _Seat) -> None:
        """Open the relay's first line, again and again while it fails, in turn with all other workers."""
        while not self._over.is_set():
            is_due, seat.is_due = seat.is_due, False
            if not is_due and (wait := await self._turn(seat)):
                await sleep_unless(self._over, min(wait, _LOOK_SECONDS))
                continue
            try:
                line = await open_line(seat.relay, self._waits, self._hello)
            except Trouble as trouble:
                await self._fail(seat, health_after(trouble.answer), str(trouble.answer))
                continue
            seat.failed.clear()
            seat.spare, seat.open, seat.is_ready = line, seat.open + 1, True
            seat.most = seat.relay.connections
            self._announce()
            await self._told_up(seat)
            await self._tell(None)
            await seat.failed.wait()

    async def _turn(self, seat: _Seat) -> float:
        """Seconds to wait before it is tried: what we saw ourselves first, then what all workers agree on."""
        if (wait := seat.not_before - asyncio.get_running_loop().time()) > 0:
            return wait
        pause = pause_after(seat.health, 1, random.random())  # noqa: S311 - spreads tries, guards nothing
        answer = await self._noted(relay_health.take_turn, seat.relay.id, max(pause, 1.0))
        return float(answer) if answer is not None else pause

    async def _fail(self, seat: _Seat, health: Health, reason: str, *, is_said: bool = False) -> None:
        seat.is_ready, seat.health, seat.reason = False, health, reason
        seat.failures += 1
        pause = pause_after(health, seat.failures, random.random())  # noqa: S311 - spreads tries, guards nothing
        seat.not_before = asyncio.get_running_loop().time() + pause
        if seat.spare is not None:
            seat.open -= 1
            seat.spare.drop()
            seat.spare = None
        self._announce()
        if is_hopeless_pool([other.health for other in self._seats]):
            self._stop(reason if is_said and len(self._seats) == 1 else self._words())
        log.warning("relay_failed", relay=seat.relay.name, health=health.value, reason=reason)
        await self._noted(relay_health.note_failure, seat.relay.id, health, reason)
        if not self._over.is_set() and not any(other.is_ready or other.health is Health.UP for other in self._seats):
            await self._tell(self._words())
        seat.failed.set()

    def _make_do(self, seat: _Seat, most: int, seconds: float) -> None:
        """It takes no more lines than these for a while."""
        seat.most = most
        self._announce()
        asyncio.get_running_loop().call_later(seconds, self._take_more, seat)

    def _take_more(self, seat: _Seat) -> None:
        seat.most = seat.relay.connections
        self._announce()

    async def _told_up(self, seat: _Seat) -> None:
        """Tell the others now and then; at once when it was not up."""
        now = asyncio.get_running_loop().time()
        seat.failures = 0
        if seat.health is not Health.UP or now - seat.told_at > relay_health.NEWS_SECONDS:
            seat.health, seat.told_at = Health.UP, now
            await self._noted(relay_health.note_success, seat.relay.id)

    async def _tell(self, words: str | None) -> None:
        if words != self._said:
            self._said = words
            await self._say(words)

    async def _noted(self, verb: Callable[..., Any], *arguments: Any) -> Any:
        """What others should know, in a transaction of its own; a database that is away ends the slice elsewhere."""
        try:
            return await asyncio.to_thread(in_transaction, verb, *arguments)
        except (CuratorError, SQLAlchemyError) as error:
            log.warning("relay_health_not_noted", error=type(error).__name__)
            return None

    def _words(self) -> str:
        return words_for([Told(str(s.relay), s.health, s.reason) for s in self._seats if s.health is not Health.UP])

    # -- places ------------------------------------------------------------------------------------------------------

    def _best(self) -> _Seat | None:
        chosen = next_relay([seat.standing for seat in self._seats])
        return next((seat for seat in self._seats if seat.relay.id == chosen), None)

    def _may_stay(self, place: Place) -> bool:
        allowed = shares([seat.standing for seat in self._seats])
        if not place.seat.is_ready or place.seat.taken > allowed.get(place.relay.id, 0):
            return False
        place.version = self._version
        return True

    def _drop(self, place: Place) -> None:
        assert place.line is not None  # noqa: S101 - asked by the callers
        place.seat.open -= 1
        place.line.drop()
        place.line = None

    def _announce(self) -> None:
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait(self) -> None:
        """Until something changed or the slice is over."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._changed, self._over)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


async def sleep_unless(over: asyncio.Event, seconds: float) -> None:
    """For so many seconds, or until it is over."""
    try:
        async with asyncio.timeout(seconds):
            await over.wait()
    except TimeoutError:
        return
