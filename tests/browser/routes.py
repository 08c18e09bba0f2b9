"""Which addresses answer with a page of their own, and which of them a walk through the pages has not seen."""

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from curator.web.app import ROUTERS

# What a GET may also be answered with: a part of a page, a file, numbers, a redirect. Everything else is a page.
NOT_PAGES = frozenset(
    (
        "/",
        "/api/n/{slug}/articles/{article_id}",
        "/approve/{secret}/preview",
        "/c/{token}/{number}",
        "/health",
        "/mailbox/{number}/html",
        "/mailbox/{number}/message.eml",
        "/metrics",
        "/n/{slug}/articles/{article_id}",
        "/n/{slug}/audience/export.csv",
        "/n/{slug}/audience/imports/{run_id}/rejects.csv",
        "/n/{slug}/deliveries/{number}/events",
        "/n/{slug}/deliveries/{number}/export.csv",
        "/n/{slug}/draft",
        "/n/{slug}/issues/{number}/balance",
        "/n/{slug}/issues/{number}/composer",
        "/n/{slug}/issues/{number}/now",
        "/n/{slug}/issues/{number}/preview",
        "/n/{slug}/issues/{number}/proposals",
        "/n/{slug}/settings/design/look",
        "/n/{slug}/settings/designs/{design_id}/look",
        "/n/{slug}/sources/export",
        "/o/{token}.gif",
        "/pictures/{name}",
        "/suggest/{slug}/brand.css",
    )
)


def get_routes() -> Iterator[str]:
    """The path of every route that answers a GET, with the names of its parts in braces."""
    for name in ROUTERS:
        yield from _paths(import_module(name).router)


def unseen(visited: Iterable[str]) -> list[str]:
    """The pages none of these paths belongs to. A route that is spelled out does not stand for one with names."""
    pages = sorted(set(get_routes()) - NOT_PAGES, key=lambda path: path.count("{"))
    seen = {next((path for path in pages if _is_one_of(path, address)), "") for address in visited}
    return [path for path in pages if path not in seen]


def _paths(router: Any) -> Iterator[str]:
    for route in router.routes:
        if included := getattr(route, "original_router", None):
            yield from _paths(included)
        elif "GET" in (getattr(route, "methods", None) or ()):
            yield str(route.path)


def _is_one_of(path: str, address: str) -> bool:
    return re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)), address) is not None
