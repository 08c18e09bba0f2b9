"""Who asked: a script of ours that wants JSON, htmx that wants a part of a page, or a plain form."""

from fastapi import Request


def wants_json(request: Request) -> bool:
    """Whether a script of ours asked, not a form."""
    return request.headers.get("accept", "").startswith("application/json")


def is_htmx(request: Request) -> bool:
    """Whether a part of the page is enough."""
    return request.headers.get("hx-request") == "true"
