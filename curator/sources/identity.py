"""What makes two articles the same one: the address, the words, or most of the words.

Pure: values in, values out. Says what is alike; never merges or deletes anything.
"""

import hashlib
import heapq
import re
from collections.abc import Collection
from difflib import SequenceMatcher
from urllib.parse import urlsplit, urlunsplit

from w3lib.url import canonicalize_url, url_query_cleaner

from curator.errors import Invalid
from curator.sources.prose import clean_text

SKETCH_SIZE = 64
SHARED_WHEN_SAME = 16
"""Hashes two sketches of 64 share when one text is an altered copy of the other."""

LEAD_WORDS = 50
"""Words at the beginning of a text that make its lead; what a feed gives as an excerpt is hardly longer."""

SHORT_WORDS = 120
"""Below this many words a text is an excerpt, and only its lead can be compared."""

LEAST_SHARED_LEAD = 6
"""Three-word shingles two leads share at least to be the same."""

_LONGEST_ADDRESS = 2_000
_MOST_WORDS = 20_000
# Parameters that only say where a reader came from. Parameters that may choose the page (id, page, ref) stay.
_TRACKING = (
    *("fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid"),
    *("igsh", "mc_cid", "mc_eid", "mkt_tok", "oly_anon_id", "oly_enc_id", "vero_id", "wickedid", "_hsenc", "_hsmi"),
    *("__hssc", "__hstc", "__hsfp", "hsctatracking", "ref_src", "ref_url", "cmpid", "ns_campaign", "ns_mchannel"),
    *("ns_source", "ns_linkname", "ns_fee", "s_cid", "xtor", "at_medium", "at_campaign", "spm", "scm", "_ga", "_gl"),
    *("guccounter", "guce_referrer", "guce_referrer_sig", "ml_subscriber", "ml_subscriber_hash", "sref", "smid"),
)
_TRACKING_PREFIX = re.compile(r"(?:utm|mtm|pk|piwik|matomo|hsa)_", re.IGNORECASE)


def checked_address(text: str) -> str:
    """`text` as a web address without spaces around it; `Invalid` says what is wrong with anything else."""
    address = text.strip()
    if "://" not in address and re.match(r"[\w-]+(\.[\w-]+)+(?:[:/?#]|$)", address):
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid("That is not a web address. Copy it from the browser's address bar.") from error
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise Invalid("That is not a web address. It must start with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise Invalid("The address holds a user name or password. Take out everything up to and including the @.")
    if len(address) > _LONGEST_ADDRESS:
        raise Invalid(f"The address is longer than {_LONGEST_ADDRESS} characters. Use the article's own short address.")
    if clean_text(address) != address or re.search(r"\s", address):
        raise Invalid("The address holds a space or a control character. Copy it from the browser's address bar.")
    return address


def canonical_address(address: str) -> str:
    """One spelling of an address: lower-case host, no default port, fragment or tracking, parameters in order."""
    parts = urlsplit(address.strip())
    names = [pair.partition("=")[0] for pair in parts.query.split("&")]
    dropped = [name for name in names if name.lower() in _TRACKING or _TRACKING_PREFIX.match(name)]
    if dropped:
        parts = urlsplit(url_query_cleaner(parts.geturl(), dropped, remove=True, unique=False, keep_fragments=False))
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    host = parts.netloc.rpartition("@")[2].lower()
    host = host.removesuffix(f":{default}").rstrip(".")
    return str(canonicalize_url(urlunsplit((parts.scheme.lower(), host, parts.path, parts.query, ""))))


def address_key(address: str) -> str:
    """What addresses are compared by: the canonical one without scheme, `www.` and trailing slash."""
    without_scheme = canonical_address(address).partition("://")[2]
    host, slash, rest = without_scheme.partition("/")
    path, mark, query = rest.partition("?")
    return (host.removeprefix("www.") + slash + path).rstrip("/") + mark + query


def feed_address(text: str) -> str:
    """`text` as the address of a feed: as `checked_address`, and browsers and lists write some with `feed:` before."""
    return checked_address(re.sub(r"^feed:(?://)?", "", text.strip(), flags=re.IGNORECASE))


def content_hash(title: str, text: str) -> bytes:
    """32 bytes that are equal when title and text have the same words, whatever the case and punctuation."""
    words = " ".join(_words(f"{title}\n{text}"))
    return hashlib.sha256(words.encode()).digest()


def sketch(text: str) -> list[int]:
    """The 64 smallest 63-bit hashes of three-word shingles; [] for texts under three words. Order: ascending."""
    words = _words(text)[:_MOST_WORDS]
    shingles = {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}
    return heapq.nsmallest(SKETCH_SIZE, map(_hash, shingles))


def lead_sketch(text: str) -> list[int]:
    """The hashes of all three-word shingles of the first 50 words; at most 48, ascending."""
    words = _words(text[: LEAD_WORDS * 30])[:LEAD_WORDS]
    return sorted({_hash(" ".join(words[i : i + 3])) for i in range(len(words) - 2)})


def is_same_lead(shared: int, sizes: tuple[int, int], *, same_source: bool, titles: tuple[str, str]) -> bool:
    """Do leads of so many hashes, this many of them shared, begin one story? Half of the shorter one must agree."""
    is_alike = shared >= LEAST_SHARED_LEAD and shared * 2 >= min(sizes)
    return is_alike and (not same_source or similar_titles(*titles))


def is_probably_same(shared: int, *, same_source: bool, titles: tuple[str, str]) -> bool:
    """Do two sketches that share this many hashes mean one story? One feed repeats itself, so its titles must agree."""
    return shared >= SHARED_WHEN_SAME and (not same_source or similar_titles(*titles))


def similar_titles(one: str, other: str) -> bool:
    """Do two titles say nearly the same, word for word?"""
    first, second = _words(one)[:40], _words(other)[:40]
    return SequenceMatcher(None, first, second).ratio() >= 0.6


def shared_hashes(one: Collection[int], other: Collection[int]) -> int:
    """How many hashes two sketches have in common, 0 to 64."""
    return len(set(one) & set(other))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _hash(shingle: str) -> int:
    return int.from_bytes(hashlib.blake2b(shingle.encode(), digest_size=8).digest()) >> 1
