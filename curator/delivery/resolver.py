"""DNS asked for what stands there: nothing there is an empty answer, no answer in time is `Silent`.

A resolver asks each question once; make a new one to ask again.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.resolver

from curator.delivery.spf import Address
from curator.errors import Unavailable

SECONDS = 3.0
"""Longest wait for one answer."""


class Silent(Exception):
    """DNS did not answer a question. The text says which and how."""


class Resolver:
    """Asks `server` (address and port), or what the system is set up with when there is none."""

    def __init__(self, server: tuple[str, int] | None = None, seconds: float = SECONDS) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=server is None)
        except dns.resolver.NoResolverConfiguration as error:
            raise Unavailable("This machine names no DNS server. Set CURATOR_DNS_SERVER, like 9.9.9.9:53.") from error
        if server is not None:
            self._resolver.nameservers = [server[0]]
            self._resolver.port = server[1]
        self._seconds = seconds
        self._known: dict[tuple[str, str], list[Any] | Silent] = {}

    def texts(self, name: str) -> list[str]:
        """TXT records, the strings of each joined (RFC 7208 3.3, RFC 6376 3.6.2.2), fit to be shown on a terminal."""
        found = [b"".join(record.strings).decode("utf-8", "replace") for record in self._ask(name, "TXT")]
        return ["".join(c if c.isprintable() else " " if c == "\t" else "\ufffd" for c in text) for text in found]

    def addresses(self, name: str) -> list[Address]:
        """A and AAAA records; a number is its own address."""
        try:
            return [ipaddress.ip_address(name.strip("[]"))]
        except ValueError:
            return [ipaddress.ip_address(record.address) for kind in ("A", "AAAA") for record in self._ask(name, kind)]

    def exchanges(self, name: str) -> list[str]:
        """MX records, the preferred first; the null MX (RFC 7505) is an empty name."""
        found = sorted(self._ask(name, "MX"), key=lambda record: record.preference)
        return [record.exchange.to_text(omit_final_dot=True).lower().strip(".") for record in found]

    def _ask(self, name: str, kind: str) -> list[Any]:
        key = (name.lower().rstrip("."), kind)
        if key not in self._known:
            try:
                self._known[key] = list(self._answers(*key))
            except Silent as silent:
                self._known[key] = silent
        known = self._known[key]
        if isinstance(known, Silent):
            raise known
        return known

    def _answers(self, name: str, kind: str) -> Iterator[Any]:
        try:
            yield from self._resolver.resolve(
                f"{name}.", kind, lifetime=self._seconds, search=False, raise_on_no_answer=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
            return
        except dns.exception.Timeout as error:
            raise Silent(f"no answer about {name} ({kind}) in {self._seconds:g} s") from error
        except dns.resolver.NoNameservers as error:
            raise Silent(f"the DNS server could not answer about {name} ({kind})") from error
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise Silent(f"{name} ({kind}) cannot be asked for: {type(error).__name__}") from error
