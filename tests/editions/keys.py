"""A key pair for tests, and the independent verifier that judges signatures by it."""

import base64

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from curator.editions.dkim import DomainKey

KEY = DomainKey("nieuws.example.org", "one", rsa.generate_private_key(65537, 2048))


def record(key: DomainKey = KEY) -> bytes:
    """The TXT value to publish for this key."""
    public = key.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def verifies(raw: bytes, key: DomainKey = KEY) -> bool:
    """Does the signature on top hold, when this key is published where the signature says?"""
    place = f"{key.selector}._domainkey.{key.domain}.".encode("ascii")
    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout=5: record(key) if name == place else None))
