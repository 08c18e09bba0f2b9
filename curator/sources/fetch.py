"""Guarded fetching: every address of a host is checked, and the connection goes to the checked one, at every hop.

Nothing of the environment (proxies, netrc) is used, no cookie is kept, no caller learns whether a port is open.
Bounded in total time, bytes before and after decompression, headers, redirects. Database rows must not be locked
while it runs: it may take `settings.fetch_seconds`.
"""

import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Literal

import certifi
import httpcore2
import httpx2
import structlog

from curator.errors import FetchFailed, Invalid
from curator.settings import Settings
from curator.sources.deadline import TimedBackend
from curator.sources.identity import checked_address
from curator.sources.networks import Network, allowed_ranges, is_allowed, may_fetch, resolve

log = structlog.get_logger(__name__)

MOST_REDIRECTS = 5
_PORTS = (80, 443)
_MOST_HEADERS = 100
_LARGEST_HEADERS = 32_000
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_BROKEN = (httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError, OSError)


@dataclass(frozen=True)
class Fetched:
    """An answer of any status. `address` is where it came from; header names are in lower case.

    `moved_to` is the address only permanent redirects (RFC 9110 15.4.2, 15.4.9) led to, None without any.
    """

    address: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    content_type: str
    moved_to: str | None = None


def fetch(
    address: str,
    *,
    settings: Settings,
    accept: str,
    max_bytes: int = 5_000_000,
    headers: Mapping[str, str] | None = None,
) -> Fetched:
    """GET `address` and follow at most five redirects within `settings.fetch_seconds`. `FetchFailed` says why not.

    `max_bytes` is the size after decompression. `headers` go to the first host only.
    """
    return _follow("GET", address, settings, accept, dict(headers or {}), max_bytes)


def probe(address: str, *, settings: Settings, method: Literal["HEAD", "GET"] = "HEAD") -> Fetched:
    """Ask what `address` answers, under the same guard and by the same redirects, without reading any body."""
    return _follow(method, address, settings, "text/html,*/*;q=0.8", {}, None)


def _follow(
    method: str, address: str, settings: Settings, accept: str, sent: dict[str, str], most: int | None
) -> Fetched:
    guard = _Guard(allowed_ranges(settings.fetch_allow), settings.fetch_seconds)
    target, moved_to, is_permanent = _url(address), None, True
    with _pool(guard) as pool:
        for _ in range(MOST_REDIRECTS + 1):
            answer = _ask(pool, method, target, _headers(target, settings, accept, sent), most)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return _moved(answer, moved_to)
            following = _url_from(target, answer.headers["location"])
            is_permanent = is_permanent and answer.status in _PERMANENT
            moved_to = str(following) if is_permanent else moved_to
            sent = sent if following.host == target.host else {}
            target = following
    raise FetchFailed("The address leads on and on. Open it in a browser and copy the address it ends at.")


class _Guard(TimedBackend):
    """Connects to checked addresses only. TLS keeps the host's name, because the pool asks for it afterwards."""

    def __init__(self, allowed: tuple[Network, ...], seconds: float) -> None:
        super().__init__(seconds)
        self._allowed = allowed

    def answers(self, host: str, port: int) -> list[str]:
        answers = resolve(host, port, self.left())
        if not answers or not all(may_fetch(answer, self._allowed) for answer in answers):
            raise _Refused("not public" if answers else "no such host")
        if port not in _PORTS and not all(is_allowed(ip_address(answer), self._allowed) for answer in answers):
            raise _Refused("port")
        return answers


class _Refused(httpcore2.ConnectError):
    """Policy says no. Told to the caller in the same words as a port that is closed."""


def _pool(guard: _Guard) -> httpcore2.ConnectionPool:
    """One pool per fetch: HTTP/1.1, nothing kept alive for others, no proxy."""
    return httpcore2.ConnectionPool(ssl_context=tls_context(), network_backend=guard, http2=False)


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Certificates are checked against the system's list, or certifi's where there is none, never the environment's."""
    context = httpx2.create_ssl_context(trust_env=False)
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    return context


