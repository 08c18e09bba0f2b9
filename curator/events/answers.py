"""What tracking addresses answer: the pixel, a redirect, a small page. Bytes made once, sent as raw ASGI messages."""

import base64
from typing import Any
from urllib.parse import quote, urlsplit

from curator.events.asgi import Send

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF of one by one pixel, 42 bytes."""

# No cache may answer for us, and the page behind a link must not learn the token (RFC 9110 10.1.3).
_ALWAYS = (
    (b"cache-control", b"no-store, max-age=0"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex, nofollow"),
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
_NOT_FOUND = _PAGE.format(
    title="This link does not lead anywhere",
    text="It may have been cut off or changed on its way. Please open it again from the mail itself.",
).encode()
_LATER = _PAGE.format(
    title="Please try again in a minute",
    text="We cannot look up this link right now. Nothing is lost: the link will work again shortly.",
).encode()

# Characters that may stand in an address as they are (RFC 3986 2.2 and 2.3, and % of what is encoded already).
_AS_IS = ":/?#[]@!$&'()*+,;=-._~%"


async def pixel(send: Send, *, body: bool) -> None:
    """200 and the picture; `body` false for HEAD."""
    await _answer(send, 200, ((b"content-type", b"image/gif"),), PIXEL, body)


async def redirect(send: Send, address: bytes, *, body: bool) -> None:
    """302 to a stored address that `location` let through."""
    await _answer(send, 302, ((b"location", address),), b"", body)


async def not_found(send: Send, *, body: bool) -> None:
    """404 and a small page."""
    await _answer(send, 404, ((b"content-type", b"text/html; charset=utf-8"),), _NOT_FOUND, body)


async def later(send: Send, *, body: bool) -> None:
    """503: the link is not known here and PostgreSQL cannot be asked."""
    headers = ((b"content-type", b"text/html; charset=utf-8"), (b"retry-after", b"30"))
    await _answer(send, 503, headers, _LATER, body)


async def wrong_method(send: Send) -> None:
    """405: only GET and HEAD mean anything here."""
    await _answer(send, 405, ((b"allow", b"GET, HEAD"),), b"", False)


def location(address: str) -> bytes | None:
    """The address as a header's value; None for anything but http and https, and for control characters."""
    if any(ord(character) < 32 or ord(character) == 127 for character in address):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    return quote(address, safe=_AS_IS).encode("ascii")


async def _answer(send: Send, status: int, headers: tuple[Any, ...], content: bytes, body: bool) -> None:
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length, *_ALWAYS]})
    await send({"type": "http.response.body", "body": content if body else b""})
