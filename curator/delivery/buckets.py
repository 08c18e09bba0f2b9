"""Buckets: who may start when, decided in Redis for all workers together, by one script for a group of messages.

Each limited thing has a list there of when its last messages started: the next may start when the oldest is a window
ago. A message gets its turn from all its buckets or from none, and never further ahead than `AHEAD_SECONDS`. A bucket
nobody remembers begins one window later, evenly, so a Redis that was emptied or was away lets nothing through early.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import redis.asyncio
from redis.exceptions import RedisError

AHEAD_SECONDS = 0.01
"""A turn is given at most this long before it comes."""

# KEYS: B lists of starts, C daily counts, B last starts. ARGV: B, microseconds ahead; per bucket how many starts, in
# how many microseconds, microseconds from one to the next, microseconds of lateness made good, 1 if what is there is
# not to be trusted; per count the ceiling of the day; then per message how many keys it needs and which.
# Answers two numbers per message: microseconds until its turn and 0, or until it is worth asking again and the key that
# is in the way. A count answers -1 full, -2 nobody knows.
TAKE = """
local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]
local buckets, ahead, at = tonumber(ARGV[1]), tonumber(ARGV[2]), 3
local counts = #KEYS - 2 * buckets
local most, window, step, late, length, oldest, last, sent, ceiling = {}, {}, {}, {}, {}, {}, {}, {}, {}

local function forget(i)
    call('DEL', KEYS[i], KEYS[i + buckets + counts])
    for n = 0, most[i] - 1 do
        call('RPUSH', KEYS[i], string.format('%.0f', now + ahead + n * window[i] / most[i]))
    end
    call('PEXPIRE', KEYS[i], math.ceil(window[i] / 1000) + 3600000)
    length[i], oldest[i], last[i] = most[i], now + ahead, 0
end

local function free_at(i)
    local free = last[i] + step[i]
    if length[i] >= most[i] then free = math.max(free, oldest[i] + window[i]) end
    return free
end

local function take(i, start)
    local stamp = math.floor(start - late[i])
    if length[i] >= most[i] then stamp = math.max(stamp, math.min(oldest[i] + window[i], start)) end
    call('RPUSH', KEYS[i], string.format('%.0f', stamp))
    length[i] = length[i] + 1
    if length[i] > most[i] then
        call('LTRIM', KEYS[i], length[i] - most[i], -1)
        length[i] = most[i]
    end
    oldest[i], last[i] = tonumber(call('LINDEX', KEYS[i], 0)), start
    call('PEXPIRE', KEYS[i], math.ceil(window[i] / 1000) + 3600000)
    call('SET', KEYS[i + buckets + counts], string.format('%.0f', start), 'PX', math.ceil(step[i] / 1000) + 60000)
end

for i = 1, buckets do
    most[i], window[i], step[i], late[i] = unpack(ARGV, at, at + 3)
    most[i], window[i], step[i], late[i] = tonumber(most[i]), tonumber(window[i]), tonumber(step[i]), tonumber(late[i])
    length[i] = call('LLEN', KEYS[i])
    oldest[i] = tonumber(call('LINDEX', KEYS[i], math.max(length[i] - most[i], 0)) or 0)
    last[i] = tonumber(call('GET', KEYS[i + buckets + counts]) or 0)
    if length[i] == 0 or ARGV[at + 4] == '1' or oldest[i] > now + 1000000 or last[i] > now + 1000000 then forget(i) end
    at = at + 5
end
for i = buckets + 1, buckets + counts do
    ceiling[i], sent[i] = tonumber(ARGV[at]), tonumber(call('GET', KEYS[i]) or nil)
    at = at + 1
end

