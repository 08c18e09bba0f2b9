"""Signed tokens in mail: who and what, unforgeable, short, valid for years, in about a microsecond.

token = base64url( key number (1) · purpose (1) · a (8) · b (8) · MAC (16) ), without padding: 46 characters.
The MAC is keyed BLAKE2b (RFC 7693) over everything before it: 128 bits, over the purpose too, so that a token
made for one purpose is worthless for another. What `a` and `b` mean is fixed by the purpose.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from enum import IntEnum
from typing import NamedTuple

_HEAD = struct.Struct(">BBqq")
_MAC_BYTES = 16
LENGTH = 46


class Purpose(IntEnum):
    """What a token is good for, with the meaning of (a, b)."""

    OPEN = 1  # message id, edition id
    CLICK = 2  # message id, edition id
    LEAVE = 3  # subscription id, message id (0 when not from a delivery)
    PREFERENCES = 4  # subscription id, message id
    CONFIRM = 5  # subscription id, 0
    AGGREGATE_OPEN = 6  # 0, edition id: the same for every reader
    AGGREGATE_CLICK = 7  # 0, edition id
    VIEW = 8  # 0, edition id: the issue in the browser
    NO_THANKS = 9  # suggestion id, 0: whoever was thanked wants no such mail again


class Token(NamedTuple):
    """A token whose signature holds."""

    purpose: Purpose
    a: int
    b: int


class Signer:
    """Makes and reads tokens. `keys` maps key numbers to 32 secret bytes; the highest number signs."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._keys = dict(keys)
        self._current = max(keys)

    def sign(self, purpose: Purpose, a: int, b: int = 0) -> str:
        """The token as text, `LENGTH` characters of the base64url alphabet."""
        head = _HEAD.pack(self._current, purpose, a, b)
        mac = hashlib.blake2b(head, digest_size=_MAC_BYTES, key=self._keys[self._current]).digest()
        return base64.urlsafe_b64encode(head + mac).rstrip(b"=").decode("ascii")

    def read(self, text: str, *purposes: Purpose) -> Token | None:
        """The token, or None when it is malformed, altered, signed by an unknown key or for another purpose."""
        if len(text) != LENGTH or not text.isascii():
            return None
        try:
            raw = base64.b64decode(text + "=" * (-LENGTH % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        number, purpose, a, b = _HEAD.unpack(raw[: _HEAD.size])
        key = self._keys.get(number)
        if key is None or purpose not in purposes:
            return None
        mac = hashlib.blake2b(raw[: _HEAD.size], digest_size=_MAC_BYTES, key=key).digest()
        if not hmac.compare_digest(mac, raw[_HEAD.size :]):
            return None
        if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != text:
            return None  # spare bits of the last character: one spelling only
        return Token(Purpose(purpose), a, b)