def _ask(
    pool: httpcore2.ConnectionPool,
    method: str,
    target: httpx2.URL,
    headers: list[tuple[bytes, bytes]],
    most: int | None,
) -> Fetched:
    request = httpcore2.Request(
        method,
        httpcore2.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path),
        headers=headers,
    )
    try:
        response = pool.handle_request(request)
    except (*_BROKEN, httpcore2.TimeoutException) as error:
        log.info("fetch_refused", reason=str(error)[:100] or type(error).__name__)
        raise _unreachable() from error
    try:
        return _answer(target, response, most)
    except httpcore2.TimeoutException as error:
        raise FetchFailed("The site answers too slowly. Try again later.") from error
    except _BROKEN as error:
        raise FetchFailed("The site broke off its answer. Try again later.") from error
    finally:
        response.close()


def _unreachable() -> FetchFailed:
    """One message for refused by policy, closed, filtered, silent and not HTTP: it must not map anybody's network."""
    return FetchFailed(
        "The address cannot be reached, or does not answer in time. Check that it opens in a browser without signing "
        "in."
    )


def _answer(target: httpx2.URL, response: httpcore2.Response, most: int | None) -> Fetched:
    if len(response.headers) > _MOST_HEADERS or sum(len(n) + len(v) for n, v in response.headers) > _LARGEST_HEADERS:
        raise FetchFailed("The site answers with too many headers.")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    is_redirect = response.status in _REDIRECTS and "location" in headers
    is_bare = is_redirect or most is None or response.status == 304
    body = b"" if is_bare or most is None else _body(response, headers, most)
    return Fetched(str(target), response.status, headers, body, headers.get("content-type", ""))


def _body(response: httpcore2.Response, headers: Mapping[str, str], most: int) -> bytes:
    """The whole body, decompressed piece by piece; no piece may grow past `most`."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        raise FetchFailed(f"The site answers compressed as {encoding[:20]!r}, which was not asked for.")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding.endswith("gzip") else None
    received = bytearray()
    compressed = 0
    for chunk in response.iter_stream():
        compressed += len(chunk)
        try:
            received += inflater.decompress(chunk, most + 1 - len(received)) if inflater else chunk
        except zlib.error as error:
            raise FetchFailed("The site's answer is damaged (its compression is broken).") from error
        if len(received) > most or compressed > most:
            raise FetchFailed(f"The page is larger than {most / 1_000_000:g} MB. Paste the article's text instead.")
    return bytes(received)


def _headers(target: httpx2.URL, settings: Settings, accept: str, more: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    sent = {
        "Host": target.netloc.decode("ascii"),
        "User-Agent": f"Curator/1.0 (+{settings.public_url})",
        "Accept": accept,
        "Accept-Encoding": "gzip",
        "Connection": "close",
        **more,
    }
    return [(name.encode("ascii"), value.encode("latin-1", "ignore")) for name, value in sent.items()]


def _url(address: str) -> httpx2.URL:
    try:
        return _without_fragment(httpx2.URL(checked_address(address)))
    except (httpx2.InvalidURL, Invalid, UnicodeError, ValueError) as error:
        message = error.message if isinstance(error, Invalid) else "That is not a web address."
        raise FetchFailed(message) from error


def _url_from(target: httpx2.URL, location: str) -> httpx2.URL:
    """Where a redirect leads; the same checks as for an address somebody typed."""
    try:
        # Headers arrive as Latin-1, many sites write UTF-8 into them.
        return _url(str(target.join(location.encode("latin-1").decode("utf-8", "replace"))))
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise _unreachable() from error
    except FetchFailed as error:
        raise _unreachable() from error


def _without_fragment(url: httpx2.URL) -> httpx2.URL:
    return url.copy_with(fragment=None)


def _moved(answer: Fetched, moved_to: str | None) -> Fetched:
    return Fetched(answer.address, answer.status, answer.headers, answer.body, answer.content_type, moved_to)
