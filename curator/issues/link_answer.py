"""Asks one address what it answers, through the guarded fetcher: HEAD first, GET where HEAD is not understood.

Only what is sure is called dead. A site that refuses machines, or has a bad minute, is `unsure`: a person looks.
Touches no database, because it may take `settings.fetch_seconds`.
"""

import re
from urllib.parse import urlsplit

from curator.errors import FetchFailed
from curator.issues.link_checks import Answer, Verdict
from curator.settings import Settings
from curator.sources.fetch import Fetched, probe

SHORTENERS = frozenset(
    {
        *("amzn.to", "bit.ly", "buff.ly", "cutt.ly", "dlvr.it", "econ.st", "fb.me", "goo.gl", "ift.tt", "is.gd"),
        *("lnkd.in", "nyti.ms", "ow.ly", "rb.gy", "rebrand.ly", "s.id", "shorturl.at", "t.co", "t.ly", "tiny.cc"),
        *("tinyurl.com", "trib.al", "v.gd", "wapo.st"),
    }
)
_RESERVED = re.compile(r"(^|\.)(example|test|invalid|localhost|example\.(com|net|org))$")
LONGEST_SECONDS = 10.0
"""A page that readers wait longer for than this is as good as silent."""

_GONE = (404, 410)
_NOT_FOR_HEAD = (400, 403, 404, 405, 406, 409, 410, 500, 501, 502, 503)


def is_reserved(address: str) -> bool:
    """Whether the host is a name kept for examples (RFC 2606, RFC 6761): it leads nowhere."""
    return bool(_RESERVED.search(_host(address)))


def is_shortened(address: str) -> bool:
    """Whether the address hides where it leads behind a shortener."""
    return _host(address) in SHORTENERS


def ask(address: str, settings: Settings) -> Answer:
    """What the address answers now."""
    if is_reserved(address):
        return Answer(Verdict.RESERVED)
    settings = settings.model_copy(update={"fetch_seconds": min(settings.fetch_seconds, LONGEST_SECONDS)})
    try:
        found = probe(address, settings=settings, method="HEAD")
        if found.status in _NOT_FOR_HEAD:
            found = probe(address, settings=settings, method="GET")
    except FetchFailed:
        return _once_more(address, settings)
    return judge(address, found)


def judge(address: str, found: Fetched) -> Answer:
    """What an answer means for readers. Pure."""
    if found.status in _GONE:
        return Answer(Verdict.DEAD, found.status)
    if not 200 <= found.status < 300:
        return Answer(Verdict.UNSURE, found.status)
    if found.moved_to and found.moved_to != address:
        return Answer(Verdict.MOVED, found.status, found.moved_to)
    if _host(found.address) != _host(address):
        return Answer(Verdict.ELSEWHERE, found.status, found.address)
    return Answer(Verdict.FINE, found.status)


def _once_more(address: str, settings: Settings) -> Answer:
    """Some servers break off at HEAD: silence counts only when GET meets it too."""
    try:
        return judge(address, probe(address, settings=settings, method="GET"))
    except FetchFailed:
        return Answer(Verdict.SILENT)


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower().removeprefix("www.")
    except ValueError:
        return ""
