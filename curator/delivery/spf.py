"""SPF (RFC 7208): records read, and the question whether an address may send for a domain answered.

Pure but for `Names`, through which DNS is asked. At most 10 terms that ask DNS and 2 answers without anything, as
receivers count. Macros are not expanded: where one would decide, the verdict is `unknown`.
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LIMIT = 10
_EMPTY_LIMIT = 2
_EXCHANGE_LIMIT = 10
_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9._-]*)(?:([:/=])(.*))?")
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})
_MECHANISMS = _ASKING | {"all", "ip4", "ip6"}


class Verdict(StrEnum):
    """What a receiver would conclude, in the RFC's words; `unknown` is ours."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    PERMERROR = "permerror"
    UNKNOWN = "unknown"


QUALIFIERS = {"+": Verdict.PASS, "-": Verdict.FAIL, "~": Verdict.SOFTFAIL, "?": Verdict.NEUTRAL}


class Names(Protocol):
    """DNS, as far as SPF needs it. Each gives nothing for a name that does not have it."""

    def texts(self, name: str) -> list[str]:
        """TXT records."""

    def addresses(self, name: str) -> list[Address]:
        """A and AAAA records; a number is its own address."""

    def exchanges(self, name: str) -> list[str]:
        """MX records, the preferred first."""


@dataclass(frozen=True)
class Mechanism:
    """One term: what it means when it matches, its name, and what stands after it."""

    verdict: Verdict
    name: str
    value: str = ""
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
    prefixes: tuple[int, int] = (32, 128)


