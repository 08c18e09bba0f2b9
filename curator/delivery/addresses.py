"""An address as it stands in the SMTP envelope.

Never changes a local part, never lets two recipients out of one field.
"""

import re
from typing import NamedTuple

import idna

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>,;:\\\"()\[\]]")


class Path(NamedTuple):
    """The text between the angle brackets; `is_ascii` False means that SMTPUTF8 is needed (RFC 6531)."""

    text: str
    is_ascii: bool


def path_of(address: str) -> Path:
    """The address with its domain in ASCII (IDNA 2008); ValueError with a reason when it cannot be one recipient."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or "@" in local or _FORBIDDEN.search(local) or _FORBIDDEN.search(domain):
        raise ValueError("not one address")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError("its domain is not a domain name") from error
    return Path(f"{local}@{domain}", local.isascii())
