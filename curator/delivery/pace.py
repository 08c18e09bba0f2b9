"""Pace: which message may start now. No more than relay, sender, recipient's domain, window and warm-up allow.

A message whose domain has no turn soon never holds its line: it is set aside for a moment, or put off in the ledger
with a place in the queue, and the line goes on with another. What limits the whole delivery is waited for; when that
takes long the slice ends and says when to come back. Where nothing limits, Redis is never asked. While it is away,
nothing limited starts: a limit is a promise to others. The ledger is only read here, in transactions of its own.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from curator.db.session import transaction
from curator.delivery.aside import Aside
from curator.delivery.buckets import AHEAD_SECONDS, Bucket, Buckets, DayCount, Limit, Turn
from curator.delivery.claim import Claimed
from curator.delivery.due import has_due_within
from curator.delivery.limits import Limits
from curator.delivery.supply import Supply
from curator.delivery.throttles import waiting_reason
from curator.delivery.warm_up import count_sent, next_day
from curator.errors import Unavailable

T = TypeVar("T")
log = structlog.get_logger(__name__)

REST_SECONDS = 2.0
"""A whole delivery that has no turn for longer than this gives its worker back."""

_BACK_EARLY_SECONDS = 1.5  # the sweeps that look for it are seconds apart

_LATE_SECONDS = 0.025
"""A turn this long past is not used: it would fall into somebody else's second."""

_RETRY_SECONDS = 0.5
_LOOK_SECONDS = 0.2
_AWAY_SECONDS = 10.0
_MARKED_WITHIN_SECONDS = 1.0
_EARLY_SECONDS = AHEAD_SECONDS * 0.7


class Rest(NamedTuple):
    """The delivery has no turn for `seconds`; `reason` is for people, None when there is nothing to say."""

    seconds: float
    reason: str | None