local answers = {}
while at <= #ARGV do
    local start, held, final = now, 0, at + tonumber(ARGV[at])
    for n = at + 1, final do
        local i = tonumber(ARGV[n])
        if ceiling[i] then
            if not sent[i] then start, held = -2, i elseif sent[i] >= ceiling[i] then start, held = -1, i end
            if start < 0 then break end
        elseif free_at(i) > start then
            start, held = free_at(i), i
        end
    end
    if start < 0 then
        answers[#answers + 1], answers[#answers + 2] = start, held
    elseif start > now + ahead then
        answers[#answers + 1], answers[#answers + 2] = start - now, held
    else
        for n = at + 1, final do
            local i = tonumber(ARGV[n])
            if ceiling[i] then
                sent[i] = call('INCR', KEYS[i])
            else
                take(i, start)
            end
        end
        answers[#answers + 1], answers[#answers + 2] = start - now, 0
    end
    at = final + 1
end
answers[#answers + 1] = now
return answers
"""

# KEYS: buckets. ARGV: the start that was given and not used.
_GIVE_BACK = "for _, key in ipairs(KEYS) do redis.call('LREM', key, -1, ARGV[1]) end"

# KEYS: a count. ARGV: the day's ceiling, what the ledger says. Only a count that stands in the way is corrected.
_CORRECT = """
local value = tonumber(redis.call('GET', KEYS[1]) or nil)
if not value or value >= tonumber(ARGV[1]) then
    redis.call('SET', KEYS[1], ARGV[2], 'EX', 172800)
end
"""

# KEYS: where the queue for a bucket ends. ARGV: microseconds between two, microseconds until its next turn.
_QUEUE_UP = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local turn = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now + ARGV[2])
redis.call('SET', KEYS[1], string.format('%.0f', turn + ARGV[1]), 'PX', math.ceil((turn - now) / 1000) + 60000)
return string.format('%.0f', turn - now)
"""


@dataclass(frozen=True)
class Bucket:
    """At most `most` starts in any `window` seconds, `step` seconds from one to the next; `key` names it in Redis.

    `rate` is what people asked for, in messages per second. `late` seconds of lateness are made good afterwards.
    """

    key: str
    rate: float
    most: int
    window: float
    step: float
    late: float = 0.0

    @property
    def seconds(self) -> float:
        """From one message to the next, on average."""
        return self.window / self.most


@dataclass(frozen=True)
class DayCount:
    """At most `ceiling` messages on `day` (UTC), counted at `key`."""

    key: str
    ceiling: int
    day: date


Limit = Bucket | DayCount


class Turn(NamedTuple):
    """`held_by` None: start at `at` (`time.monotonic`). Else ask again at `at`; for a count `at` says why not."""

    at: float
    held_by: Limit | None = None
    stamp: int = 0  # the same moment by the clock of Redis, in microseconds


FULL, UNCOUNTED = -1.0, -2.0
"""What `Turn.at` is when a count is in the way: the day's ceiling is reached; Redis does not know the count."""


class Buckets:
    """One per slice. Questions asked at the same time go in one call; raises what Redis raises when it is away."""

    def __init__(self, redis_url: str) -> None:
        self._client = redis.asyncio.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
        self._take = self._client.register_script(TAKE)
        self._queue_up = self._client.register_script(_QUEUE_UP)
        self._give_back = self._client.register_script(_GIVE_BACK)
        self._correct = self._client.register_script(_CORRECT)
        self._asked: list[tuple[Sequence[Limit], asyncio.Future[Turn]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._trusted: set[str] | None = None  # None: all; after Redis was away those that were asked since

    async def turn(self, limits: Sequence[Limit]) -> Turn:
        """A turn from all of these, or the one that is in the way."""
        answer: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._asked.append((limits, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_on())
        return await answer

    async def queue_up(self, name: str, bucket: Bucket, seconds: float) -> float:
        """Seconds until a place in the queue for this bucket, whose next turn is `seconds` away. Only a hint."""
        key = f"{bucket.key}:queue:{name}:{bucket.rate:g}"
        wait = await self._queue_up(keys=[key], args=[int(bucket.seconds * 1e6), int(seconds * 1e6)])
        return int(wait) / 1e6

    async def give_back(self, limits: Sequence[Limit], turn: Turn) -> None:
        """This turn was not used: somebody else may have it."""
        keys = [limit.key for limit in limits if isinstance(limit, Bucket)]
        counts = [limit.key for limit in limits if isinstance(limit, DayCount)]
        await self._give_back(keys=keys, args=[turn.stamp])
        for key in counts:
            await self._client.decr(key)

    async def correct(self, count: DayCount, value: int) -> None:
        """What the ledger says of this day, where Redis knows nothing of it or says that it is full."""
        await self._correct(keys=[count.key], args=[count.ceiling, value])

    async def close(self) -> None:
        """Let go of the connection."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._client.aclose()

    async def _ask_on(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, []
                await self._ask(asked)
        finally:
            self._asking = None
            for _, answer in self._asked:
                answer.cancel()

    async def _ask(self, asked: list[tuple[Sequence[Limit], asyncio.Future[Turn]]]) -> None:
        limits = {limit.key: limit for wanted, _ in asked for limit in wanted}
        ordered = sorted(limits.values(), key=lambda limit: isinstance(limit, DayCount))
        places = {limit.key: str(number) for number, limit in enumerate(ordered, 1)}
        words = self._words(ordered)
        for wanted, _ in asked:
            words += [str(len(wanted)), *(places[limit.key] for limit in wanted)]
        try:
            lasts = [f"{limit.key}:last" for limit in ordered if isinstance(limit, Bucket)]
            answers = await self._take(keys=[*(limit.key for limit in ordered), *lasts], args=words)
        except BaseException as error:
            self._trusted = set()
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error) if isinstance(error, Exception) else answer.cancel()
            if not isinstance(error, RedisError | OSError):
                raise
            return
        if self._trusted is not None:
            self._trusted.update(limits)
        now = time.monotonic()
        stamp = answers[-1]
        for number, (_, answer) in enumerate(asked):
            microseconds, place = answers[2 * number : 2 * number + 2]
            if not answer.done():
                at = float(microseconds) if microseconds < 0 else now + microseconds / 1e6
                answer.set_result(Turn(at, ordered[place - 1] if place else None, stamp + microseconds))

    def _words(self, limits: Sequence[Limit]) -> list[str]:
        """The script's first arguments: what every key is."""
        buckets = [limit for limit in limits if isinstance(limit, Bucket)]
        words = [str(len(buckets)), _micro(AHEAD_SECONDS)]
        for bucket in buckets:
            mistrust = self._trusted is not None and bucket.key not in self._trusted
            words += [str(bucket.most), _micro(bucket.window), _micro(bucket.step), _micro(bucket.late)]
            words.append(str(int(mistrust)))
        return words + [str(limit.ceiling) for limit in limits if isinstance(limit, DayCount)]


def _micro(seconds: float) -> str:
    return str(int(seconds * 1e6))
