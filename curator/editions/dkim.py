"""DKIM signatures (RFC 6376): rsa-sha256, relaxed/relaxed, without l= and x=, by the domain of From.

What is the same for every reader is canonicalised once, when a `Signature` is made. Per reader there is a join, one
SHA-256 over the body and one RSA operation, which takes nine tenths of the time.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from curator.editions.canonical import body_of, fields_of, relaxed_value
from curator.editions.segments import Blanks, Part
from curator.editions.slots import Slot

# Listed once more than there are, so that nobody can add another and have it believed (RFC 6376 8.15).
OVERSIGNED = (
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
)
# Signed where present. RFC 8058 4 wants the first two; a relay may add a Feedback-ID or List-* of its own above ours.
SIGNED = ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID")

_PADDING = PKCS1v15()
_HASH = SHA256()
_LONGEST = 76


@dataclass(frozen=True)
class DomainKey:
    """Who signs: the domain (d=), which of its keys (s=), and the private key, which nothing prints."""

    domain: str
    selector: str
    private: RSAPrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """The RSA signature of `data`, in base64."""
        return base64.b64encode(self.private.sign(data, _PADDING, _HASH))


class Signature:
    """Makes the DKIM-Signature field of every message with these parts (the whole message, header first).

    Values are given in the order of `slots`, as for the message itself.
    """

    def __init__(self, parts: Sequence[Part], slots: Sequence[Slot], key: DomainKey) -> None:
        self._key = key
        listed = _listed(fields_of(parts))
        first, *rest = body_of(parts)
        self._start = hashlib.sha256(first if isinstance(first, bytes) else b"")
        self._body = Blanks(rest, slots)
        self._header = Blanks([piece for _, value in listed for piece in (*value, b"\r\n") if value], slots)
        names = _folded("h=", [name for name, _ in listed])
        self._before = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={key.domain};\r\n s={key.selector}; t=".encode("ascii")
        self._between = f";\r\n {names};\r\n bh=".encode("ascii")
        self._signed_before = b"dkim-signature:" + self._before.replace(b"\r\n", b"")
        self._signed_between = self._between.replace(b"\r\n", b"")

    def field(self, values: Sequence[bytes], now: datetime) -> bytes:
        """The field with its CRLF, to stand before the first of the message."""
        time = str(int(now.timestamp())).encode("ascii")
        body = base64.b64encode(self._body_hash(values))
        own = b"".join([self._signed_before, time, self._signed_between, body, b"; b="])
        signature = self._key.sign(self._header.fill(values) + own)
        lines = [signature[at : at + _LONGEST - 4] for at in range(0, len(signature), _LONGEST - 4)]
        start = b"".join([b"DKIM-Signature: ", self._before, time, self._between, body, b";\r\n b="])
        return start + b"\r\n ".join(lines) + b"\r\n"

    def _body_hash(self, values: Sequence[bytes]) -> bytes:
        digest = self._start.copy()
        digest.update(self._body.fill([relaxed_value(value) for value in values]))
        return digest.digest()


def sign_message(message: bytes, key: DomainKey, now: datetime) -> bytes:
    """A finished message (7-bit, CRLF) with its signature on top."""
    return Signature([message], [], key).field([], now) + message


def _listed(fields: list[tuple[str, list[Part]]]) -> list[tuple[str, list[Part]]]:
    """The fields of h= in its order, several of one name from the last to the first; absent ones have no parts."""
    listed: list[tuple[str, list[Part]]] = []
    for name in (*OVERSIGNED, *SIGNED):
        listed += [(name, parts) for found, parts in reversed(fields) if found == name.lower()]
        listed += [(name, [])] if name in OVERSIGNED else []
    return listed


def _folded(start: str, names: Sequence[str]) -> str:
    """The names with colons between, folded so that no line of the field is longer than a header line should be."""
    lines, current = [], start
    for position, name in enumerate(names):
        word = name if position == len(names) - 1 else f"{name}:"
        if len(current) + len(word) > _LONGEST:
            lines.append(current)
            current = ""
        current += word
    return "\r\n ".join([*lines, current])
