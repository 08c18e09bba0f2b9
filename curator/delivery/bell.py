"""One ring of the sweep at a time: a slice that is rung for and not yet begun is not rung for again.

Only saves work. A Redis that is away or comes back empty means one ring too many, and a ring that got lost is forgotten
after a slice's time.
"""

import redis
from redis.exceptions import RedisError

from curator.settings import Settings


def may_ring(delivery_id: int, settings: Settings) -> bool:
    """Is no ring of ours for this delivery still unheard? Notes the one that follows."""
    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=2) as client:
            return bool(client.set(_key(delivery_id), 1, nx=True, ex=int(settings.slice_seconds) + 10))
    except (RedisError, OSError):
        return True


def note_heard(delivery_id: int, settings: Settings) -> None:
    """A slice begins: the next ring is welcome."""
    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=2) as client:
            client.delete(_key(delivery_id))
    except (RedisError, OSError):
        return


def _key(delivery_id: int) -> str:
    return f"curator:rung:{delivery_id}"
