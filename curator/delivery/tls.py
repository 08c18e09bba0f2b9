"""Protected connections to relays: whom we trust, and what was agreed. Certificates are verified, always.

Making a context reads the system's whole list of authorities (50 ms of CPU), so one serves all lines for a while.
"""

import os
import ssl
import time
from asyncio import BaseTransport
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

_KEPT_SECONDS = 600
"""A renewed list of authorities is noticed within this time."""


class Protection(NamedTuple):
    """What protects a line: the protocol's version, the cipher, whose certificate it is and until when it holds."""

    version: str
    cipher: str
    subject: str
    issuer: str
    expires: datetime

    def __str__(self) -> str:
        return (
            f"{self.version}, {self.cipher}, certificate of {self.subject} "
            f"by {self.issuer}, valid until {self.expires:%Y-%m-%d}"
        )


def client_context() -> ssl.SSLContext:
    """TLS 1.2 or newer, the system's authorities (or SSL_CERT_FILE's), the host's name checked."""
    return _context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), time.monotonic() // _KEPT_SECONDS)


def protection_of(transport: BaseTransport) -> Protection | None:
    """What protects this connection; None when nothing does."""
    session = transport.get_extra_info("ssl_object")
    certificate = transport.get_extra_info("peercert")
    if session is None or not certificate:
        return None
    cipher = session.cipher()
    return Protection(
        version=session.version() or "",
        cipher=cipher[0] if cipher else "",
        subject=_name(certificate.get("subject", ())) or _first_alternative(certificate),
        issuer=_name(certificate.get("issuer", ())),
        expires=datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC),
    )


@lru_cache(maxsize=2)
def _context(file: str | None, folder: str | None, period: float) -> ssl.SSLContext:
    return ssl.create_default_context()


def _name(parts: Any) -> str:
    """The common name of a distinguished name, else the organisation."""
    found = {key: value for part in parts for key, value in part}
    return str(found.get("commonName") or found.get("organizationName") or "")


def _first_alternative(certificate: dict[str, Any]) -> str:
    return next((str(value) for _, value in certificate.get("subjectAltName", ())), "")
