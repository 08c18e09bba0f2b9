"""Caps on what one person or one network may try. Never applied to a mailbox provider's one-click POST."""

import ipaddress
from functools import lru_cache

import structlog
from fastapi import Request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from curator.settings import get_settings

log = structlog.get_logger(__name__)

# What may be tried how often: per subject (an address, a user and newsletter), and per network (IPv4 /24, IPv6 /48).
CAPS: dict[str, tuple[str, str]] = {
    "sign-in": ("10 per 15 minutes", "60 per 15 minutes"),
    "api": ("1200 per hour", "6000 per hour"),
    "test-mail": ("20 per hour", "200 per hour"),
    "subscribe": ("5 per hour", "60 per hour"),
    "suggest": ("10 per hour", "40 per hour"),
}


def is_allowed(request: Request, what: str, subject: str) -> bool:
    """Count one try; False when the subject or its network has had its share."""
    per_subject, per_network = (parse(cap) for cap in CAPS[what])
    return _hit(per_network, what, client_network(request)) and _hit(per_subject, what, subject)


def client_network(request: Request) -> str:
    """The network of the client, believing only the configured number of proxies; never the whole address."""
    hops = get_settings().trusted_hops
    forwarded = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    host = forwarded[-hops] if 0 < hops <= len(forwarded) else (request.client.host if request.client else "")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _hit(item: RateLimitItem, *identifiers: str) -> bool:
    try:
        return _limiter().hit(item, *identifiers)
    except Exception as error:  # noqa: BLE001 - Redis down must not lock people out
        log.warning("cap_not_counted", error=type(error).__name__)
        return True


@lru_cache(maxsize=1)
def _limiter() -> MovingWindowRateLimiter:
    url = get_settings().redis_url
    storage: Storage = MemoryStorage()
    if url:
        address = url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url
        storage = RedisStorage(address, socket_connect_timeout=2, socket_timeout=2)
    return MovingWindowRateLimiter(storage)