@dataclass(frozen=True)
class Record:
    """A record: its terms in order, and where to look when none matches."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""


@dataclass(frozen=True)
class Result:
    """The verdict, the terms that asked DNS, and why where a person should know."""

    verdict: Verdict
    lookups: int
    reason: str = ""


def is_spf(text: str) -> bool:
    """Is this TXT record meant as SPF? (4.5: version, then a space or the end)"""
    return text.lower().split(" ", 1)[0] == "v=spf1"


def parse_spf(text: str) -> Record:
    """The record; `ValueError` names the term that is wrong (which makes the whole record an error, 4.6)."""
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in text.split()[1:]:
        found = _TERM.fullmatch(term)
        if found is None:
            raise ValueError(f"“{term}” is no term of SPF")
        qualifier, name, mark, value = found[1], found[2].lower(), found[3], found[4] or ""
        if mark == "=" and not qualifier:
            if name in modifiers and name in ("redirect", "exp"):
                raise ValueError(f"{name}= stands in it twice")
            modifiers[name] = value
        elif name in _MECHANISMS and mark != "=":
            mechanisms.append(_mechanism(term, QUALIFIERS[qualifier or "+"], name, mark, value))
        else:
            raise ValueError(f"“{term}” is no term of SPF")
    if modifiers.get("redirect") == "":
        raise ValueError("redirect= names no domain")
    return Record(tuple(mechanisms), modifiers.get("redirect", ""))


def check_host(address: Address | None, domain: str, names: Names) -> Result:
    """May `address` send for `domain`? (4) None matches nothing: it counts what the worst case asks."""
    check = _Check(address, names)
    try:
        verdict = check.of(domain, depth=0)
    except _Broken as broken:
        return Result(Verdict.PERMERROR, check.lookups, str(broken))
    except _Undecided as undecided:
        return Result(Verdict.UNKNOWN, check.lookups, str(undecided))
    return Result(verdict, check.lookups)


class _Broken(Exception):
    """A permanent error: receivers treat the record as if it were wrong."""


class _Undecided(Exception):
    """We cannot tell."""


class _Check:
    """One question, with the counters it runs up."""

    def __init__(self, address: Address | None, names: Names) -> None:
        self.lookups = 0
        self._empty = 0
        self._address = address
        self._names = names

    def of(self, domain: str, depth: int) -> Verdict:
        found = [text for text in self._names.texts(domain) if is_spf(text)]
        if len(found) > 1:
            raise _Broken(f"{domain} has {len(found)} SPF records; only one may be there")
        if not found:
            if depth:
                raise _Broken(f"{domain} is named in it and has no SPF record")
            return Verdict.NONE
        try:
            record = parse_spf(found[0])
        except ValueError as error:
            raise _Broken(f"in the record of {domain}, {error}") from error
        for mechanism in record.mechanisms:
            if self._matches(mechanism, domain, depth):
                return mechanism.verdict
        if record.redirect and not any(mechanism.name == "all" for mechanism in record.mechanisms):
            self._count(record.redirect)
            return self.of(record.redirect, depth + 1)
        return Verdict.NEUTRAL

    def _matches(self, mechanism: Mechanism, domain: str, depth: int) -> bool:
        target = mechanism.value or domain
        if mechanism.name in _ASKING:
            self._count(target)
        match mechanism.name:
            case "all":
                return self._address is not None
            case "ip4" | "ip6":
                return self._is_in(mechanism.network)
            case "include":
                return self.of(target, depth + 1) is Verdict.PASS
            case "a":
                return self._is_one_of(target, mechanism)
            case "mx":
                return self._is_exchange(target, mechanism)
            case "exists":
                return self._address is not None and any(a.version == 4 for a in self._names.addresses(target))
        if self._address is None:
            return False
        raise _Undecided(f"the record of {domain} has {mechanism.name}, which is not tried here")

    def _count(self, target: str) -> None:
        self.lookups += 1
        if self.lookups > LIMIT:
            raise _Broken(f"it needs more than {LIMIT} questions to DNS")
        if "%" in target:
            raise _Undecided(f"the macro in {target} is not expanded here")

    def _is_exchange(self, target: str, mechanism: Mechanism) -> bool:
        if self._address is None:
            return False
        exchanges = self._names.exchanges(target)
        if len(exchanges) > _EXCHANGE_LIMIT:
            raise _Broken(f"{target} has more than {_EXCHANGE_LIMIT} mail exchangers")
        self._note_empty(exchanges, target)
        return any(self._is_near(address, mechanism) for name in exchanges for address in self._names.addresses(name))

    def _is_one_of(self, target: str, mechanism: Mechanism) -> bool:
        if self._address is None:
            return False
        addresses = self._names.addresses(target)
        self._note_empty(addresses, target)
        return any(self._is_near(address, mechanism) for address in addresses)

    def _note_empty(self, answers: list[Address] | list[str], target: str) -> None:
        self._empty += not answers
        if self._empty > _EMPTY_LIMIT:
            raise _Broken(f"more than {_EMPTY_LIMIT} names in it do not exist, the last {target}")

    def _is_near(self, address: Address, mechanism: Mechanism) -> bool:
        prefix = mechanism.prefixes[address.version == 6]
        return self._is_in(ipaddress.ip_network((address, prefix), strict=False))

    def _is_in(self, network: ipaddress.IPv4Network | ipaddress.IPv6Network | None) -> bool:
        return network is not None and self._address is not None and self._address in network


def _mechanism(term: str, verdict: Verdict, name: str, mark: str | None, value: str) -> Mechanism:
    if name in ("ip4", "ip6"):
        return Mechanism(verdict, name, network=_network(term, name, value if mark == ":" else ""))
    if (
        (name == "all" and mark)
        or (name in ("include", "exists") and (mark != ":" or not value))
        or (name == "ptr" and mark == "/")
    ):
        raise ValueError(f"“{term}” is no term of SPF")
    domain, prefixes = _split_prefixes(term, f"{mark or ''}{value}") if name in ("a", "mx") else (value, (32, 128))
    return Mechanism(verdict, name, domain, prefixes=prefixes)


def _network(term: str, name: str, value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError(f"“{term}” names no network") from error
    if network.version != int(name[2]) or ("/" in value and not value.rpartition("/")[2].isdecimal()):
        raise ValueError(f"“{term}” names no network")
    return network


def _split_prefixes(term: str, rest: str) -> tuple[str, tuple[int, int]]:
    """`:domain/24//64` in its parts (5.6), each of them optional."""
    found = re.fullmatch(r"(?::([^/]+))?(?:/(\d{1,2}))?(?://(\d{1,3}))?", rest)
    four, six = (int(found[2] or 32), int(found[3] or 128)) if found else (99, 0)
    if found is None or four > 32 or six > 128:
        raise ValueError(f"“{term}” is no term of SPF")
    return found[1] or "", (four, six)
