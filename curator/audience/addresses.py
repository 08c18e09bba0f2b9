"""One canonical form of an address, or a clear refusal. Two recipients never come out of one field.

The domain is IDNA in lower case, the part before the @ stays as given, and `key` (all lower case) is what addresses
are compared by. The hash is keyed with a pepper that lives outside the database. Nothing here asks the network.
"""

import hmac
import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import idna

from curator.errors import Invalid

LONGEST = 254  # RFC 5321 4.5.3.1.3: a path of 256 octets includes the two angle brackets
_LONGEST_LOCAL = 64  # RFC 5321 4.5.3.1.1
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")  # RFC 5322 3.2.3, dot-atom: no quoted strings, no comments
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
_SAFE = re.compile(r"[^\x00-\x20\x7f-\x9f\u2028\u2029]*")


class Address(NamedTuple):
    """An address that can be mailed. `address` is what goes on the envelope, `key` what it is compared by."""

    address: str
    key: str


def canonical(text: str) -> Address:
    """The canonical form of one address; `Invalid` with a reason that a person can act on."""
    trimmed = text.strip()
    local, at, domain = trimmed.rpartition("@")
    # The common case first: a million rows of an import come this way.
    if at and _LOCAL.fullmatch(local) and "=?" not in local and len(local) <= _LONGEST_LOCAL:
        domain = _domain(domain)
        if domain and len(local) + 1 + len(domain) <= LONGEST:
            address = f"{local}@{domain}"
            return Address(address, address.lower())
    raise Invalid(_reason(trimmed), address=trimmed[:LONGEST])


def address_hash(key: str, pepper: bytes) -> bytes:
    """HMAC-SHA-256 (32 bytes) of an address key: what suppressions are kept by, useless without the pepper."""
    return hmac.digest(pepper, key.encode(), "sha256")


def mailbox_key(key: str) -> str:
    """The mailbox behind an address key: without a plus tag and dots, so that one victim is counted once.

    Only for counting sign-ups. Two people with such alike addresses at one host share a daily count, nothing else.
    """
    local, _, domain = key.rpartition("@")
    return f"{local.partition('+')[0].replace('.', '') or local}@{domain}"


@lru_cache(maxsize=20_000)
def _domain(text: str) -> str:
    """The domain in IDNA lower case, or "" when it is not one."""
    domain = text.lower()
    if not domain.isascii():
        try:
            domain = idna.encode(unicodedata.normalize("NFC", text), uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            return ""
    return domain if len(domain) <= 253 and _DOMAIN.fullmatch(domain) else ""


def _reason(text: str) -> str:
    """Why this is not an address, most helpful reason first."""
    if not text:
        return "There is no address here."
    if len(text) > LONGEST:
        return f"An address has at most {LONGEST} characters."
    if not _SAFE.fullmatch(text) or "=?" in text:
        return "An address has no spaces, line breaks or control characters in it."
    if any(mark in text for mark in ",;") or text.count("@") > 1:
        return "Give one address only."
    if any(mark in text for mark in '<>()"\\'):
        return "Give the address alone, without a name, quotes or brackets, like name@example.org."
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        return "An address has a name, an @ and a domain, like name@example.org."
    if not local.isascii():
        return "The part before the @ may only have plain letters and digits; mail servers refuse others."
    if len(local) > _LONGEST_LOCAL:
        return f"The part before the @ has at most {_LONGEST_LOCAL} characters."
    if not _LOCAL.fullmatch(local):
        return "The part before the @ is not written correctly; check its dots and signs."
    return "The domain after the @ is not written correctly, like example.org."
