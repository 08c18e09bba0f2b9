"""Pace: no more messages a second through a relay than it takes, over all workers together.

One number per relay in Redis says when the next message may start; a Lua script moves it on. A Redis that comes back
empty starts from now; while it is away nothing goes through a limited relay: the limit is a promise to others.
"""

import asyncio
from collections import deque

import redis.asyncio
from redis.exceptions import RedisError

# KEYS: the relay. ARGV: microseconds between two messages, how many turns. Returns microseconds until the first turn.
_TAKE_TURNS = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local first = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local after = first + ARGV[1] * ARGV[2]
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 1000)
return string.format('%.0f', first - now)
"""

_AHEAD_SECONDS = 0.05
_RETRY_SECONDS = 0.5


class Pace:
    """Turns for one relay. `rate` None: always at once, and Redis is never asked."""

    def __init__(self, redis_url: str, relay_id: int, rate: float | None) -> None:
        self._rate = rate
        self._key = f"curator:pace:relay:{relay_id}"
        self._turns: deque[float] = deque()  # times of the event loop
        self._last = 0.0
        self._lock = asyncio.Lock()
        self._client = redis.asyncio.Redis.from_url(redis_url) if rate is not None else None

    @property
    def is_limited(self) -> bool:
        """Does anybody ever wait for a turn?"""
        return self._rate is not None

    async def turn(self, over: asyncio.Event) -> bool:
        """Wait for the next turn; False when `over` was set first."""
        if self._rate is None:
            return True
        async with self._lock:
            while not self._turns:
                try:
                    await self._take(self._rate)
                except (RedisError, OSError):
                    if await _is_set_within(over, _RETRY_SECONDS):
                        return False
            turn = self._turns.popleft()
        wait = turn - asyncio.get_running_loop().time()
        return wait <= 0 or not await _is_set_within(over, wait)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _take(self, rate: float) -> None:
        count = max(1, int(rate * _AHEAD_SECONDS))
        assert self._client is not None  # noqa: S101 - there is one where there is a rate
        wait = await self._client.eval(_TAKE_TURNS, 1, self._key, str(int(1e6 / rate)), str(count))
        # A Redis that forgot everything does not make us forget our own last turn.
        first = max(asyncio.get_running_loop().time() + int(wait) / 1e6, self._last + 1 / rate)
        self._turns.extend(first + number / rate for number in range(count))
        self._last = self._turns[-1]


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