class Pace:
    """One per slice. `over` ends every wait; `rest` says afterwards when the delivery should be taken up again."""

    def __init__(self, redis_url: str, limits: Limits, over: asyncio.Event) -> None:
        self._limits = limits
        self._over = over
        self._buckets = Buckets(redis_url) if limits.are_any else None
        self._aside = Aside()
        self._free_at: dict[str, float] = {}
        self._counting = asyncio.Lock()
        self._has_held = False
        self._resting: dict[int, float] = {}  # relays whose lines went to others, and until when
        self._next_look = 0.0
        self._is_more_due = True
        self._counted_at: dict[str, float] = {}
        self.rest: Rest | None = None

    def feed(
        self,
        supply: Supply,
        put_off: Callable[[Claimed, str, float], None],
        leave: Callable[[int, float], bool] = lambda relay_id, seconds: False,
    ) -> None:
        """Where messages come from, and who writes down that one is put off for a reason, by seconds.

        `leave` is told of a relay that has no turn for seconds; it says whether others go on.
        """
        self._supply = supply
        self._put_off = put_off
        self._leave = leave

    async def next(self) -> Claimed | None:
        """A message that may have a turn soon, or None when there is none to be had in this slice."""
        while not self._over.is_set():
            if (due := self._aside.take_due(time.monotonic())) is not None:
                return due
            claimed = await self._supply.next()
            if claimed is None:
                if not await self._wait_for_more():
                    return None
            elif (bucket := self._limits.of_recipient(claimed.address)) is None:
                return claimed
            elif not self._aside.is_blocked(bucket, time.monotonic()):
                self._has_held = True
                return claimed
            else:
                await self._hold(claimed, bucket)
        return None

    def at_hand(self, relay_id: int) -> Claimed | None:
        """A message nobody has to wait for, of a delivery nobody has to wait for; None without looking further."""
        if self._limits.shared or self._limits.relays.get(relay_id):
            return None
        claimed = self._supply.at_hand()
        if claimed is None or self._limits.of_recipient(claimed.address) is None:
            return claimed
        self._supply.take_back(claimed)
        return None

    async def take(self, claimed: Claimed, relay_id: int) -> bool:
        """Wait for this message's turn. False: it goes later, or the slice is over; see for another."""
        if self._buckets is None:
            return True
        recipient = self._limits.of_recipient(claimed.address)
        shared = self._limits.shared + self._limits.relays.get(relay_id, ())
        limits: tuple[Limit, ...] = (*shared, recipient) if recipient is not None else shared
        if not limits:
            return True
        if (left := self._resting.get(relay_id, 0.0) - time.monotonic()) > 0 and self._leave(relay_id, left):
            self._supply.take_back(claimed)
            return False
        while not await self._is_over_before(max(self._free_at.get(limit.key, 0.0) for limit in limits)):
            try:
                turn = await self._buckets.turn(limits)
            except (RedisError, OSError):
                turn = Turn(time.monotonic() + _RETRY_SECONDS, recipient or shared[0])
            if turn.held_by is None:
                if await self._has_come(turn.at):
                    return True
                with contextlib.suppress(RedisError, OSError):
                    await self._buckets.give_back(limits, turn)
            elif turn.held_by is recipient and recipient is not None:
                self._aside.note(recipient, turn.at)
                await self._hold(claimed, recipient, first=True)
                return False
            elif isinstance(turn.held_by, DayCount):
                await self._count_anew(turn.held_by, relay_id)
            else:
                self._wait_or_rest(turn.held_by, turn.at, relay_id)
            if self._resting.get(relay_id, 0.0) > time.monotonic():
                break
        self._supply.take_back(claimed)
        return False

    async def close(self) -> None:
        """Let go of the connection."""
        if self._buckets is not None:
            await self._buckets.close()

    # -- one domain is in the way ------------------------------------------------------------------------------------

    async def _hold(self, claimed: Claimed, bucket: Bucket, *, first: bool = False) -> None:
        """Set it aside, or put it off to its place in the queue for its domain."""
        self._has_held = True
        now = time.monotonic()
        if self._aside.has_room(bucket, now):
            self._aside.put(bucket, claimed, first=first)
            return
        assert self._buckets is not None  # noqa: S101 - there are buckets where something is limited
        try:
            wait = await self._buckets.queue_up(str(self._limits.delivery_id), bucket, self._aside.wait(bucket, now))
        except (RedisError, OSError):
            wait = _AWAY_SECONDS * (0.5 + random.random())  # noqa: S311 - spreads tries, guards nothing
        self._put_off(claimed, waiting_reason(bucket.key.rpartition(":")[2], bucket.rate), wait)

    async def _wait_for_more(self) -> bool:
        """The supply is dry. Wait for one set aside, or for one put off that is due soon; False when there is none."""
        if not self._has_held:
            return False
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            self._is_more_due = await self._ask(_ask_ledger, self._limits.delivery_id) or False
            if self._is_more_due:
                self._supply.look_again()
                return True
        due = self._aside.next_due()
        if due is None and not self._is_more_due:
            return False
        await self._is_over_before(self._next_look if due is None else min(due, self._next_look))
        return True

    # -- the whole delivery has to wait ------------------------------------------------------------------------------

    def _wait_or_rest(self, limit: Limit, at: float, relay_id: int) -> None:
        wait = at - time.monotonic()
        self._free_at[limit.key] = at - _EARLY_SECONDS
        is_of_relay = limit in self._limits.relays.get(relay_id, ())
        if wait > REST_SECONDS and not (is_of_relay and self._may_leave(relay_id, wait)):
            self._stop(Rest(wait - _BACK_EARLY_SECONDS, None))

    async def _count_anew(self, count: DayCount, relay_id: int) -> None:
        """Redis says the day is full, or knows nothing of it: the ledger knows, once markers under way are in."""
        asked_at = time.monotonic()
        async with self._counting:
            if self._counted_at.get(count.key, 0.0) > asked_at:
                return  # another line did meanwhile
            if await self._is_over_before(time.monotonic() + _MARKED_WITHIN_SECONDS):
                return
            sent = await self._ask(_count_sent, relay_id, count)
            if sent is None:
                return
            assert self._buckets is not None  # noqa: S101 - there are buckets where something is limited
            try:
                await self._buckets.correct(count, sent)
            except (RedisError, OSError):
                return
            self._counted_at[count.key] = time.monotonic()
            if sent >= count.ceiling:
                rest = _until_tomorrow(self._limits.names.get(relay_id, ""), count, sent)
                if not self._may_leave(relay_id, rest.seconds):
                    self._stop(rest)

    async def _ask(self, question: Callable[..., T], *about: Any) -> T | None:
        """What the ledger says; None, and the end of the slice, when it cannot be asked."""
        try:
            return await asyncio.to_thread(question, *about)
        except (SQLAlchemyError, Unavailable) as error:
            log.warning("ledger_not_asked", error=type(error).__name__)
            self._over.set()
            return None

    def _may_leave(self, relay_id: int, seconds: float) -> bool:
        """One relay of a pool has no turn: the others go on without it, if there are any."""
        if not self._leave(relay_id, seconds):
            return False
        self._resting[relay_id] = time.monotonic() + seconds
        return True

    def _stop(self, rest: Rest) -> None:
        self.rest = self.rest or rest
        self._over.set()

    # -- waiting -----------------------------------------------------------------------------------------------------

    async def _has_come(self, at: float) -> bool:
        """Wait for a turn; False when it was missed or the slice is over."""
        return not await self._is_over_before(at) and time.monotonic() - at < _LATE_SECONDS

    async def _is_over_before(self, at: float) -> bool:
        """Wait until then, or until the slice is over: True."""
        wait = at - time.monotonic()
        if wait <= 0 or self._over.is_set():
            return self._over.is_set()
        try:
            async with asyncio.timeout(wait):
                return await self._over.wait()
        except TimeoutError:
            return False


def _until_tomorrow(relay: str, count: DayCount, sent: int) -> Rest:
    goes_on = next_day(count.day)
    text = (
        f"Relay {relay} is warming up: {sent} of {count.ceiling} messages today; "
        f"goes on at {goes_on:%H:%M UTC, %-d %B}."
    )
    return Rest(max(goes_on.timestamp() - time.time(), 0.0), text)


def _count_sent(relay_id: int, count: DayCount) -> int:
    with transaction() as session:
        return count_sent(session, relay_id, count.day)


def _ask_ledger(delivery_id: int) -> bool:
    with transaction() as session:
        return has_due_within(session, delivery_id, REST_SECONDS)
