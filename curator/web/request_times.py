"""How long requests take until their answer begins, by method, route and kind of status. Kept by this process alone.

Until it begins, not until it ends: a page that follows a delivery live is open for minutes. Routes are named as they
are written in the code, never as they were asked for: no address, no token, no number of an issue.
"""

import time
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

from prometheus_client import Histogram
from starlette.types import ASGIApp, Receive, Scope, Send

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_PREFIXES = {"/o/": "/o/{token}.gif", "/c/": "/c/{token}/{number}", "/static/": "/static"}


@lru_cache(maxsize=1)
def histogram() -> Histogram:
    """The one of this process."""
    return Histogram(
        "curator_http_request_seconds",
        "Seconds until an answer began, in this web process.",
        ("method", "route", "status"),
        buckets=BUCKETS,
        registry=None,
    )


class RequestTimes:
    """Around the whole application. `answered` counts what this process answered."""

    answered = 0

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def send_and_note(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - started
                histogram().labels(_method(scope), route_of(scope), f"{message['status'] // 100}xx").observe(seconds)
                RequestTimes.answered += 1
            await send(message)

        await self._app(scope, receive, send_and_note)


def route_of(scope: Scope) -> str:
    """The route as it is written in the code; "none" for what is no page of ours."""
    for prefix, name in _PREFIXES.items():
        if scope["path"].startswith(prefix):
            return name
    return str(getattr(scope.get("route"), "path", "none"))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"
