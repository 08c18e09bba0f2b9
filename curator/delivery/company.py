"""Company: a slice that leaves its process idle shares it, so that a slow or limited delivery never slows another.

A process sends one delivery's slice at a time only while that keeps it busy. Whatever keeps a slice waiting (a rate, a
window, a relay far away), other deliveries that could be sending get slices beside it, in the same loop.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

LOOK_SECONDS = 0.5
MOST_GUESTS = 4
BUSY = 0.5
"""The share of a core from which on a process has no room for others."""

Slice = Coroutine[Any, Any, Counter[str]]


class _Room:
    """How busy this process was since it was last asked."""

    def __init__(self) -> None:
        self._at, self._used = time.monotonic(), time.process_time()

    def is_left(self) -> bool:
        """Did it use less than half a core?"""
        at, used = time.monotonic(), time.process_time()
        share = (used - self._used) / max(at - self._at, 0.001)
        self._at, self._used = at, used
        return share < BUSY


async def send_in_company(
    delivery_id: int, host: Slice, invite: Callable[[frozenset[int]], Awaitable[tuple[int, Slice] | None]]
) -> Counter[str]:
    """Run the slice of this delivery, and beside it those that `invite` names, while there is room; the host's counts.

    `invite` is told which deliveries are being sent here. Guests end by themselves; what goes wrong with one is theirs.
    """
    hosting = asyncio.create_task(host)
    guests: dict[asyncio.Task[Counter[str]], int] = {}
    room = _Room()
    while not hosting.done():
        await asyncio.wait({hosting, *guests}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        guests = {task: guest for task, guest in guests.items() if not task.done()}
        if len(guests) < MOST_GUESTS and not hosting.done() and room.is_left():
            found = await invite(frozenset({delivery_id, *guests.values()}))
            if found is not None:
                guests[asyncio.create_task(found[1])] = found[0]
    await asyncio.gather(*guests, return_exceptions=True)
    return hosting.result()
