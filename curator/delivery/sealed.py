"""Secrets at rest: sealed by AES-256-GCM under a key that lives in the key file, never in the database.

What a secret is for is sealed in: a password cannot be passed off as a private key. Nothing here logs or prints.
"""

import secrets
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from curator.settings import get_settings

_KEY = "relays"  # its name in the key file since the first password was sealed
_NONCE_BYTES = 12


class Kind(Enum):
    """What is sealed."""

    RELAY_PASSWORD = b"relay password"
    DKIM_KEY = b"dkim key"


class Unreadable(Exception):
    """It was sealed with another key, as another kind, or altered since."""


def seal(secret: bytes, kind: Kind) -> bytes:
    """What may be stored of a secret."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(get_settings().secret(_KEY)).encrypt(nonce, secret, kind.value)


def unseal(stored: bytes, kind: Kind) -> bytes:
    """The secret that was sealed; `Unreadable` otherwise, for the caller to say what to do about it."""
    key = AESGCM(get_settings().secret(_KEY))
    try:
        return key.decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], kind.value)
    except InvalidTag as error:
        raise Unreadable from error
